text=0123456789
while :; do text=$text$text; done
