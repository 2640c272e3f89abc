import socket
def refused(action):
    try:
        action()
    except OSError:
        return "refused"
    return "POSSIBLE"
print(refused(lambda: socket.create_connection(("198.51.100.1", 53), timeout=0.3)))
print(refused(lambda: socket.create_connection(("127.0.0.1", 22), timeout=0.3)))
print(refused(lambda: open("/etc/shadow").read()))
print(refused(lambda: open("/usr/bin/planted", "w")))
