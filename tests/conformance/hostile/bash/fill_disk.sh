head -c 10G /dev/zero > fill
head -c 10G /dev/zero > /tmp/fill
echo done
