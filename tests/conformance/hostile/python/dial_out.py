import os
import socket


def reach(family, address, kind=socket.SOCK_STREAM):
    try:
        with socket.socket(family, kind) as one:
            one.settimeout(0.2)
            one.connect(address)
            if kind == socket.SOCK_DGRAM:
                one.send(b"x")
            print("LEAK: reached", address)
    except OSError:
        pass


reach(socket.AF_INET, ("1.1.1.1", 443))
reach(socket.AF_INET, ("8.8.8.8", 53), socket.SOCK_DGRAM)
reach(socket.AF_INET, ("169.254.169.254", 80))
reach(socket.AF_INET6, ("2606:4700::1111", 443))
for port in (22, 80, 2181, 8080, 9092, 9464):
    reach(socket.AF_INET, ("127.0.0.1", port))
for name in ("/run/dbus/system_bus_socket", "/var/run/docker.sock", "\0gradefarm"):
    reach(socket.AF_UNIX, name)
try:
    if names := [name for _, name in socket.if_nameindex() if name != "lo"]:
        print("LEAK: interfaces", names)
except OSError:
    pass
if len(open("/proc/net/unix").readlines() if os.path.exists("/proc/net/unix") else []) > 1:
    print("LEAK: sockets of others")
