import os
hoard = bytearray(40 << 20)
for _ in range(4):
    if os.fork() == 0:
        mine = bytearray(b"x") * (40 << 20)
        os.read(0, 1 << 20)
        os._exit(0)
for _ in range(4):
    os.wait()
print(len(hoard))
