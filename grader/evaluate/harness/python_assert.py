"""Runs inside the sandbox: executes the submission and then the trusted tests in one namespace, as `python program.py`
would, and vouches on descriptor 4 that the tests ran to their end.

Descriptor 3 holds one line with the completion token and then the task as JSON: {"source": file of the program,
"entry_point": name or "", "tests": text}. It is read and closed, and the tests are compiled, before the first line of
the submission runs; neither is on disk. The answer is one line: "passed TOKEN", "assertion" or "exception". Only the
first can be accepted, so lying about the others costs nothing. A submission that is written against this very file can
find the token in this process: that is what the label `sentinel` says.
"""

import builtins
import os
import sys

import python_fit
import python_guard
import python_program
import python_values

sys.path.pop(0)  # this file's own directory
for name in ("python_fit", "python_guard", "python_program", "python_values"):
    del sys.modules[name]  # the names are the submission's to use


def receive_token():
    """The completion token as two numbers, of which it is the difference: nothing in this process looks like it."""
    line = bytearray(33)
    os.readv(3, [line])
    veil = int.from_bytes(os.urandom(16), "big")
    veiled = int(line[:32], 16) ^ veil
    line[:] = bytes(len(line))
    return veil, veiled


def main():
    veil, veiled = receive_token()
    task, leaving = python_values.decode_task(python_values.read_all(os.read, 3)), python_program.Leaving()
    os.close(3)
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
        tree = python_fit.parse(task.pop("tests"), "tests.py")
        check_waits = python_fit.waits_for_check(tree)
        names, own_builtins = python_guard.guard(tree, entry_point)
        tests = compile(tree, "tests.py", "exec", dont_inherit=True, optimize=0)
        own_builtins = {alias: (name, vars(builtins)[name]) for alias, name in own_builtins.items()}
        del tree
    except (SyntaxError, ValueError) as error:
        fail(error)

    module = python_program.make_module("__main__", source)
    namespace = module.__dict__
    try:
        python_program.load(source, module)
    except SystemExit_:
        raise
    except BaseException_ as error:
        fail(error)

    namespace.update(names)
    for alias, (name, own) in own_builtins.items():
        # Where nothing names the function that is tested, it may be called as a builtin is.
        namespace[alias] = own if entry_point else namespace.get(name, own)
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

    write(4, b"passed %032x" % (veil ^ veiled))
    close(4)
    leaving.succeed()  # without atexit hooks and late threads: the tests are over


main()
