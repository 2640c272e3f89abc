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

sys.path.pop(0)  # this file's own directory
from _json import make_scanner  # importing json itself costs 4 ms

ONLY_AST = 0x400  # ast.PyCF_ONLY_AST, without the import


def read_task(descriptor):
    chunks = []
    while chunk := os.read(descriptor, 1 << 20):
        chunks.append(chunk)
    os.close(descriptor)
    token, _, text = b"".join(chunks).partition(b"\n")

    class Decoding:  # what json.JSONDecoder is to the C scanner
        strict = True
        object_hook = None
        object_pairs_hook = None
        parse_float = float
        parse_int = int
        parse_constant = None
        memo = {}

    return token, make_scanner(Decoding)(text.decode("utf-8"), 0)[0]


def mentions(node, name):
    """Whether code that runs at the top level uses `name`; the bodies of functions and classes do not count."""
    kind = type(node).__name__
    if kind in ("FunctionDef", "AsyncFunctionDef", "ClassDef", "Lambda"):
        return False
    if kind == "Name":
        return node.id == name
    for field in node._fields:
        value = getattr(node, field, None)
        for child in value if type(value) is list else (value,):
            if hasattr(child, "_fields") and mentions(child, name):
                return True
    return False


def defines(node, name):
    return type(node).__name__ in ("FunctionDef", "AsyncFunctionDef") and node.name == name


def compile_tests(text):
    """The code of the tests, and whether they define `check` and leave calling it to the harness (HumanEval)."""
    tree = compile(text, "tests.py", "exec", ONLY_AST, dont_inherit=True)
    waits = any(defines(node, "check") for node in tree.body) and not any(mentions(node, "check") for node in tree.body)
    return compile(tree, "tests.py", "exec", dont_inherit=True, optimize=0), waits


def main():
    token, task = read_task(3)
    source, entry_point = task["source"], task["entry_point"]
    show_exception, leave, write, close = sys.__excepthook__, os._exit, os.write, os.close
    untrace, unprofile = sys.settrace, sys.setprofile
    stdout, stderr = sys.stdout, sys.stderr
    AssertionError_, BaseException_, SystemExit_ = AssertionError, BaseException, SystemExit

    def flush():
        for stream in (stdout, sys.stdout, stderr, sys.stderr):
            try:
                stream.flush()
            except Exception:
                pass

    def fail(error):
        """Prints the traceback without this file's frame, which is the outermost one."""
        error = error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)
        show_exception(type(error), error, error.__traceback__)
        flush()
        write(4, b"assertion" if isinstance(error, AssertionError_) else b"exception")
        leave(1)

    try:
        tests, check_waits = compile_tests(task.pop("tests"))
    except (SyntaxError, ValueError) as error:
        fail(error)

    sys.argv[:] = [source]
    sys.path.insert(0, os.getcwd())
    module = type(sys)("__main__")
    module.__file__ = os.path.abspath(source)
    module.__builtins__ = __builtins__
    sys.modules["__main__"] = module
    namespace = module.__dict__
    try:
        with open(source, "rb") as file:
            program = compile(file.read(), source, "exec", dont_inherit=True)
        exec(program, namespace)
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
    flush()
    leave(0)  # without atexit hooks and late threads: the tests are over


main()
