"""Runs inside the sandbox: executes the submission and then the trusted tests in one namespace, as `python program.py`
would, and vouches on descriptor 4 that the tests ran to their end.

Descriptor 3 holds one line with the completion token and then the task as JSON: {"source": file of the program,
"entry_point": name or "", "tests": text}. It is read and closed, and the tests are compiled, before the first line of
the submission runs; neither is on disk. The answer is one line: "passed TOKEN", "assertion" or "exception". Only the
first can be accepted, so lying about the others costs nothing. A submission that is written against this very file can
find the token in this process: that is what the label `sentinel` says.
"""

import os
import sys

import python_fit
import python_program
import python_values

sys.path.pop(0)  # this file's own directory
for name in ("python_fit", "python_program", "python_values"):
    del sys.modules[name]  # the names are the submission's to use


def main():
    token, _, text = python_values.read_all(os.read, 3).partition(b"\n")
    os.close(3)
    task, leaving = python_values.decode_task(text), python_program.Leaving()
    source, entry_point = task["source"], task["entry_point"]
    write, close = os.write, os.close
    untrace, unprofile = sys.settrace, sys.setprofile
    AssertionError_, BaseException_, SystemExit_ = AssertionError, BaseException, SystemExit

    def fail(error):
        leaving.show(error)
        leaving.flush()
        write(4, b"assertion" if isinstance(error, AssertionError_) else b"exception")
        leaving.leave(1)

    try:
        tree, tests = python_fit.compile_tests(task.pop("tests"))
        check_waits = python_fit.waits_for_check(tree)
        del tree
    except (SyntaxError, ValueError) as error:
        fail(error)

    namespace = python_program.make_module("__main__", source).__dict__
    try:
        exec(python_program.compile_file(source), namespace)
    except SystemExit_:
        raise
    except BaseException_ as error:
        fail(error)

    untrace(None)
    unprofile(None)
    try:
        exec(tests, namespace)
        if check_waits and entry_point:
            namespace["check"](namespace[entry_point])
    except SystemExit_:
        raise
    except BaseException_ as error:
        fail(error)

    write(4, b"passed " + token)
    close(4)
    leaving.succeed()  # without atexit hooks and late threads: the tests are over


main()
