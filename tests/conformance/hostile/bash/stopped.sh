kill -STOP $PPID $$
