# What it opens are its own streams; nothing is to be had there.
exec 7< /dev/stdout && cat <&7 &
for descriptor in 3 4 5 6; do
  { printf '3\n' > "/proc/self/fd/$descriptor"; } 2> /dev/null
done
echo 0 > /dev/stdout
add() {
  echo 0 > /dev/stderr
}
