"""Values as JSON text in the form of schemas/value.h, for the trusted programs beside this file.

By exact type: `type(x) is …`, never isinstance, so that a lying subclass has no value form. Each of these programs has
builtins of its own: not for security, but so that an honest program that replaces one is still judged.
"""

import sys
from _json import encode_basestring_ascii, make_scanner  # importing json itself costs 4 ms a case
from binascii import a2b_base64, b2a_base64

__builtins__ = dict(__builtins__)

MAX_DEPTH = 190  # the grader reads at most 200 levels
MAX_INT_BITS = 330_000  # about 100 000 decimal digits; the conversion is quadratic

# Python ≥ 3.10.7 refuses to convert more than 4300 digits. The submission keeps that limit; the harness does not.
allow_long_ints = getattr(sys, "set_int_max_str_digits", lambda digits: None)
allowed_digits = getattr(sys, "get_int_max_str_digits", lambda: 0)


def at_ease(work, get_limit=sys.getrecursionlimit, set_limit=sys.setrecursionlimit):
    """`work`, done under a recursion limit and an int limit that fit any value; the program's own come back."""
    def eased(*args):
        limit, digits = get_limit(), allowed_digits()
        set_limit(max(limit, 10_000))
        allow_long_ints(0)
        try:
            return work(*args)
        finally:
            set_limit(limit)
            allow_long_ints(digits)
    return eased


def make_parser(pairs_hook, parse_int=int):
    """parse(text) → (value, end); what json.JSONDecoder is to the C scanner."""
    class Decoding:
        strict = True
        object_hook = None
        object_pairs_hook = staticmethod(pairs_hook)
        parse_float = float
        parse_constant = None
        memo = {}

    Decoding.parse_int = staticmethod(parse_int)
    scan = make_scanner(Decoding)
    return lambda text: scan(text, 0)


def untag(pairs):
    if len(pairs) == 1:
        tag, body = pairs[0]
        if tag in UNTAGGERS:
            return UNTAGGERS[tag](body)
    return dict(pairs)


UNTAGGERS = {
    "$tuple": tuple,
    "$set": set,
    "$dict": lambda body: {key: value for key, value in body},
    "$bytes": a2b_base64,
    "$str": lambda body: a2b_base64(body).decode("utf-8", "surrogatepass"),
    "$int": int,
    "$float": float,
}


@at_ease
def decode_task(bytes_):
    """What the grader itself wrote."""
    return make_parser(untag)(bytes_.decode("utf-8"))[0]


# What an object of a subclass is worth where Python compares it as its base.
PLAIN_PARTS = {int: int.__pos__, float: float.__pos__, complex: complex.__pos__, str: str.__str__,
               bytes: lambda value: bytes.__getitem__(value, slice(None)),
               tuple: lambda value: tuple.__getitem__(value, slice(None)),
               list: lambda value: list.__getitem__(value, slice(None)),
               dict: dict.copy, set: set.copy, frozenset: lambda value: frozenset(frozenset.__iter__(value))}


def plain_part(value):
    """The value of a subclass that does not say itself what it equals: a liar would have to."""
    kind = type(value)
    for base in kind.__mro__:
        if base in PLAIN_PARTS:
            return PLAIN_PARTS[base](value) if kind.__eq__ is base.__eq__ else None
    return None


