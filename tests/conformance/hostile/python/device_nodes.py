import os
import stat

for mode, device in ((stat.S_IFBLK, os.makedev(8, 0)), (stat.S_IFCHR, os.makedev(1, 1))):
    try:
        os.mknod("node", mode | 0o666, device)
        os.open("node", os.O_RDONLY)
        print("LEAK: device", device)
    except OSError:
        pass
try:
    os.chown("main.py", 0, 0)
    print("LEAK: chown")
except OSError:
    pass
if os.statvfs(".").f_flag & os.ST_NOSUID == 0:
    print("LEAK: set-uid programs count here")
