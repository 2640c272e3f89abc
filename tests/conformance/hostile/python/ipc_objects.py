import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for name, create in (("shm", lambda: libc.shmget(4711, 4096, 0o1666)), ("sem", lambda: libc.semget(4711, 1, 0o1666)),
                     ("msg", lambda: libc.msgget(4711, 0o1666))):
    if create() >= 0 and libc[f"{name}get"](4711, 0, 0) >= 0 and os.path.exists("/tmp/been-here"):
        print("LEAK:", name, "of the last run")
if os.path.exists("/dev/shm/been-here") or os.path.exists("/tmp/been-here"):
    print("LEAK: a file of the last run")
for folder in ("/dev/shm", "/tmp", "."):
    open(os.path.join(folder, "been-here"), "w").close()
try:
    queue = libc.mq_open(b"/been-here", os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600, None)
    if queue < 0 and ctypes.get_errno() == 17:
        print("LEAK: a message queue of the last run")
except AttributeError:
    pass
