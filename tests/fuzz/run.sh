#!/usr/bin/env bash
# Runs the fuzzers of the preset `fuzz` from the golden examples and their own corpus: run.sh [BUILD_DIR] [--seconds N]
#   --seconds N   each for N seconds (default: 20,000 inputs each)
# What breaks one is left as BUILD_DIR/fuzz/crash-*: give it to the program as its argument to see it again, and keep it
# as a test under tests/unit.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$PWD/build-fuzz
amount=(-runs=20000)
while (($#)); do
  case $1 in
    --seconds) amount=(-max_total_time="${2:?--seconds needs a number}"); shift ;;
    -h | --help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) build=$(realpath "$1") ;;
  esac
  shift
done
failed=0
mkdir -p "$build/fuzz"
for fuzzer in request value output gateway; do
  corpus=$build/fuzz/$fuzzer
  mkdir -p "$corpus"
  log=$build/fuzz/$fuzzer.log
  if "$build/tests/fuzz/${fuzzer}_fuzzer" "${amount[@]}" -max_len=8192 -timeout=60 -rss_limit_mb=2048 \
    -dict=tests/fuzz/request.dict -artifact_prefix="$build/fuzz/crash-$fuzzer-" "$corpus" \
    schemas/examples/valid schemas/examples/invalid 2> "$log"; then
    echo "$fuzzer: $(grep -E '^(Done|#[0-9]+\s+DONE)' "$log" | tail -n 1)"
  else
    failed=1
    echo "$fuzzer: FAILED"
    tail -n 40 "$log"
  fi
done
exit $failed
