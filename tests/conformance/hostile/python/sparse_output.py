import os

file = os.open("out.txt", os.O_WRONLY | os.O_CREAT)
for power in range(62, 0, -1):
    try:
        os.ftruncate(file, 1 << power)
        break
    except OSError:
        pass
