import time

print("x" * 500_000, flush=True)
time.sleep(60)
