head -c 200000000 /dev/zero > big 2> /dev/null || echo full
