import os
import re

for path in ("/proc/self/cmdline", "/proc/self/environ", "/proc/1/cmdline"):
    try:
        text = open(path, "rb").read()
    except OSError:
        continue
    for found in re.findall(rb"[0-9a-f]{16,}", text):
        print("LEAK:", path, found)
