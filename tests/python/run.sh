#!/usr/bin/env bash
# Tests of producer/python in a virtual environment below the build folder: run.sh BUILD_DIR PART
#   lint     mypy --strict and ruff
#   unit     no broker
#   kafka    the embedded broker
#   apache   Apache Kafka, whose folder GRADEFARM_TEST_KAFKA_DIR names
#   install  a clean environment with the package alone, and the first example of its README against `gradefarm up`
#   program  becomes another test's program: run.sh BUILD_DIR program SCRIPT ARGUMENT…
# The environment is made once, by pip, and kept until pyproject.toml changes. Exit status 77, with the reason: PyPI is
# out of reach.
set -euo pipefail
build=$1 part=$2
package=$(cd "$(dirname "$0")/../../producer/python" && pwd)
venv=$build/python-venv
readonly build part package venv

skip() { echo "SKIPPED: $*"; exit 77; }

# make_venv DIR PIP-ARGUMENT…
make_venv() {
  local dir=$1 log=$1.log
  shift
  rm -rf "$dir"
  if ! { python3 -m venv "$dir" && "$dir/bin/pip" install --quiet --disable-pip-version-check "$@"; } >"$log" 2>&1; then
    tail -n 5 "$log"
    rm -rf "$dir"
    grep -qiE 'no module named (venv|ensurepip)|ensurepip is not' "$log" && skip "python3-venv is not installed"
    grep -qiE 'No matching distribution|connection|timed out|resolution|unreachable|Max retries' "$log" &&
      skip "PyPI is out of reach: the tests of producer/python need confluent-kafka and pytest"
    exit 1
  fi
}

# Of a copy: an install leaves folders in the source tree.
copy_to() { mkdir -p "$1" && cp -r "$package/pyproject.toml" "$package/README.md" "$package/src" "$1"; }

exec 9>"$venv.lock"
flock 9
if ! cmp -s "$package/pyproject.toml" "$venv/made-for"; then
  copy=$(mktemp -d)
  trap 'rm -rf "$copy"' EXIT
  copy_to "$copy"
  make_venv "$venv" "${copy}[test]"
  cp "$package/pyproject.toml" "$venv/made-for"
fi
flock -u 9

cd "$package"
# The sources themselves go before what is installed.
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$package/src MYPYPATH=$package/src
pytest=("$venv/bin/python" -m pytest -q -p no:cacheprovider)
case $part in
  lint)
    "$venv/bin/mypy" --strict --cache-dir "$build/python-mypy"
    "$venv/bin/ruff" check --no-cache .
    ;;
  unit) "${pytest[@]}" -m 'not kafka and not e2e' ;;
  kafka) env -u GRADEFARM_TEST_KAFKA_DIR "${pytest[@]}" -m kafka ;;
  apache)
    [[ -e $GRADEFARM_TEST_KAFKA_DIR/bootstrap ]] ||
      skip "kafka_real: $(cat "$GRADEFARM_TEST_KAFKA_DIR/unavailable" 2>/dev/null || echo 'Apache Kafka was not started')"
    "${pytest[@]}" -m kafka
    ;;
  install)
    ((EUID == 0)) || skip "not root: the grader cannot set up its sandboxes here"
    clean=$(mktemp -d)
    trap 'rm -rf "$clean" "${copy:-}"' EXIT
    copy_to "$clean/package"
    make_venv "$clean/venv" "$clean/package"
    env -u PYTHONPATH "$clean/venv/bin/python" "$package/tests/first_example.py" "$build/bin/gradefarm"
    ;;
  program)
    [[ -z ${copy:-} ]] || rm -rf "$copy" # no trap survives this
    shift 2
    exec "$venv/bin/python" "$@" 9>&-
    ;;
  *) echo "unknown part $part" >&2; exit 2 ;;
esac
