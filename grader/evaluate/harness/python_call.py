"""Runs inside the sandbox: calls one function of the submission once and writes what it returned to descriptor 4.

Descriptor 3 holds the task: {"source": file of the program, "entry_point": "add" or "Solution.add",
"args": [...], "kwargs": {...}} in the JSON of schemas/value.h. The expected value is not here and never will be: the
grader compares outside, so nothing that the submission does to this process can pay, except returning the right value.

Everything is imported from a directory in which only trusted files lie, before the submission's directory becomes
importable. What is used after the submission has run is bound to local names: not for security, but so that an honest
program that shadows a builtin is still judged.
"""

import os
import sys

sys.path.pop(0)  # this file's own directory
from _json import encode_basestring_ascii, make_scanner  # importing json itself costs 4 ms a case
from binascii import a2b_base64, b2a_base64

MAX_DEPTH = 190  # the grader reads at most 200 levels
MAX_INT_BITS = 330_000  # about 100 000 decimal digits; the conversion is quadratic


# Python ≥ 3.10.7 refuses to convert more than 4300 digits. The submission keeps that limit; the harness does not.
allow_long_ints = getattr(sys, "set_int_max_str_digits", lambda digits: None)
default_digits = getattr(sys, "get_int_max_str_digits", lambda: 0)()


def read_task(descriptor):
    chunks = []
    while chunk := os.read(descriptor, 1 << 20):
        chunks.append(chunk)
    os.close(descriptor)

    def untag(pairs):
        if len(pairs) == 1:
            tag, body = pairs[0]
            if tag in untaggers:
                return untaggers[tag](body)
        return dict(pairs)

    untaggers = {
        "$tuple": tuple,
        "$set": set,
        "$dict": lambda body: {key: value for key, value in body},
        "$bytes": a2b_base64,
        "$str": lambda body: a2b_base64(body).decode("utf-8", "surrogatepass"),
        "$int": int,
        "$float": float,
    }

    class Decoding:  # what json.JSONDecoder is to the C scanner
        strict = True
        object_hook = None
        object_pairs_hook = staticmethod(untag)
        parse_float = float
        parse_int = int
        parse_constant = None
        memo = {}

    allow_long_ints(0)
    task = make_scanner(Decoding)(b"".join(chunks).decode("utf-8"), 0)[0]
    allow_long_ints(default_digits)
    return task


