import time

print(sum(map(int, input().split())), flush=True)
time.sleep(600)
