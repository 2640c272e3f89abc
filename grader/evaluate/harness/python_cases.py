"""Runs inside the submission's sandbox: loads its program once and calls one function of it for case after case.

Descriptor 3 holds {"source": file of the program}. On descriptor 5 comes a case at a time, the next one only after the
answer to the last: four bytes of length, big end first, and a task as python_call.py has it. The answer, in the same
form on descriptor 6, is the encoded return value, or empty where the call raised something. Expected values stay outside.
"""

import os
import sys

import python_exchange
import python_program
import python_values

__builtins__ = dict(vars(__builtins__))  # its own: see python_values.py
sys.path.pop(0)  # this file's own directory
for name in ("python_exchange", "python_program", "python_values"):
    del sys.modules[name]  # the names are the submission's to use

CASES, ANSWERS = 5, 6
NO_LIMIT = 1 << 32


def main():
    task = python_values.decode_task(python_values.read_all(os.read, 3))
    os.close(3)
    encode_value, leaving = python_values.make_encode(), python_program.Leaving()
    send_frame, receive_frame = python_exchange.send_frame, python_exchange.receive_frame
    find, decode_task, write, read = python_program.find, python_values.decode_task, os.write, os.read
    SystemExit_, BaseException_ = SystemExit, BaseException

    source = task["source"]
    module = python_program.make_module(os.path.basename(source).rpartition(".")[0] or source, source)
    try:
        python_program.load(source, module)
    except SystemExit_:
        raise
    except BaseException_ as error:
        leaving.fail(error)
    while (frame := receive_frame(read, CASES, NO_LIMIT)) is not None:
        case = decode_task(frame)
        try:
            text = encode_value(find(module, case["entry_point"])(*case["args"], **case["kwargs"]))
        except SystemExit_:
            raise
        except BaseException_ as error:
            leaving.show(error)
            text = ""
        leaving.flush()
        try:
            send_frame(write, ANSWERS, text)
        except OSError as error:
            leaving.fail(error)
    leaving.succeed()


main()