def make_encoder():
    """The encoder of exact types: `type(x) is …`, never isinstance, so that a lying subclass has no value form."""
    kind_of, length, text_of, int_text, float_text = type, len, str, int.__repr__, float.__repr__
    quote, base64 = encode_basestring_ascii, b2a_base64
    infinities = {"inf": '{"$float":"inf"}', "-inf": '{"$float":"-inf"}', "nan": '{"$float":"nan"}'}
    low, high = -(2**63), 2**63
    UnicodeError_, items_of = UnicodeEncodeError, dict.items

    def opaque(reason):
        return '{"$type":' + quote(reason) + "}"

    def encode_int(value):
        if low <= value < high:
            return int_text(value)
        if value.bit_length() > MAX_INT_BITS:
            return opaque("int of %d bits" % value.bit_length())
        return '{"$int":"' + int_text(value) + '"}'

    def encode_float(value):
        text = float_text(value)
        return infinities.get(text, text)

    def encodable(value):
        try:
            value.encode("utf-8")
        except UnicodeError_:
            return False
        return True

    def encode_str(value):
        if encodable(value):
            return quote(value)
        return '{"$str":"' + base64(value.encode("utf-8", "surrogatepass"), newline=False).decode("ascii") + '"}'

    def encode_list(value, depth):
        kinds = set(map(kind_of, value))
        if kinds == {int} and low <= min(value) and max(value) < high:
            return "[" + ",".join(map(int_text, value)) + "]"
        return "[" + ",".join([encode(item, depth + 1) for item in value]) + "]"

    def encode_dict(value, depth):
        items = list(items_of(value))
        if all(kind_of(key) is str and key[:1] != "$" and encodable(key) for key, _ in items):
            return "{" + ",".join([quote(key) + ":" + encode(item, depth + 1) for key, item in items]) + "}"
        pairs = ["[" + encode(key, depth + 1) + "," + encode(item, depth + 1) + "]" for key, item in items]
        return '{"$dict":[' + ",".join(pairs) + "]}"

    scalars = {
        type(None): lambda value: "null",
        bool: lambda value: "true" if value else "false",
        int: encode_int,
        float: encode_float,
        str: encode_str,
        bytes: lambda value: '{"$bytes":"' + base64(value, newline=False).decode("ascii") + '"}',
    }
    containers = {
        list: encode_list,
        tuple: lambda value, depth: '{"$tuple":' + encode_list(value, depth) + "}",
        set: lambda value, depth: '{"$set":' + encode_list(list(value), depth) + "}",
        frozenset: lambda value, depth: '{"$set":' + encode_list(list(value), depth) + "}",
        dict: encode_dict,
    }
    converted = {}  # types of libraries, known by identity, that stand for a plain value

    def know_libraries():
        """Types that Python's own == calls equal to a plain value, where the submission has loaded them."""
        modules = sys.modules
        collections = modules.get("collections")
        for name in ("OrderedDict", "defaultdict", "Counter"):
            known = getattr(collections, name, None)
            if kind_of(known) is type:
                containers[known] = encode_dict
        numpy = modules.get("numpy")
        for name in ("bool_", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
                     "longlong", "ulonglong", "float16", "float32", "float64", "str_", "bytes_"):
            known = getattr(numpy, name, None)
            if kind_of(known) is type:
                converted[known] = known.item
        known = getattr(numpy, "ndarray", None)
        if kind_of(known) is type:
            converted[known] = known.tolist

    def encode(value, depth):
        kind = kind_of(value)
        scalar = scalars.get(kind)
        if scalar is not None:
            return scalar(value)
        if depth > MAX_DEPTH:
            return opaque("nested too deeply")
        container = containers.get(kind)
        if container is not None:
            return container(value, depth)
        convert = converted.get(kind)
        if convert is not None:
            plain = convert(value)
            if kind_of(plain) is not kind:
                return encode(plain, depth + 1)
        return opaque(text_of(type.__dict__["__qualname__"].__get__(kind))[:200])

    def encode_value(value):
        know_libraries()
        sys.setrecursionlimit(10_000)
        allow_long_ints(0)
        return encode(value, 0)

    return encode_value


def main():
    task = read_task(3)
    encode_value = make_encoder()
    show_exception, leave, write, close = sys.__excepthook__, os._exit, os.write, os.close
    stdout, stderr = sys.stdout, sys.stderr
    module_type, builtin_getattr, SystemExit_, BaseException_ = type(sys), getattr, SystemExit, BaseException

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
        leave(1)

    source = task["source"]
    path = os.path.abspath(source)
    sys.argv[:] = [source]
    sys.path.insert(0, os.getcwd())
    module = module_type(os.path.basename(source).rpartition(".")[0] or source)
    module.__file__ = path
    sys.modules[module.__name__] = module
    try:
        with open(path, "rb") as file:
            program = compile(file.read(), source, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        fail(error)
    try:
        exec(program, module.__dict__)
        target = module
        *owners, name = task["entry_point"].split(".")
        for owner in owners:
            target = builtin_getattr(target, owner)()
        function = builtin_getattr(target, name)
    except SystemExit_:
        raise
    except BaseException_ as error:
        fail(error)
    try:
        value = function(*task["args"], **task["kwargs"])
    except SystemExit_:
        raise
    except BaseException_ as error:
        fail(error)

    frame = memoryview(encode_value(value).encode("ascii"))
    try:
        while frame:
            frame = frame[write(4, frame):]
        close(4)
    except OSError as error:
        fail(error)
    flush()
    leave(0)  # without atexit hooks and late threads: the answer is out


main()
