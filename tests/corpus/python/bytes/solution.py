import sys
sys.stdout.buffer.write(bytes(reversed(sys.stdin.buffer.read())))
