sleep 600 &
wait
