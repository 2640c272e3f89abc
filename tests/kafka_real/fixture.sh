#!/usr/bin/env bash
# The Apache Kafka that the tests of label kafka_real share: fixture.sh start|stop NODES DIR PORT
# `start` leaves the address list in DIR/bootstrap; where Kafka cannot be had, the reason in DIR/unavailable, and 77.
set -euo pipefail
action=$1 nodes=$2 dir=$3 port=$4
kafka=$(cd "$(dirname "$0")/../.." && pwd)/deploy/kafka/kafka.sh
readonly action nodes dir port kafka

case $action in
  start)
    mkdir -p "$dir"
    rm -f "$dir/bootstrap" "$dir/unavailable"
    code=0
    "$kafka" start --nodes "$nodes" --dir "$dir" --port "$port" >"$dir/bootstrap.part" 2>"$dir/start.log" || code=$?
    cat "$dir/start.log" >&2
    case $code in
      0) mv "$dir/bootstrap.part" "$dir/bootstrap" ;;
      77)
        tail -n 1 "$dir/start.log" >"$dir/unavailable"
        echo "SKIPPED: kafka_real: $(cat "$dir/unavailable")"
        ;;
    esac
    exit "$code"
    ;;
  stop)
    rm -f "$dir/bootstrap"
    exec "$kafka" stop --nodes "$nodes" --dir "$dir" --port "$port"
    ;;
  *) exit 2 ;;
esac
