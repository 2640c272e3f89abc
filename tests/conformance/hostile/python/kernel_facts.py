import os

for path in ("/proc/kcore", "/proc/keys", "/proc/key-users", "/proc/timer_list", "/proc/sched_debug", "/proc/kmsg",
             "/proc/config.gz", "/proc/scsi/scsi", "/proc/acpi/wakeup", "/proc/latency_stats", "/dev/mem", "/dev/kmsg",
             "/dev/port", "/proc/vmallocinfo", "/proc/slabinfo", "/sys/kernel/notes"):
    try:
        if text := os.read(os.open(path, os.O_RDONLY | os.O_NONBLOCK), 64):
            print("LEAK:", path, text[:40])
    except OSError:
        pass
try:
    symbols = open("/proc/kallsyms").readline()
    if symbols and int(symbols.split()[0], 16):
        print("LEAK: addresses of the kernel")
except OSError:
    pass
