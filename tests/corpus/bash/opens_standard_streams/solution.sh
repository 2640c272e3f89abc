set -e
read -r a b < /dev/stdin
echo "adding" > /dev/stderr
echo $((a + b)) > /dev/stdout
echo again | tee /dev/stderr
