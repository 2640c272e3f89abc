import os

os.symlink("/etc/passwd", "out.txt")
