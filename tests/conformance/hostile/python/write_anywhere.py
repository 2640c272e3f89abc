import os

for path in ("/x", "/etc/x", "/usr/x", "/usr/bin/python3", "/bin/sh", "/etc/passwd", "/dev/x", "/proc/sys/kernel/core_pattern",
             "/proc/sysrq-trigger", "/lib/x", "/box/x", "/.farm/x"):
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND))
        print("LEAK: may write", path)
    except OSError:
        pass
