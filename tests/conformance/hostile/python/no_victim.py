try:
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("-1000")
except OSError:
    pass
held = []
while True:
    held.append(bytearray(4 << 20))
