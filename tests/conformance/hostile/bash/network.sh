for target in 1.1.1.1/80 169.254.169.254/80 127.0.0.1/22 127.0.0.1/9092 127.0.0.1/9464; do
  (exec 5<>"/dev/tcp/$target") 2>/dev/null && echo "LEAK: $target"
done
true
