"""What tester and submission say to each other: frames of JSON, and values in a richer form than schemas/value.h.

A frame is four bytes of length, big end first, and an ASCII text. The caller sends {"call": name, "args": […],
"kwargs": {…}}; the program answers each with one of {"value": …}, {"raised": [names], "args": […]}, both with
"changed": [[n, contents], …] for the mutable arguments that the call has changed. Its first frame, {"ready": null},
comes unasked, once it is loaded. {"show": true} asks for the traceback of what it raised last, and gets no answer.

Besides the tags of schemas/value.h, where the trusted side must see what the program would have seen:

  {"$ref": n}     the n-th mutable argument of this call, counted in the order of their text: itself, not a copy
  {"$frozenset": […]}  {"$complex": [re, im]}  {"$range": [a, b, c]}  {"$bytearray": "<base64>"}
  {"$decimal": "1.50"}  {"$fraction": [n, d]}
  {"$date": [y, m, d]}  {"$time": [h, m, s, us]}  {"$datetime": [y, m, d, h, m, s, us]}  {"$timedelta": [d, s, us]}
  {"$object": [type, truth]}      what has no value form; whether it is true, or null where it does not say
  {"$iter": […]}  {"$keys": […]}  {"$values": […]}  {"$items": [[key, value], …]}   generators, maps, views of dicts, …
  {"$deque": [[…], maxlen]}  {"$Counter": {…}}  {"$OrderedDict": {…}}               of collections
  {"$array": [dtype, shape, "<base64>"]}  {"$scalar": [dtype, "<base64>"]}          of numpy

An object of a class that inherits from a plain kind and keeps its equality (a namedtuple, an IntEnum) crosses as that.
"""

import itertools
import sys
from binascii import a2b_base64

import python_values

__builtins__ = dict(__builtins__)

MAX_ITEMS = 100_000  # of an iterator, which is run to its end
MAX_INT_DIGITS = 100_000
MAX_PARTS = 4_000_000  # values in one frame, about
NUMPY_KINDS = frozenset("biufcSUMm")
NUMPY_SCALARS = ("bool_", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "longlong",
                 "ulonglong", "float16", "float32", "float64", "longdouble", "complex64", "complex128", "clongdouble",
                 "datetime64", "timedelta64")
DATES = {"date": ("year", "month", "day"), "time": ("hour", "minute", "second", "microsecond"),
         "datetime": ("year", "month", "day", "hour", "minute", "second", "microsecond"),
         "timedelta": ("days", "seconds", "microseconds")}
# Types whose values are run to their end.
ITERATORS = [type(iter(empty)) for empty in ([], (), {}, {}.values(), {}.items(), "", "\xe9", b"",
                                              bytearray(), set(), range(0), range(1 << 70))]
ITERATORS += [map, filter, zip, enumerate, reversed, type(_ for _ in ()), type(reversed([])), type(reversed({})),
              type(reversed({}.values())), type(reversed({}.items()))]
ITERTOOLS = ("accumulate", "chain", "combinations", "combinations_with_replacement", "compress", "dropwhile",
             "filterfalse", "groupby", "islice", "pairwise", "permutations", "product", "starmap", "takewhile",
             "zip_longest")


class Table:
    """The mutable arguments of one call, by number; both sides meet them in the same order."""

    def __init__(self):
        self.objects = []
        self.numbers = {}

    def add(self, value):
        self.numbers[id(value)] = len(self.objects)
        self.objects.append(value)


class Unknown:
    """What the other side may learn of an object that has no value form. That it counts as true says no more than True
    would; that it is equal to something does."""

    def __init__(self, value, type_name=type.__dict__["__qualname__"].__get__):
        self.name = str(type_name(type(value)))[:200]
        try:
            self.truth = True if value else False
        except Exception:
            self.truth = None


