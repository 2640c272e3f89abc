import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for flag in (0x10000000, 0x10000000 | 0x00020000, 0x40000000, 0x20000000, 0x08000000):
    if os.fork() == 0:
        if libc.unshare(flag) == 0:
            print("LEAK: unshare", hex(flag), flush=True)
            if libc.mount(b"x", b"/tmp", b"tmpfs", 0, None) == 0:
                print("LEAK: mounted", flush=True)
        os._exit(0)
    os.wait()
