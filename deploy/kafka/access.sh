#!/usr/bin/env bash
# Who may ask the farm, and how much: access lists and quotas, on any cluster with an authorizer. Users it has.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: access.sh COMMAND --brokers HOST:PORT,... [--command-config FILE] [--dry-run] ...

  grader NAME                        the user may be a grader: read requests, publish answers, create topics of the farm
  trainer NAME REPLIES [--bytes-per-second N]
                                     the user may ask: publish requests, cancels and blobs, and read the answers to the
                                     trainer REPLIES, of nobody else. REPLIES* stands for all that begin so. With
                                     N it publishes no more than that to each broker

  --command-config  properties of an administrator's client (see Kafka's own tools)
  --dry-run         say what would be done

Kafka's tools are those on the PATH (kafka-acls.sh or kafka-acls), else the ones that kafka.sh has fetched.
Exit status: 0 done · 1 failed · 2 usage
TEXT
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here

die() { printf 'access.sh: %s\n' "$2" >&2; exit "$1"; }

# --- arguments --------------------------------------------------------------------------------------------------------
[[ $# -ge 1 ]] || { usage >&2; exit 2; }
names=() brokers='' command_config='' bytes_per_second='' dry_run=no
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --dry-run) dry_run=yes; shift; continue ;;
    --*) [[ $# -ge 2 ]] || die 2 "$1 wants a value (see --help)" ;;&
    --brokers) brokers=$2 ;;
    --command-config) command_config=$2 ;;
    --bytes-per-second) bytes_per_second=$2 ;;
    --*) die 2 "unknown option $1 (see --help)" ;;
    *) names+=("$1"); shift; continue ;;
  esac
  shift 2
done
command=${names[0]:-} user=${names[1]:-} trainer=${names[2]:-}
case $command:${#names[@]} in
  grader:2) ;;
  trainer:3) ;;
  grader:* | trainer:*) die 2 "$command: wrong number of names (see --help)" ;;
  *) die 2 "unknown command '$command' (see --help)" ;;
esac
[[ -n $brokers ]] || die 2 "--brokers is missing"
[[ $user =~ ^[a-zA-Z0-9._-]+$ ]] || die 2 "'$user' is no user: letters, digits, '.', '_', '-'"
[[ -z $trainer || $trainer =~ ^[a-zA-Z0-9._-]+\*?$ ]] || die 2 "'$trainer' is no trainer: letters, digits, '.', '_', '-'"
[[ -z $command_config || -r $command_config ]] || die 2 "--command-config: cannot read $command_config"
[[ -z $bytes_per_second || $bytes_per_second =~ ^[1-9][0-9]*$ ]] || die 2 "--bytes-per-second is a whole number, not '$bytes_per_second'"

# --- Kafka's tools ----------------------------------------------------------------------------------------------------
# tool NAME CLASS ARGUMENT…
tool() {
  local name=$1 class=$2 words path jars
  shift 2
  words=(--bootstrap-server "$brokers" ${command_config:+--command-config "$command_config"} "$@")
  if [[ $dry_run == yes ]]; then
    printf '%s.sh' "$name"
    printf ' %q' "${words[@]}"
    printf '\n'
    return
  fi
  for path in "$name.sh" "$name"; do
    if command -v "$path" >/dev/null; then "$path" "${words[@]}"; return; fi
  done
  jars=$("$here/kafka.sh" jars)
  [[ -e $jars/complete ]] || die 1 "$name.sh is not on the PATH, and kafka.sh download has not been run"
  java -Xmx128m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dlog4j2.level=warn -cp "$jars/*" "$class" "${words[@]}"
}

# allow RESOURCE NAME literal|prefixed OPERATION…
allow() {
  local resource=$1 name=$2 pattern=$3 operation words=()
  shift 3
  for operation in "$@"; do words+=(--operation "$operation"); done
  tool kafka-acls org.apache.kafka.tools.AclCommand --add --allow-principal "User:$user" "${words[@]}" \
    "--$resource" "$name" --resource-pattern-type "$pattern"
}

case $command in
  grader)
    # All topics of the farm are the graders': they read requests, cancels and blobs, and publish everything else.
    allow topic grading. prefixed Read Write Create
    # Consumer groups: one for each lane of a pool.
    allow group gradefarm- prefixed Read
    ;;
  trainer)
    # Not to read: other trainers' requests hold their hidden tests.
    allow topic grading.requests. prefixed Write
    allow topic grading.cancels literal Write
    # Only blobs whose place is named in a request are looked for; they are as secret as requests are.
    allow topic grading.blobs literal Write
    # Not to write: who may publish there may grade. Created by the client where it is missing.
    if [[ $trainer == *'*' ]]; then
      allow topic "grading.replies.${trainer%'*'}" prefixed Read Create
    else
      allow topic "grading.replies.$trainer" literal Read Create
    fi
    [[ -z $bytes_per_second ]] ||
      tool kafka-configs kafka.admin.ConfigCommand --alter --entity-type users --entity-name "$user" \
        --add-config "producer_byte_rate=$bytes_per_second"
    ;;
esac
