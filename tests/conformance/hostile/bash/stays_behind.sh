setsid sh -c 'trap "" TERM HUP INT; while :; do sleep 1; done' &
disown
echo done
