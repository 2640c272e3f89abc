import os, time
if os.fork() == 0:
    os.setsid()
    time.sleep(60)
print("done")
