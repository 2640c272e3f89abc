add() {
  (for n in 1 2 3 4 5 6 7 8 9 10 11 12; do echo $n; done)
  sleep 5 > /dev/null &
}
