import os
os.symlink("/etc/passwd", "out.txt")
os.symlink("/etc", "dir")
open("honest.txt", "w").write("mine")
