import os, sys
os.makedirs("made", exist_ok=True)
with open("made/out.txt", "w") as out:
    out.write(sys.stdin.read().upper())
print(sys.argv[1:], os.environ["GREETING"])
