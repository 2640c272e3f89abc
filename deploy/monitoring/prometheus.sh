#!/usr/bin/env bash
# Debian's Prometheus with our configuration, on this machine's loopback interface, for a look at a local farm.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: prometheus.sh COMMAND [--target HOST:PORT]… [--dir DIR] [--port PORT] [--interval TIME]

  start    write the configuration, start Prometheus if it does not run, wait until it answers, print its address
  stop     stop it; what it stored stays in DIR
  status   say whether it answers, and what it thinks of each grader; exit 0 if it answers, 3 if not

  --target    metrics port of a grader; may be repeated (default 127.0.0.1:9464). A later `start` with others changes
              them in the Prometheus that runs
  --dir       configuration, data, log and pid file; default ${XDG_STATE_HOME:-~/.local/state}/gradefarm/prometheus
  --port      of Prometheus itself on 127.0.0.1 (default 9490; 9090 is that of Debian's service, which we leave alone)
  --interval  between two scrapes and two evaluations of the rules (default: as prometheus.yml says)

Exit status: 0 done · 1 failed · 2 usage · 3 not running · 77 Prometheus is missing (Debian: package prometheus)
TEXT
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here patience_s=60

say() { printf 'prometheus.sh: %s\n' "$*" >&2; }
die() { say "$2"; exit "$1"; }

[[ $# -ge 1 ]] || { usage >&2; exit 2; }
case $1 in -h | --help) usage; exit 0 ;; esac
command=$1 dir='' port=9490 interval='' targets=()
shift
while [[ $# -gt 0 ]]; do
  case $1 in -h | --help) usage; exit 0 ;; esac
  [[ $# -ge 2 ]] || die 2 "$1 wants a value (see --help)"
  case $1 in
    --target) targets+=("$2") ;;
    --dir) dir=$2 ;;
    --port) port=$2 ;;
    --interval) interval=$2 ;;
    *) die 2 "unknown option $1 (see --help)" ;;
  esac
  shift 2
done
[[ $port =~ ^[0-9]{4,5}$ && $port -ge 1024 && $port -le 65535 ]] || die 2 "--port is a number from 1024 to 65535, not '$port'"
[[ -z $interval || $interval =~ ^[1-9][0-9]*(ms|s|m)$ ]] || die 2 "--interval is a time such as 15s, not '$interval'"
((${#targets[@]})) || targets=(127.0.0.1:9464)
for target in "${targets[@]}"; do
  [[ $target =~ ^[][a-zA-Z0-9.:-]+:[0-9]+$ ]] || die 2 "--target is HOST:PORT, not '$target'"
done
dir=${dir:-${XDG_STATE_HOME:-$HOME/.local/state}/gradefarm/prometheus}
[[ $dir == /* ]] || dir=$PWD/$dir
readonly command dir port interval targets
readonly url=http://127.0.0.1:$port

# The pid of our Prometheus if it runs: its command line must name our configuration, since pids are reused.
pid_of() {
  local pid
  pid=$(cat "$dir/pid" 2>/dev/null) || return 1
  [[ -r /proc/$pid/cmdline ]] || return 1
  tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF -- "--config.file=$dir/prometheus.yml" || return 1
  echo "$pid"
}

# get PATH: the body of an answer 200 of Prometheus.
get() {
  python3 -c 'import sys, urllib.request
try: sys.stdout.write(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())
except OSError: sys.exit(1)' "$url$1"
}

# The folder that prometheus.yml asks for. Files are moved into place, as Prometheus may be reading them.
configure() {
  mkdir -p "$dir/rules" "$dir/targets"
  cp "$here"/../../monitoring/alerts/*.rules.yml "$dir/rules/"
  local change=()
  if [[ -n $interval ]]; then
    change=(-e "s/^\(  scrape_interval\|  scrape_timeout\|  evaluation_interval\): .*/\1: $interval/")
  fi
  sed -e '' "${change[@]}" "$here/prometheus.yml" >"$dir/prometheus.yml.new"
  mv "$dir/prometheus.yml.new" "$dir/prometheus.yml"
  local list
  printf -v list ', "%s"' "${targets[@]}"
  echo "[{\"targets\": [${list:2}]}]" >"$dir/targets/graders.json.new"
  mv "$dir/targets/graders.json.new" "$dir/targets/graders.json"
}

start() {
  command -v prometheus >/dev/null || die 77 "prometheus is missing; on Debian: apt-get install prometheus"
  configure
  local pid deadline=$((SECONDS + patience_s))
  if pid=$(pid_of); then
    kill -HUP "$pid" # reads configuration and rules again
  else
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      die 1 "port $port is in use by another program; choose another with --port"
    fi
    setsid prometheus --config.file="$dir/prometheus.yml" --storage.tsdb.path="$dir/data" \
      --web.listen-address="127.0.0.1:$port" --log.level=warn >"$dir/log" 2>&1 </dev/null &
    echo $! >"$dir/pid"
    disown
  fi
  until get /-/ready >/dev/null; do
    pid_of >/dev/null || { tail -n 5 "$dir/log" >&2; die 1 "Prometheus ended while starting; see $dir/log"; }
    [[ $SECONDS -lt $deadline ]] || die 1 "Prometheus does not answer after $patience_s s; see $dir/log"
    sleep 0.2
  done
  echo "$url"
}

stop() {
  local pid deadline=$((SECONDS + patience_s))
  if pid=$(pid_of); then kill -TERM "$pid" 2>/dev/null || true; fi
  while pid=$(pid_of); do
    if [[ $SECONDS -ge $deadline ]]; then
      say "it does not stop by itself; killing it"
      kill -KILL "$pid" 2>/dev/null || true
    fi
    sleep 0.1
  done
  rm -f "$dir/pid"
}

status() {
  if ! pid_of >/dev/null || ! get /-/ready >/dev/null; then
    echo "Prometheus does not answer"
    return 3
  fi
  echo "Prometheus answers at $url"
  get /api/v1/targets | python3 -c 'import json, sys
for target in json.load(sys.stdin)["data"]["activeTargets"]:
    print("grader", target["labels"]["instance"], target["health"], target["lastError"])'
}

case $command in
  start) start ;;
  stop) stop ;;
  status) status ;;
  *) die 2 "unknown command '$command' (see --help)" ;;
esac
