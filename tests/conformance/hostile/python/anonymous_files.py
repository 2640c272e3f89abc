import os

held = []
while True:
    file = os.memfd_create("x")
    for _ in range(16):
        os.write(file, bytes(1 << 20))
    held.append(file)
