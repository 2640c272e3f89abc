"""Runs inside the sandbox: calls one function of the submission once and writes what it returned to descriptor 4.

Descriptor 3 holds the task: {"source": file of the program, "entry_point": "add" or "Solution.add",
"args": [...], "kwargs": {...}} in the JSON of schemas/value.h. The expected value is not here and never will be: the
grader compares outside, so nothing that the submission does to this process can pay, except returning the right value.

Everything is imported from a directory in which only trusted files lie, before the submission's directory becomes
importable.
"""

import os
import sys

import python_program
import python_values

__builtins__ = dict(vars(__builtins__))  # its own: see python_values.py
sys.path.pop(0)  # this file's own directory
del sys.modules["python_program"], sys.modules["python_values"]  # the names are the submission's to use


def main():
    task = python_values.decode_task(python_values.read_all(os.read, 3))
    os.close(3)
    encode_value, leaving = python_values.make_encode(), python_program.Leaving()
    write_all, write, close, find = python_values.write_all, os.write, os.close, python_program.find
    SystemExit_, BaseException_ = SystemExit, BaseException

    source = task["source"]
    module = python_program.make_module(os.path.basename(source).rpartition(".")[0] or source, source)
    try:
        python_program.load(source, module)
        function = find(module, task["entry_point"])
        value = function(*task["args"], **task["kwargs"])
    except SystemExit_:
        raise
    except BaseException_ as error:
        leaving.fail(error)

    try:
        write_all(write, 4, encode_value(value).encode("ascii"))
        close(4)
    except OSError as error:
        leaving.fail(error)
    leaving.succeed()


main()
