import os
print("done", flush=True)
os._exit(0)
