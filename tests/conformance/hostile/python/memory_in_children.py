import os
import time

for _ in range(24):
    if os.fork() == 0:
        held = b"x" * (16 << 20)
        time.sleep(30)
time.sleep(30)
