#!/usr/bin/env bash
# Apache Kafka (KRaft) on this machine's loopback interface, for tests and local use; production brings its own cluster.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: kafka.sh COMMAND [--nodes 1|3] [--dir DIR] [--port PORT] [--node N] [--properties FILE]

  download   fetch Apache Kafka from Maven Central into the cache (needs mvn)
  format     write the nodes' configuration and format their storage
  start      download and format where needed, start what does not run, wait until every node answers
  stop       stop the nodes; what they stored stays in DIR
  status     say which nodes answer; exit 0 if all do, 3 if not
  bootstrap  print the address list for clients
  jars       print the folder of Apache Kafka's jars, fetched or not

  --nodes    1 (default), or 3: replication factor 3, min.insync.replicas 2
  --dir      configuration, data, logs and pid files; default ${XDG_STATE_HOME:-~/.local/state}/gradefarm/kafka-<nodes>
  --port     of node 1 (default 19092); node n listens on PORT+n-1, its controller on PORT+100+n-1
  --node     start, stop and status: this node only
  --properties  lines for every node's server.properties, stronger than those of this script

Environment: GRADEFARM_KAFKA_HEAP  heap of one node (default 512m)
             GRADEFARM_KAFKA_CACHE where the jars are kept (default ${XDG_CACHE_HOME:-~/.cache}/gradefarm)
Exit status: 0 done · 1 failed · 2 usage · 3 not running · 77 Java, Maven or Maven Central is missing
TEXT
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here start_patience_s=90 stop_patience_s=20

say() { printf 'kafka.sh: %s\n' "$*" >&2; }
die() { say "$2"; exit "$1"; }

# --- arguments --------------------------------------------------------------------------------------------------------
[[ $# -ge 1 ]] || { usage >&2; exit 2; }
case $1 in -h | --help) usage; exit 0 ;; esac
command=$1 nodes=1 dir='' port=19092 only='' properties=''
shift
while [[ $# -gt 0 ]]; do
  case $1 in -h | --help) usage; exit 0 ;; esac
  [[ $# -ge 2 ]] || die 2 "$1 wants a value (see --help)"
  case $1 in
    --nodes) nodes=$2 ;;
    --dir) dir=$2 ;;
    --port) port=$2 ;;
    --node) only=$2 ;;
    --properties) properties=$2 ;;
    *) die 2 "unknown option $1 (see --help)" ;;
  esac
  shift 2