class RichEncoder:
    """encode(value, table, growing) → text: with `growing`, mutable values that the table lacks are added to it."""

    def __init__(self, opaque=None, stand_in=lambda value: None):
        base = self.base = python_values.Encoder(opaque, stand_in)
        encode, encode_list, encode_bytes, tagged = base.encode, base.encode_list, base.encode_bytes, base.tagged
        float_text, identity, islice, sequence = base.scalars[float], id, itertools.islice, list
        self.table, self.growing = Table(), False

        def mutable(contents):
            def encode_mutable(value, depth):
                number = self.table.numbers.get(identity(value))
                if number is not None:
                    return '{"$ref":%d}' % number
                if self.growing:
                    self.table.add(value)
                return contents(value, depth)
            return encode_mutable

        def run_out(value, depth):
            items = sequence(islice(value, MAX_ITEMS + 1))
            return base.opaque("iterator of too many items") if len(items) > MAX_ITEMS else encode_list(items, depth)

        def encode_deque(value, depth):
            return "[" + encode_list(sequence(value), depth) + "," + encode(value.maxlen, depth) + "]"

        def encode_array(value, depth):
            if value.dtype.kind not in NUMPY_KINDS:
                return base.opaque("array of " + str(value.dtype))
            shape = encode_list(sequence(value.shape), depth)
            return '{"$array":["' + value.dtype.str + '",' + shape + "," + encode_bytes(value.tobytes()) + "]}"

        def encode_date(value, parts):
            if getattr(value, "tzinfo", None) is not None:
                return base.opaque("datetime-with-tzinfo")
            return encode_list([getattr(value, part) for part in parts], 0)

        def encode_numpy_scalar(value):
            return '{"$scalar":["' + value.dtype.str + '",' + encode_bytes(value.tobytes()) + "]}"

        containers = base.containers
        self.contents = {list: encode_list, dict: base.encode_dict, set: containers[set],
                         bytearray: tagged("$bytearray", lambda value, depth: encode_bytes(value)),
                         "array": encode_array}
        for kind in (list, dict, set, bytearray):
            containers[kind] = mutable(self.contents[kind])
        containers[frozenset] = tagged("$frozenset", lambda value, depth: encode_list(sequence(value), depth))
        for kind in ITERATORS:
            containers[kind] = tagged("$iter", run_out)
        for tag, kind in (("$keys", {}.keys()), ("$values", {}.values()), ("$items", {}.items())):
            containers[type(kind)] = tagged(tag, lambda value, depth: encode_list(sequence(value), depth))
        base.scalars[complex] = tagged("$complex", lambda v: "[" + float_text(v.real) + "," + float_text(v.imag) + "]")
        base.scalars[range] = tagged("$range", lambda v: encode_list([v.start, v.stop, v.step], 0))
        self.mutable_array = mutable(encode_array)
        base.scalars[Unknown] = tagged("$object", lambda v: encode_list([v.name, v.truth], 0))
        self.encode_numpy_scalar, self.encode_date, self.run_out = encode_numpy_scalar, encode_date, run_out
        self.of_collections = {
            "deque": tagged("$deque", encode_deque),
            "Counter": tagged("$Counter", base.encode_dict),
            "OrderedDict": tagged("$OrderedDict", base.encode_dict),
        }
        self.mutable = mutable

    def know_libraries(self):
        base = self.base
        encode_list, text_of, number_of = base.encode_list, str, base.scalars[str]
        base.know("decimal", ("Decimal",), base.scalars, base.tagged("$decimal", lambda v: number_of(text_of(v))))
        base.know("fractions", ("Fraction",), base.scalars,
                  base.tagged("$fraction", lambda v: encode_list([v.numerator, v.denominator], 0)))
        for name, parts in DATES.items():
            base.know("datetime", (name,), base.scalars,
                      base.tagged("$" + name, lambda value, parts=parts: self.encode_date(value, parts)))
        for name, contents in self.of_collections.items():
            base.know("collections", (name,), self.contents, contents)
            base.know("collections", (name,), base.containers, self.mutable(contents))
        base.know("numpy", ("str_", "bytes_"), base.scalars, lambda value: base.encode(value.item(), 0))
        base.know("itertools", ITERTOOLS, base.containers, base.tagged("$iter", self.run_out))
        base.know("numpy", NUMPY_SCALARS, base.scalars, self.encode_numpy_scalar)
        base.know("numpy", ("ndarray",), base.containers, self.mutable_array)

    def encode(self, value, table, growing=False):
        self.table, self.growing = table, growing
        return self.base.encode(value, 0)

    def encode_contents(self, value, table):
        """Of a mutable argument what it holds now, and not that it is that argument."""
        self.table, self.growing = table, False
        return self.contents.get(type(value), self.contents["array"])(value, 0)


