# Runs inside the sandbox: lets the trusted tests run in a process of their own, and vouches on descriptor 4 that they
# ended well. No line of the submission is ever run by this shell or by theirs: each call of one of its functions starts
# bash_call.sh. So nothing that a shell can be told (exit, traps, functions, aliases, options) reaches the tests.
#
# Descriptor 3 holds one line with the completion token. The answer is "passed TOKEN", "assertion" or "exception"; only
# the first can be accepted. A submission that is written against this file can find the token in the memory of this
# process, which has its uid: that is what the label `sentinel` says.
IFS= read -r token <&3
exec 3<&-
/bin/bash .farm/bash_tests.sh 4>&-
status=$?
case $status in
  0) printf 'passed %s' "$token" >&4 ;;
  1) printf assertion >&4 ;;
  *) printf exception >&4 ;;
esac
exit "$status"
