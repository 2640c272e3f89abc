import sys
print("half way")
sys.exit(7)
