sort -n | uniq -c | awk '{print $2 ": " $1}'
