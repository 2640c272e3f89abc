import os

own = os.getpid()
for pid in filter(str.isdigit, os.listdir("/proc")):
    if int(pid) == own:
        continue
    for name in ("environ", "mem", "maps", "root/etc/hostname", "fd", "cwd"):
        path = f"/proc/{pid}/{name}"
        try:
            seen = os.listdir(path) if name in ("fd", "cwd") else open(path, "rb").read(16)
        except OSError:
            continue
        if seen:
            print("LEAK:", path, str(seen)[:80])
if len(list(filter(str.isdigit, os.listdir("/proc")))) > 4:
    print("LEAK: processes of others")
