import os


def f():
    while True:
        os.write(6, b"\x00\x00\x00\x01x" * 1000)
