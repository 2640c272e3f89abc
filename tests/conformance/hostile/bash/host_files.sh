for path in /etc/shadow /root/.bashrc /root/.ssh/id_rsa /home/* /sys/kernel/notes /proc/1/environ /proc/1/root/etc/shadow; do
  [ -r "$path" ] && text=$(head -c 20 "$path" 2>/dev/null | tr -d '\0') && [ -n "$text" ] && echo "LEAK: $path $text"
done
env | grep -E 'KEY|TOKEN|SECRET|KAFKA|BROKER|GRADEFARM' | sed 's/^/LEAK: /'
true
