import os


def f():
    text = b"[" + b"[]," * (2 << 20) + b"[]]"
    frame = b'{"value":' + text + b',"changed":[]}'
    os.write(6, len(frame).to_bytes(4, "big"))
    while frame:
        frame = frame[os.write(6, frame):]
    os._exit(0)
