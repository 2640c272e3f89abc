import sys
print("thinking about it", file=sys.stderr)
print(int(input()) ** 2)
