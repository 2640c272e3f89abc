echo done
exit 4