class Encoder:
    """encode(value, depth) → text. The tables say what kinds there are, and may be added to: `scalars` of functions of
    the value, `containers` of functions of value and depth. `opaque(reason)` answers for what has no value form, unless
    `stand_in(value)` has a value of a known kind for it (None: it has not)."""

    def __init__(self, opaque=None, stand_in=lambda value: None):
        kind_of, text_of, int_text, float_text = type, str, int.__repr__, float.__repr__
        quote, base64 = encode_basestring_ascii, b2a_base64
        infinities = {"inf": '{"$float":"inf"}', "-inf": '{"$float":"-inf"}', "nan": '{"$float":"nan"}'}
        low, high = -(2**63), 2**63
        UnicodeError_, items_of, name_of = UnicodeEncodeError, dict.items, type.__dict__["__qualname__"].__get__
        opaque = opaque or (lambda reason: '{"$type":' + quote(reason) + "}")

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

        def encode_bytes(value):
            return '"' + base64(value, newline=False).decode("ascii") + '"'

        def encode_str(value):
            if encodable(value):
                return quote(value)
            return '{"$str":' + encode_bytes(value.encode("utf-8", "surrogatepass")) + "}"

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

        def tagged(tag, body):
            return lambda *value: '{"' + tag + '":' + body(*value) + "}"

        scalars = {
            type(None): lambda value: "null",
            bool: lambda value: "true" if value else "false",
            int: encode_int,
            float: encode_float,
            str: encode_str,
            bytes: tagged("$bytes", encode_bytes),
        }
        containers = {
            list: encode_list,
            tuple: tagged("$tuple", encode_list),
            set: tagged("$set", lambda value, depth: encode_list(list(value), depth)),
            frozenset: tagged("$set", lambda value, depth: encode_list(list(value), depth)),
            dict: encode_dict,
        }

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
            known = stand_in(value)
            if known is not None:
                return encode(known, depth + 1)
            return opaque(text_of(name_of(kind))[:200])

        self.encode, self.scalars, self.containers, self.opaque = encode, scalars, containers, opaque
        self.encode_list, self.encode_dict, self.encode_bytes = encode_list, encode_dict, encode_bytes
        self.tagged = tagged

    def know(self, module, names, table, encode):
        """Adds types of a library, by identity, if the program has loaded it."""
        for name in names:
            known = getattr(sys.modules.get(module), name, None)
            if isinstance(known, type):
                table[known] = encode

    def know_collections(self):
        """Types that Python's own == calls equal to a plain dict."""
        self.know("collections", ("OrderedDict", "defaultdict", "Counter"), self.containers, self.encode_dict)


NUMPY_SCALARS = ("bool_", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "longlong",
                 "ulonglong", "float16", "float32", "float64", "str_", "bytes_")


def plain_number(value):
    """The plain number that a Decimal or Fraction is equal to, or the value itself."""
    try:
        for kind in (int, float):
            if (plain := kind(value)) == value:
                return plain
    except (ValueError, ArithmeticError):
        pass  # not finite, or too large
    return value


def make_encode():
    """encode(value) → text in the form of schemas/value.h, of the exact types and those of classes and libraries that
    Python's own == calls equal to a plain value."""
    encoder = Encoder(stand_in=plain_part)
    kind_of, encode, opaque, get, modules = type, encoder.encode, encoder.opaque, getattr, sys.modules

    def plainly(convert):
        def encode_converted(value, depth):
            plain = convert(value)
            if kind_of(plain) is kind_of(value):
                return opaque("a number without a plain form")
            return encode(plain, depth + 1)
        return encode_converted

    def encode_value(value):
        encoder.know_collections()
        encoder.know("decimal", ("Decimal",), encoder.containers, plainly(plain_number))
        encoder.know("fractions", ("Fraction",), encoder.containers, plainly(plain_number))
        numpy = modules.get("numpy")
        for name, method in [(name, "item") for name in NUMPY_SCALARS] + [("ndarray", "tolist")]:
            convert = get(get(numpy, name, None), method, None)
            encoder.know("numpy", (name,), encoder.containers, plainly(convert))
        return encode(value, 0)

    return at_ease(encode_value)


def write_all(write, descriptor, bytes_):
    rest = memoryview(bytes_)
    while rest:
        rest = rest[write(descriptor, rest):]


def read_all(read, descriptor):
    chunks = []
    while chunk := read(descriptor, 1 << 20):
        chunks.append(chunk)
    return b"".join(chunks)
