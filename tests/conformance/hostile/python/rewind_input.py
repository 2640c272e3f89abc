import os

text = os.read(0, 1 << 16)
try:
    os.lseek(0, 0, os.SEEK_SET)
    text += os.read(0, 1 << 16)
except OSError:
    pass
try:
    text += open("/proc/self/fd/0", "rb").read()
except OSError:
    pass
print(text.split()[-1].decode())
