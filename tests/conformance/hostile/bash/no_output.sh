read -r _
exit 0