def make_decoder():
    """decode_frame(text) → members that are not built yet; build_value(node, table, growing) → value, the inverse of
    RichEncoder.encode. Any exception means a malformed text."""
    inert = {int, float, str, bool, type(None)}
    table, growing = Table(), False

    def parse_int(text):
        if len(text) > MAX_INT_DIGITS + 1:
            raise ValueError("an int of %d digits" % len(text))
        return int(text)

    def build(node):
        kind = type(node)
        if kind is list:
            if growing:
                table.add(node)
            return items(node)
        if kind is not tuple:
            return node
        if len(node) == 1 and node[0][0][:1] == "$":
            return tags[node[0][0]](node[0][1])
        return filled({}, node)

    def items(nodes):
        if type(nodes) is not list:
            raise ValueError("a list is missing")
        if not inert.issuperset(map(type, nodes)):
            nodes[:] = [build(node) for node in nodes]
        return nodes

    def added(value):
        if growing:
            table.add(value)
        return value

    def filled(made, pairs, key_of=lambda key: key):
        added(made)
        for key, item in pairs:
            made[key_of(key)] = build(item)
        return made

    def make_set(body):
        made = added(set())
        made.update(items(body))
        return made

    def number(node):
        return node if type(node) is float else float(node[0][1])  # {"$float": "nan"} and its like

    def fraction(body):
        from fractions import Fraction
        return Fraction(*items(body))

    def decimal(body):
        from decimal import Decimal
        return Decimal(body)

    def date(kind):
        def make(body):
            import datetime
            return getattr(datetime, kind)(*items(body))
        return make

    def unknown(body):
        name, truth = body
        return Opaque(name, truth)

    def from_bytes(dtype, text):
        import numpy
        kind = numpy.dtype(dtype)
        if kind.kind not in NUMPY_KINDS:
            raise ValueError("an array of " + str(kind))
        return numpy.frombuffer(a2b_base64(text), dtype=kind)

    def counter(body):
        from collections import Counter
        return filled(Counter(), *pairs_of(body))

    def ordered(body):
        from collections import OrderedDict
        return filled(OrderedDict(), *pairs_of(body))

    def pairs_of(body):
        """Of a dict as it is written, its pairs and what makes a key."""
        if type(body) is not tuple:
            raise ValueError("a dict is missing")
        return (body[0][1], build) if len(body) == 1 and body[0][0] == "$dict" else (body,)

    def deque_of(body):
        from collections import deque
        made = added(deque(maxlen=body[1]))
        made.extend(items(body[0]))
        return made

    def array(body):
        dtype, shape, text = body
        return added(from_bytes(dtype, text).reshape(shape).copy())

    tags = {
        "$ref": lambda n: table.objects[n],
        "$tuple": lambda body: tuple(items(body)),
        "$set": make_set,
        "$frozenset": lambda body: frozenset(items(body)),
        "$dict": lambda body: filled({}, body, build),
        "$bytes": a2b_base64,
        "$bytearray": lambda body: added(bytearray(a2b_base64(body))),
        "$str": lambda body: a2b_base64(body).decode("utf-8", "surrogatepass"),
        "$int": parse_int,
        "$float": float,
        "$complex": lambda body: complex(number(body[0]), number(body[1])),
        "$range": lambda body: range(*items(body)),
        "$decimal": decimal,
        "$fraction": fraction,
        "$iter": lambda body: iter(items(body)),
        "$keys": lambda body: dict.fromkeys(items(body)).keys(),
        "$values": lambda body: dict(enumerate(items(body))).values(),
        "$items": lambda body: dict(items(body)).items(),
        "$deque": deque_of,
        "$Counter": counter,
        "$OrderedDict": ordered,
        "$array": array,
        "$scalar": lambda body: from_bytes(*body)[0],
        "$type": Opaque,
        "$object": unknown,
        **{"$" + kind: date(kind) for kind in DATES},
    }
    parse = python_values.make_parser(tuple, parse_int)

    def decode_frame(text):
        """The members of a frame; their values are not built yet."""
        if text.count(b",") + text.count(b"[") + text.count(b"{") > MAX_PARTS:
            raise ValueError("too many values")
        return dict(parse(text.decode("ascii"))[0])

    def build_value(node, known, grow=False):
        nonlocal table, growing
        table, growing = known, grow
        return build(node)

    return decode_frame, build_value


class Opaque:
    """An object whose type has no value form: equal to nothing, itself included."""

    def __init__(self, name, truth=None):
        self.__name = str(name)[:200]
        self.__truth = truth

    def __repr__(self):
        return "<an object of type %s, which has no value form>" % self.__name

    def __eq__(self, other):
        return False

    def __ne__(self, other):
        return True

    __hash__ = None

    def __bool__(self):
        if type(self.__truth) is not bool:
            raise TypeError(repr(self))
        return self.__truth


class Broken(Exception):
    """The other side is gone or does not speak the language; the text says which."""


def send_frame(write, descriptor, text):
    bytes_ = text.encode("ascii")
    python_values.write_all(write, descriptor, len(bytes_).to_bytes(4, "big") + bytes_)


def receive_frame(read, descriptor, limit):
    """The text of the next frame as bytes; None at the end. Raises Broken."""
    def receive(size, may_end):
        chunks = []
        while size > 0:
            chunk = read(descriptor, min(size, 1 << 20))
            if not chunk:
                if may_end and not chunks:
                    return None
                raise Broken("ended in the middle of an answer")
            chunks.append(chunk)
            size -= len(chunk)
        return b"".join(chunks)

    header = receive(4, True)
    if header is None:
        return None
    size = int.from_bytes(header, "big")
    if size > limit:
        raise Broken("an answer of %d bytes, above the limit of %d" % (size, limit))
    return receive(size, False)
