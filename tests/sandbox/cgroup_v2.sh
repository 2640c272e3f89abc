#!/usr/bin/env bash
# Runs the sandbox tests on cgroup v2, in a guest with Debian's kernel under qemu (emulated where there is no /dev/kvm),
# whatever this host mounts. Minutes to an hour; wanted with GRADEFARM_CGROUP_V2=yes or tests/run.sh --label cgroup_v2.
#   usage: tests/sandbox/cgroup_v2.sh [BUILD_DIRECTORY]     exit code 0: all passed, 77: skipped, else failed
#   GRADEFARM_GUEST_TESTS: a pattern of tests (gtest's) instead of all; GRADEFARM_GUEST_LOG: where the summary goes too
# The guest's root is a RAM disk with the test programs, Python, a shell and their libraries; no network, no disk.
set -euo pipefail
cd "$(dirname "$0")/../.."
source deploy/packages.sh

if [[ ${GRADEFARM_CGROUP_V2:-} != yes ]]; then
  echo "SKIPPED: boots a guest, which takes long; set GRADEFARM_CGROUP_V2=yes"
  exit 77
fi
build=$(realpath "${1:-build}")
work=$build/cgroup_v2
root=$work/root
programs=("$build/tests/sandbox/sandbox_test" "$build/tests/sandbox/sandbox_reduced_test")
install_packages qemu-system-x86 cpio
mkdir -p "$work"

# Debian's kernel for virtual machines, unpacked, not installed.
if ! ls "$work"/kernel/boot/vmlinuz-* > /dev/null 2>&1; then
  package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
  (cd "$work" && apt-get download "$package" > /dev/null 2>&1)
  dpkg-deb -x "$work"/"$package"_*.deb "$work/kernel"
fi
kernel=$(ls "$work"/kernel/boot/vmlinuz-* | head -n 1)

# put FILE…: each with the libraries that it needs, at its own path (links as what they point to).
put() {
  local file library
  for file in "$@"; do
    install -D -m "$(stat -L -c %a "$file")" "$file" "$root$file"
    for library in $(ldd "$file" 2> /dev/null | grep -o '/[^ ]*' || true); do
      [[ -e $root$library ]] || install -D -m 755 "$library" "$root$library"
    done
  done
}
rm -rf "$root"
mkdir -p "$root"/{bin,dev,etc,proc,root,sys,tmp,usr/bin,work}
chmod 1777 "$root/tmp"
for link in bin sbin lib lib64; do # as the merged /usr of Debian 12
  mkdir -p "$root/usr/$link"
  rm -rf "${root:?}/$link"
  ln -s "usr/$link" "$root/$link"
done
for command in awk bash cat chmod chown cp cut dash dd echo env false find grep head hostname id kill ln ls mkdir mkfifo mount \
  mv ps python3 readlink rm rmdir sed seq setpriv setsid sh sleep sort stat switch_root tail touch tr true umount uname wc yes; do
  path=$(readlink -f "$(PATH=/usr/sbin:/usr/bin type -P "$command")") # Debian's, not somebody's own
  put "$path"
  [[ -e $root/usr/bin/$command ]] || install -m 755 "$path" "$root/usr/bin/$command"
done
for library in libseccomp.so.2 libgcc_s.so.1; do put "$(readlink -f "/usr/lib/x86_64-linux-gnu/$library")"; done
cp -a /usr/lib/python3 /usr/lib/python3.11 "$root/usr/lib/" 2> /dev/null || cp -a /usr/lib/python3.11 "$root/usr/lib/"
rm -rf "$root"/usr/lib/python3/dist-packages "$root"/usr/lib/python3.11/{test,idlelib,ensurepip,config-3.11-x86_64-linux-gnu}
find "$root/usr/lib/python3.11" -name '*.so' | sed "s|^$root||" | while read -r module; do put "$module"; done
put "${programs[@]}"
install -D -m 755 tests/sandbox/cgroup_v2_guest.sh "$root/guest.sh"
printf '%s\n' "${programs[@]}" > "$root/programs"
printf '%s\n' "${GRADEFARM_GUEST_TESTS:-*}" > "$root/pattern"
printf 'root:x:0:0:root:/root:/bin/sh\n' > "$root/etc/passwd"
date -u '+%F %H:%M UTC' > "$root/date"
# pivot_root(2) does not work on the kernel's first root: the tests run on a copy in a tmpfs.
cat > "$root/init" << 'EOF'
#!/bin/sh
mount -t tmpfs -o size=90%,mode=755 root /root && mkdir /root/copy && cp -a /bin /sbin /lib /lib64 /etc /usr /tmp /work /guest.sh /programs /pattern /date /root/copy/ 2> /dev/null
for top in $(cut -d/ -f2 /programs | sort -u); do [ -e /root/copy/$top ] || cp -a /$top /root/copy/; done
mkdir -p /root/copy/proc /root/copy/sys /root/copy/dev /root/copy/root
mount -t tmpfs -o size=90%,mode=755 root /work && mv /root/copy/* /work/ && exec switch_root /work /guest.sh
echo "GUEST EXIT 99"; sleep 5
EOF
chmod 755 "$root/init"
(cd "$root" && find . -print0 | cpio --null --create --format=newc --quiet) > "$work/initrd"

accelerator=(-accel tcg,thread=multi -cpu max)
emulated=yes
if [[ -w /dev/kvm ]] && grep -qE 'vmx|svm' /proc/cpuinfo; then
  accelerator=(-accel kvm -cpu host)
  emulated=no
fi
echo "guest: $(basename "$kernel"), emulated: $emulated, RAM disk of $(($(stat -c %s "$work/initrd") >> 20)) MiB"
timeout "${GRADEFARM_GUEST_TIMEOUT:-3600}" qemu-system-x86_64 -machine q35 "${accelerator[@]}" -smp 2 -m 4096 \
  -nodefaults -no-user-config -no-reboot -display none -serial stdio -kernel "$kernel" -initrd "$work/initrd" \
  -append "console=ttyS0 quiet panic=-1 no_timer_check emulated=$emulated" < /dev/null | tr -d '\r' | tee "$work/console.log" |
  sed -n '/^GUEST/,$p'
grep -a '^GUEST\|^ok \|^FAILED\|^SKIPPED' "$work/console.log" > "${GRADEFARM_GUEST_LOG:-$work/summary.txt}" || true
code=$(sed -n 's/^GUEST EXIT \([0-9]*\)$/\1/p' "$work/console.log" | tail -n 1)
exit "${code:-98}"
