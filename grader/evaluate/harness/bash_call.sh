# Runs inside the sandbox, once for each call: bash_call.sh SOURCE FUNCTION ARGUMENT... What the program prints while it
# is loaded is no answer and goes to stderr. Errors do not end the shell in a call, as in $(...) of a script.
farm_source=$1
shift
farm_command=("$@")
set --
. "$farm_source" >&2
set +e
"${farm_command[@]}"
