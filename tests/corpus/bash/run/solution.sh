printf '%s|' "$@"
cat
echo "$GREETING" > greeting
