import os
import time


def f(x):
    if x == 1:
        os.abort()
    if x == 2:
        time.sleep(600)
    if x == 3:
        raise ValueError("three")
    return x
