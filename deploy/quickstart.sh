#!/usr/bin/env bash
# From a clean clone on Debian 12 to the first verdicts: installs packages, builds, starts an embedded broker, a grader
# and an HTTP gateway, grades the corpus, prints the verdict table, and asks once by HTTP. Exits 0 iff every verdict is
# as expected.
#   --keep         leave the farm running afterwards, and say where it is and how to stop it
#   --port N       where the metrics are served on 127.0.0.1 (default 9464)
#   --http-port N  where HTTP clients are answered on 127.0.0.1 (default 8080)
set -euo pipefail
cd "$(dirname "$0")/.."
source deploy/packages.sh

keep=no
metrics_port=9464
http_port=8080
while (($#)); do
  case $1 in
    --keep) keep=yes ;;
    --port) metrics_port=${2:?--port needs a number}; shift ;;
    --http-port) http_port=${2:?--http-port needs a number}; shift ;;
    -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "unknown option: $1 (try --help)" >&2; exit 2 ;;
  esac
  shift
done

say() { printf '\n== %s\n' "$*"; }

say "1/4 packages"
install_packages "${farm_packages[@]}" || exit 1
echo "all there"

say "2/4 build (build/bin/gradefarm, gradefarm-grader, gradefarm-gateway)"
configure=(cmake --preset dev)
[[ -e build/CMakeCache.txt ]] || configure+=(-DFARM_TESTS=OFF) # tests/run.sh turns it on in the same folder
"${configure[@]}" > build-quickstart.log 2>&1 || { tail -n 20 build-quickstart.log; exit 1; }
rm -f build-quickstart.log
cmake --build build --target gradefarm gradefarm-grader gradefarm-gateway

if ((EUID != 0)); then
  echo >&2
  echo "The grader sets up namespaces, cgroups and uids for its sandboxes, which needs root: sudo $0" >&2
  exit 1
fi

say "3/4 start an embedded broker, a grader and an HTTP gateway"
log=build/quickstart.log
build/bin/gradefarm up --metrics "127.0.0.1:$metrics_port" --http "127.0.0.1:$http_port" > "$log" 2>&1 &
farm=$!
stop() { kill -TERM "$farm" 2> /dev/null && wait "$farm" 2> /dev/null || true; }
trap stop EXIT
bootstrap=
for _ in {1..600}; do
  bootstrap=$(sed -n 's/^bootstrap *//p' "$log")
  [[ -n $bootstrap ]] && break
  kill -0 "$farm" 2> /dev/null || { cat "$log" >&2; echo "gradefarm up did not start" >&2; exit 1; }
  sleep 0.1
done
[[ -n $bootstrap ]] || { cat "$log" >&2; echo "gradefarm up printed no address within a minute" >&2; exit 1; }
echo "broker $bootstrap (embedded: for trying out, not for production), log $log"

say "4/4 grade the corpus: $(find tests/corpus -name request.json | wc -l) programs"
# What `up` says of how to submit: large requests go through a directory that it shares with us.
blob_dir=$(sed -n 's/^submit .*--blob-dir \([^ ]*\).*/\1/p' "$log")
code=0
GRADEFARM_BROKER_KIND=embedded GRADEFARM_BLOB_DIR=$blob_dir \
  python3 tests/corpus/run_corpus.py --brokers "$bootstrap" || code=$?

http=http://127.0.0.1:$http_port/run_code
program='{"language": "python", "code": "print(6 * 7)"}'
printf '\nThe same farm by HTTP, as verl and SandboxFusion'"'"'s SDK ask:\n  curl -s %s -d '"'%s'"'\n' "$http" "$program"
answer=$(python3 -c 'import sys, urllib.request as u; print(u.urlopen(sys.argv[1], sys.argv[2].encode(), 60).read().decode())' \
  "$http" "$program") || answer="no answer"
echo "$answer"
[[ $answer == *'"stdout":"42\n"'* ]] || code=1

cat << END

Every case above is a folder in tests/corpus: a program, what is asked, what is expected.
To grade your own:  build/bin/gradefarm grade requests.jsonl --embedded     (schemas/README.md has the format)
HTTP clients:  http://127.0.0.1:$http_port   (producer/gateway/README.md)
Metrics while it runs:  http://127.0.0.1:$metrics_port/metrics   (/healthz, /readyz; monitoring/METRICS.md)
END
if [[ $keep == yes ]]; then
  trap - EXIT
  disown "$farm"
  echo "Still running: gradefarm up, pid $farm. Stop it with: kill $farm"
fi
exit "$code"
