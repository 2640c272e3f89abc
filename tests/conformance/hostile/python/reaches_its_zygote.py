import ctypes
import os
import random
import signal
import socket
import uuid

# Descriptors of whoever forked it: of the launcher's orders, of reports, of another one's /proc.
for number in range(3, 128):
    try:
        print("LEAK: descriptor", number, os.readlink(f"/proc/self/fd/{number}"), os.fstat(number))
    except OSError:
        pass
for number in (3, 7, 8, 20):
    try:
        socket.socket(fileno=number).send(b"\1" + bytes(200))
        print("LEAK: sent an order")
    except OSError:
        pass

# Its memory, as far as it is shared: what is written there is the next program's.
for line in open("/proc/self/maps"):
    where, mode = line.split()[:2]
    if mode[3] == "s" and mode[1] == "w":
        print("LEAK: shared memory", line)
for path in ("/zygote", "/zygote/zygote.so", "/zygote/sitecustomize.py", "/zygote/trusted", "/proc/1/root/zygote"):
    for attempt in (os.listdir, lambda path: open(path, "rb").read(), lambda path: open(path, "ab").write(b"#")):
        try:
            print("LEAK:", path, str(attempt(path))[:60])
        except OSError:
            pass
for path in os.listdir("/proc/self/map_files") if os.path.isdir("/proc/self/map_files") else ():
    try:
        open("/proc/self/map_files/" + path, "r+b")
        print("LEAK: a mapping, for writing:", path)
    except OSError:
        pass

# The process itself.
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(0, 0, 0, 0) == 0:
    print("LEAK: traced by whoever forked it")
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
for pid in (os.getppid() or -1, 1):
    try:
        os.kill(pid, signal.SIGUSR1)
        if pid > 1:
            print("LEAK: a signal for", pid)
    except OSError:
        pass
for kind in (0x20000000, 0x00020000, 0x10000000):
    if libc.unshare(kind) == 0:
        print("LEAK: a namespace")

# What would be the same in the next one.
print(random.random(), uuid.uuid4())
random.random = lambda: 0.5
open("/tmp/numpy.py", "w").write("print('LEAK: found what the one before has left')\n")
print("LEAK: what was left" if os.environ.get("LEFT") else "clean")
os.environ["LEFT"] = "1"
