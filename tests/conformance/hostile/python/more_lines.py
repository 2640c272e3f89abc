import sys

print(sys.stdin.read() + "more\nand more")