done
[[ $nodes == 1 || $nodes == 3 ]] || die 2 "--nodes is 1 or 3, not '$nodes'"
[[ $port =~ ^[0-9]{4,5}$ && $port -ge 1024 && $port -le 65400 ]] || die 2 "--port is a number from 1024 to 65400, not '$port'"
[[ -z $only || ($only =~ ^[1-3]$ && $only -le $nodes) ]] || die 2 "--node is 1 to $nodes, not '$only'"
[[ -z $properties || -r $properties ]] || die 2 "--properties: cannot read $properties"
dir=${dir:-${XDG_STATE_HOME:-$HOME/.local/state}/gradefarm/kafka-$nodes}
[[ $dir == /* ]] || dir=$PWD/$dir
readonly command nodes dir port only properties
readonly chosen=${only:-$(seq -s ' ' "$nodes")}

version=$(sed -n 's|.*<kafka.version>\(.*\)</kafka.version>.*|\1|p' "$here/pom.xml")
# Another list of jars, another folder.
pom_digest=$(sha256sum <"$here/pom.xml")
readonly version pom_digest
readonly jars=${GRADEFARM_KAFKA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gradefarm}/kafka-$version-${pom_digest:0:8}

client_port() { echo $((port + $1 - 1)); }
controller_port() { echo $((port + 100 + $1 - 1)); }
bootstrap() {
  local n list=''
  for n in $(seq "$nodes"); do list+=,127.0.0.1:$(client_port "$n"); done
  echo "${list:1}"
}

# --- download ---------------------------------------------------------------------------------------------------------
require_java() {
  command -v java >/dev/null || die 77 "java is missing; on Debian: apt-get install openjdk-17-jre-headless"
  local major
  major=$(java -version 2>&1 | sed -n '1s/.*version "\([0-9]*\).*/\1/p')
  [[ ${major:-0} -ge 17 ]] || die 77 "java $major is too old: Apache Kafka $version needs 17 or newer"
}

download() {
  [[ -e $jars/complete ]] && return
  command -v mvn >/dev/null || die 77 "mvn is missing; on Debian: apt-get install maven"
  say "fetching Apache Kafka $version from Maven Central to $jars"
  mkdir -p "$(dirname "$jars")"
  local part
  part=$(mktemp -d "$jars.XXXXXX")
  if ! mvn -B -q -U -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
      -DoutputDirectory="$part" >"$part/mvn.log" 2>&1; then
    grep -m 3 ERROR "$part/mvn.log" >&2 || true
    rm -rf "$part"
    die 77 "cannot fetch Apache Kafka $version: is Maven Central (or the mirror in ~/.m2/settings.xml) reachable?"
  fi
  rm -f "$part/mvn.log"
  touch "$part/complete"
  chmod 755 "$part"
  # Another download may have been faster; both are the same.
  mv -T "$part" "$jars" 2>/dev/null || rm -rf "$part"
  [[ -e $jars/complete ]] || die 1 "$jars is in the way: it is there but not complete; remove it"
}

# --- format -----------------------------------------------------------------------------------------------------------
write_configuration() {
  local n=$1 replicas=$nodes in_sync=1 voters='' v
  [[ $nodes == 3 ]] && in_sync=2
  for v in $(seq "$nodes"); do voters+=,$v@127.0.0.1:$(controller_port "$v"); done
  cat >"$dir/node-$n/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=$n
controller.quorum.voters=${voters:1}
listeners=PLAINTEXT://127.0.0.1:$(client_port "$n"),CONTROLLER://127.0.0.1:$(controller_port "$n")
advertised.listeners=PLAINTEXT://127.0.0.1:$(client_port "$n")
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=$dir/node-$n/data
default.replication.factor=$replicas
min.insync.replicas=$in_sync
offsets.topic.replication.factor=$replicas
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=$replicas
transaction.state.log.min.isr=$in_sync
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=$replicas
share.coordinator.state.topic.min.isr=$in_sync
share.coordinator.state.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
# A mistyped topic is to be an error, not a new topic.
auto.create.topics.enable=false
num.partitions=16
message.max.bytes=2097152
log.retention.ms=3600000
log.retention.bytes=1073741824
log.segment.bytes=67108864
log.cleaner.dedupe.buffer.size=33554432
num.network.threads=2
num.io.threads=4
num.replica.fetchers=1
PROPERTIES
  # Of a key that comes twice the last one counts.
  [[ -z $properties ]] || cat "$properties" >>"$dir/node-$n/server.properties"
}

format() {
  require_java
  download
  mkdir -p "$dir"
  local made_for
  made_for=$(cat "$dir/nodes" 2>/dev/null || echo "$nodes")
  [[ $made_for == "$nodes" ]] || die 1 "$dir was formatted for --nodes $made_for; remove it or choose another --dir"
  echo "$nodes" >"$dir/nodes"
  # 16 random bytes in URL-safe base64 without padding; a leading '-' would read as an option.
  [[ -s $dir/cluster-id ]] || echo "g$(head -c 15 /dev/urandom | base64 | tr '+/' '-_')A" >"$dir/cluster-id"
  local n
  for n in $(seq "$nodes"); do
    mkdir -p "$dir/node-$n/log"
    write_configuration "$n"
    [[ -e $dir/node-$n/data/meta.properties ]] && continue
    java -Xmx128m -XX:TieredStopAtLevel=1 -Dlog4j2.level=warn -cp "$jars/*" kafka.tools.StorageTool format \
      --cluster-id "$(cat "$dir/cluster-id")" --config "$dir/node-$n/server.properties" \
      >"$dir/node-$n/log/format.log" 2>&1 ||
      { tail -n 5 "$dir/node-$n/log/format.log" >&2; die 1 "cannot format node $n; see $dir/node-$n/log/format.log"; }
  done
}

# --- start, stop, status ----------------------------------------------------------------------------------------------
# The pid of node $1 if it runs: its command line must name the node's own configuration, since pids are reused.
pid_of() {
  local pid
  pid=$(cat "$dir/node-$1/pid" 2>/dev/null) || return 1
  [[ -r /proc/$pid/cmdline ]] || return 1
  tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF "$dir/node-$1/server.properties" || return 1
  echo "$pid"
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Sends an ApiVersions request (version 0, no client id) to node $1 and wants the answer's correlation id, 1, back.
# shellcheck disable=SC2016
answers() {
  pid_of "$1" >/dev/null || return 1
  grep -q 'Kafka Server started' "$dir/node-$1/log/server.log" 2>/dev/null || return 1
  [[ $(timeout 2 bash -c '
    exec 3<>"/dev/tcp/127.0.0.1/$0" || exit
    printf "\0\0\0\x0a\0\x12\0\0\0\0\0\x01\xff\xff" >&3
    head -c 8 <&3 | tail -c 4 | od -An -tx1' "$(client_port "$1")" 2>/dev/null) == ' 00 00 00 01' ]]
}

launch() {
  local n=$1 p
  pid_of "$n" >/dev/null && return
  for p in $(client_port "$n") $(controller_port "$n"); do
    if listens "$p"; then die 1 "port $p is in use by another program; choose others with --port"; fi
  done
  mv -f "$dir/node-$n/log/server.log" "$dir/node-$n/log/server.log.before" 2>/dev/null || true
  setsid java -Xms128m "-Xmx${GRADEFARM_KAFKA_HEAP:-512m}" -XX:+UseSerialGC -XX:MaxMetaspaceSize=128m \
    -XX:+ExitOnOutOfMemoryError -Dkafka.logs.dir="$dir/node-$n/log" -Dlog4j2.configurationFile="$here/log4j2.xml" \
    -cp "$jars/*" kafka.Kafka "$dir/node-$n/server.properties" \
    >"$dir/node-$n/log/console.log" 2>&1 </dev/null 9>&- &
  echo $! >"$dir/node-$n/pid"
  disown
}

start() {
  format
  local n deadline=$((SECONDS + start_patience_s))
  for n in $chosen; do launch "$n"; done
  for n in $chosen; do
    until answers "$n"; do
      # Not pid_of: what was launched a moment ago may not have executed Java yet.
      if [[ ! -d /proc/$(cat "$dir/node-$n/pid") ]]; then
        tail -n 5 "$dir/node-$n/log/console.log" >&2
        grep -E ' (ERROR|FATAL) ' "$dir/node-$n/log/server.log" 2>/dev/null | tail -n 3 >&2 || true
        die 1 "node $n ended while starting; see $dir/node-$n/log"
      fi
      [[ $SECONDS -lt $deadline ]] || die 1 "node $n does not answer after $start_patience_s s; see $dir/node-$n/log"
      sleep 0.1
    done
  done
  bootstrap
}

stop() {
  local n pid deadline=$((SECONDS + stop_patience_s))
  for n in $chosen; do
    if pid=$(pid_of "$n"); then kill -TERM "$pid" 2>/dev/null || true; fi
  done
  for n in $chosen; do
    while pid=$(pid_of "$n"); do
      if [[ $SECONDS -ge $deadline ]]; then
        say "node $n does not stop by itself; killing it"
        kill -KILL "$pid" 2>/dev/null || true
      fi
      sleep 0.1
    done
    rm -f "$dir/node-$n/pid"
  done
}

status() {
  local n code=0
  for n in $chosen; do
    if answers "$n"; then
      echo "node $n: 127.0.0.1:$(client_port "$n") answers, pid $(pid_of "$n")"
    else
      echo "node $n: 127.0.0.1:$(client_port "$n") does not answer"
      code=3
    fi
  done
  return $code
}

# One change at a time in a directory; the nodes themselves do not keep the lock (9>&- above).
lock() {
  mkdir -p "$dir"
  exec 9>"$dir/lock"
  flock 9
}

case $command in
  download) download ;;
  format) lock; format ;;
  start) lock; start ;;
  stop) [[ ! -d $dir ]] || { lock; stop; } ;;
  status) status ;;
  bootstrap) bootstrap ;;
  jars) echo "$jars" ;;
  *) die 2 "unknown command '$command' (see --help)" ;;
esac
