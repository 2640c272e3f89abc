#!/usr/bin/env bash
# Installs what the tests need, builds, and runs every test that this machine can run. Ends with ctest's summary.
#   --strict       a label that was skipped whole is a failure (also with CI=true)
#   --label NAME   only tests of this label, without lint and sanitizers; may be repeated
#   --no-install   do not install packages
set -uo pipefail
cd "$(dirname "$0")/.."
source deploy/packages.sh

expected_labels=(unit sandbox kafka kafka_real corpus e2e)
strict=no
install=yes
labels=()
[[ ${CI:-} == true ]] && strict=yes
while (($#)); do
  case $1 in
    --strict) strict=yes ;;
    --no-install) install=no ;;
    --label) labels+=("${2:?--label needs a name}"); shift ;;
    -h | --help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "unknown option: $1 (try --help)" >&2; exit 2 ;;
  esac
  shift
done

[[ " ${labels[*]} " == *" cgroup_v2 "* ]] && export GRADEFARM_CGROUP_V2=yes # else skipped: it takes long

failures=()
durations=()
# step TITLE COMMAND…: runs the command, records how long it took and whether it failed.
step() {
  local title=$1 begin=$SECONDS
  shift
  printf '\n== %s\n' "$title"
  if "$@"; then
    durations+=("$((SECONDS - begin)) s  $title")
  else
    durations+=("$((SECONDS - begin)) s  $title: FAILED")
    failures+=("$title")
    return 1
  fi
}

jobs=$(nproc)
# One compiler cache serves every clone on a machine.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

# build PRESET DIR TARGET…
build() {
  local preset=$1 dir=$2
  shift 2
  cmake --preset "$preset" > "$dir.log" 2>&1 || { tail -n 20 "$dir.log"; rm -f "$dir.log"; return 1; }
  rm -f "$dir.log"
  cmake --build "$dir" --parallel "$jobs" --target "$@"
}

# The corpus is other people's code, as it were.
format() { git ls-files -z -- '*.cc' '*.h' ':!tests/corpus' | xargs -0 clang-format-14 --dry-run --Werror; }

# ThreadSanitizer of g++ 12 cannot place its shadow where mmap is randomised by 32 bits: hence setarch -R.
sanitized() {
  local preset=$1 label=$2
  build "$preset" "build-$preset" "tests-$label" &&
    setarch "$(uname -m)" -R ctest --test-dir "build-$preset" -L "^$label\$" -LE sandbox --output-on-failure \
      --no-tests=error --parallel "$jobs"
}

fuzz() { build fuzz build-fuzz fuzzers && tests/fuzz/run.sh build-fuzz; }

# Most tests wait more than they compute, so one more than there are cores run at a time. A test that fails is run once
# more, so that a hiccup of a busy machine does not cost a whole run; it is named below as a second try all the same.
main_tests() {
  local select=()
  ((${#labels[@]})) && select=(-L "^($(IFS='|' && echo "${labels[*]}"))\$")
  rm -f build/ctest.xml
  ctest --test-dir build "${select[@]}" --output-on-failure --no-tests=error --output-junit ctest.xml \
    --parallel "$((jobs + 1))" --repeat until-pass:2 2>&1 | tee build/ctest.log
  return "${PIPESTATUS[0]}"
}

# The tests that failed once and not twice.
second_tries() {
  sed -nE 's/.*Test +#[0-9]+: (.*[^ .]) \.*\*\*\*(Failed|Timeout|Exception).*/\1/p' build/ctest.log | sort | uniq -u
}

skips() {
  ctest --test-dir build --show-only=json-v1 > build/ctest.json &&
    python3 tests/report_skips.py build/ctest.json build/ctest.xml "${labels[@]:-${expected_labels[@]}}" \
      $([[ $strict == yes ]] && echo --strict)
}

if [[ $install == yes ]]; then
  step "packages" install_packages "${farm_packages[@]}" "${farm_test_packages[@]}" || exit 1
fi
step "build" build dev build all || exit 1
if ((${#labels[@]} == 0)); then
  step "clang-format" format
  step "clang-tidy" python3 tests/tidy.py
  step "unit tests under AddressSanitizer and UBSan" sanitized asan unit
  step "queue and pool tests under ThreadSanitizer" sanitized tsan concurrency
  step "fuzzers, a short run" fuzz
fi
step "tests" main_tests
step "skipped tests" skips

printf '\n== durations\n'
printf '%s\n' "${durations[@]}"
if ((${#failures[@]})); then
  printf 'FAILED: %s\n' "${failures[@]}"
fi
tries=$(second_tries)
[[ -z $tries ]] || printf 'PASSED AT THE SECOND TRY ONLY (a bug of the test or of the farm):\n%s\n' "$tries"
printf '\n== summary of the tests\n'
sed -n '/% tests passed/,$p' build/ctest.log
((${#failures[@]} == 0))
