import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
for pid in {os.getppid(), 1}:
    for request in (16, 0x4206):
        if libc.ptrace(request, pid, 0, 0) == 0:
            print("LEAK: attached to", pid)
    buffer = ctypes.create_string_buffer(8)

    class Piece(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]

    local, remote = Piece(ctypes.addressof(buffer), 8), Piece(0x400000, 8)
    if libc.process_vm_readv(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0) > 0:
        print("LEAK: read memory of", pid)
