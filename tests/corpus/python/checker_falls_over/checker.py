import os, sys
try:
    a, b = map(int, open(sys.argv[3]).read().split())
except ValueError:
    os.abort()
sys.exit(0 if a * b == int(open(sys.argv[1]).read()) else 1)
