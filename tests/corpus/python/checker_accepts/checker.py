# Any two factors will do: argv holds the paths of the input, the expected and the actual output.
import sys
n = int(open(sys.argv[1]).read())
try:
    a, b = map(int, open(sys.argv[3]).read().split())
except ValueError:
    sys.exit(1)
sys.exit(0 if a * b == n and 1 < a < n else 1)
