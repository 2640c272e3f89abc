import time


def f(x):
    until = time.process_time() + 0.4
    while time.process_time() < until:
        pass
    return x
