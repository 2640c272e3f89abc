import os
import socket
import time

one = socket.socket(socket.AF_UNIX)
try:
    one.bind("\0rendezvous")
except OSError as error:
    if error.errno == 98:
        print("LEAK: the last run still lives")
one.listen()
if os.fork() == 0:
    os.setsid()
    os.close(1)
    os.close(2)
    time.sleep(600)
