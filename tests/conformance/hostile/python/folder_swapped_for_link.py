import os

os.symlink("/etc", "folder")
