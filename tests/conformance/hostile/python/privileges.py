import os

status = dict(line.rstrip().split(":\t", 1) for line in open("/proc/self/status") if ":\t" in line)
for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
    if int(status[name], 16):
        print("LEAK:", name, status[name])
if status["NoNewPrivs"] != "1" or status["Seccomp"] != "2":
    print("LEAK:", status["NoNewPrivs"], status["Seccomp"])
if 0 in os.getresuid() + os.getresgid():
    print("LEAK: root")
for become in (lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setgroups([0]), lambda: os.nice(-5)):
    try:
        become()
        print("LEAK: changed what it may do")
    except OSError:
        pass
