import ctypes
import errno

REFUSED = {errno.EPERM, errno.ENOSYS, errno.EACCES}
CALLS = {"ptrace": (101, 0xFFFF), "syslog": (103, 10), "personality": (135, 0x0400000), "vhangup": (153,),
         "pivot_root": (155, b"/", b"/"), "chroot": (161, b"/"), "acct": (163, None), "mount": (165, b"x", b"/", b"tmpfs"),
         "umount2": (166, b"/", 8), "swapon": (167, b"x"), "reboot": (169, 0), "sethostname": (170, b"x", 1),
         "iopl": (172, 3), "init_module": (175, 0, 0, b""), "quotactl": (179, 0), "lookup_dcookie": (212, 0, 0, 0),
         "kexec_load": (246, 0, 0, 0, 0), "add_key": (248, b"user", b"x", b"x", 1, -2), "request_key": (249, b"user", b"x"),
         "keyctl": (250, 0, -2, 0), "unshare": (272, 0x10000000), "move_pages": (279, 0), "perf_event_open": (298, 0),
         "name_to_handle_at": (303, -100, b"/", 0, 0, 0), "open_by_handle_at": (304, 0, 0, 0), "setns": (308, 0, 0),
         "process_vm_readv": (310, 1, 0, 0, 0, 0, 0), "kcmp": (312, 1, 1, 0), "finit_module": (313, 0, b"", 0),
         "bpf": (321, 0, 0, 0), "userfaultfd": (323, 0), "io_uring_setup": (425, 1, 0), "open_tree": (428, -100, b"/", 1),
         "fsopen": (430, b"tmpfs", 0), "pidfd_getfd": (438, 0, 0, 0), "mount_setattr": (442, -100, b"/", 0, 0, 0)}
libc = ctypes.CDLL(None, use_errno=True)
for name, (number, *arguments) in CALLS.items():
    result = libc.syscall(ctypes.c_long(number), *arguments)
    if result >= 0 or ctypes.get_errno() not in REFUSED:
        print("LEAK:", name, result, errno.errorcode.get(ctypes.get_errno()))
