#!/bin/bash
# The first process of the guest of cgroup_v2.sh: mounts what systemd would have mounted, runs each test in a control
# group of its own, as a service would be, and switches the machine off. Lines that start in capitals are the summary.
export PATH=/usr/bin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
ln -s /proc/self/fd /dev/fd
mkdir -p /dev/shm && mount -t tmpfs shm /dev/shm
mount -t tmpfs -o mode=1777 tmp /tmp
groups=/sys/fs/cgroup
mount -t cgroup2 -o nsdelegate,memory_recursiveprot cgroup2 $groups
echo "+memory +pids +cpu" > $groups/cgroup.subtree_control
mkdir $groups/init.scope && echo $$ > $groups/init.scope/cgroup.procs
grep -q emulated=yes /proc/cmdline && export GRADEFARM_TEST_SLOWNESS=15
echo "GUEST date $(cat /date) kernel $(uname -r) cgroup2 with $(cat $groups/cgroup.controllers)"

# Crashes of the host's programs go to a program of the host; those of sandboxed programs must not.
printf '#!/bin/bash\nexport PATH=/usr/bin\ncat > /dev/null\necho x >> /tmp/dumped\n' > /core_helper && chmod 755 /core_helper
echo '|/core_helper' > /proc/sys/kernel/core_pattern
(ulimit -c 0; exec /usr/bin/python3 -c 'import os; os.abort()')
echo "GUEST a crash outside any sandbox: exit code $?"
for _ in $(seq 600); do [ -e /tmp/dumped ] && break; sleep 0.1; done
if [ -e /tmp/dumped ]; then
  echo "ok it reached the program of core_pattern"
else
  echo "FAILED: the program of core_pattern does not run"
fi
rm -f /tmp/dumped

passed=0 failed=0 skipped=0
while read -r program; do
  suite=
  while read -r line; do
    case $line in
      *.) suite=$line; continue ;;
      Running*) continue ;;
    esac
    test=$suite${line%% *}
    group=$groups/test-$((passed + failed + skipped))
    mkdir "$group"
    (echo $BASHPID > "$group/cgroup.procs"; exec "$program" --gtest_filter="$test") > /tmp/out 2>&1 < /dev/null
    code=$?
    if grep -q '\[  SKIPPED \]' /tmp/out; then
      skipped=$((skipped + 1)); echo "SKIPPED $test: $(grep -ao 'SKIPPED: .*' /tmp/out | head -n 1)"
    elif [ $code = 0 ]; then
      passed=$((passed + 1)); echo "ok $test"
    else
      failed=$((failed + 1)); echo "FAILED $test"; tail -n 40 /tmp/out
    fi
    left=$(find "$group" -mindepth 1 -type d -name 'gradefarm-*' ! -name '*-daemon' | wc -l)
    [ "$left" = 0 ] || { failed=$((failed + 1)); echo "FAILED $test: $left groups are left"; }
  done < <("$program" --gtest_list_tests --gtest_filter="$(cat /pattern)")
done < /programs
if [ -e /tmp/dumped ]; then
  failed=$((failed + 1)); echo "FAILED: $(wc -l < /tmp/dumped) crashes of sandboxed programs reached core_pattern"
else
  echo "ok no crash of a sandboxed program reached core_pattern"
fi
echo "GUEST $passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ] && echo "GUEST EXIT 0" || echo "GUEST EXIT 1"
sleep 1
echo o > /proc/sysrq-trigger
sleep 60
