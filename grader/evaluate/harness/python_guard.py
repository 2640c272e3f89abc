"""For tests that share a process with the submission: what they compare is held against values that nobody expects
first, and the builtins that they use are Python's own.

An object that is equal to whatever it meets is equal to those as well; an honest one, of whatever class, is not. It is
about objects that lie to everybody. A submission that is written against this very file can still deceive it: that is
what the label `sentinel` says.
"""

import builtins
import os

import _ast
import python_fit

__builtins__ = dict(__builtins__)

PLAIN = frozenset((type(None), bool, int, float, complex, str, bytes, bytearray, range))
CONTAINERS = frozenset((list, tuple, set, frozenset, dict))
# Tests may have replaced these on purpose; super() is known to the compiler by its name.
OPEN_TO_TESTS = frozenset("super print open input".split())
COMPARISONS = frozenset("Eq NotEq Lt LtE Gt GtE In NotIn".split())
MAX_DEPTH = 20


class Liar:
    """Stands for an object that was equal to everything."""

    def __repr__(self):
        return "<an object that is equal to everything>"

    def __eq__(self, other):
        return False

    def __ne__(self, other):
        return True

    __hash__ = None


def unexpected_values():
    """Pairs of different values, one pair of each kind, that no test expects."""
    number = 1 + int.from_bytes(os.urandom(6), "big")
    some = object()
    yield object(), object()
    yield number, -number
    yield number + 0.5, -number - 0.5
    yield "%x" % number, "%x-" % number
    yield b"%x" % number, b"%x-" % number
    yield [some], [some, number]
    yield (some,), (some, number)
    yield {some}, {some, number}
    yield {some: number}, {some: some, number: some}
    yield True, False


def make_honest():
    """honest(value): the value of an operand, or a Liar."""
    kind_of, probes = type, list(unexpected_values())
    far = probes[1][0] + 1_000_000
    is_true, Exception_, numbers, values_of = bool, Exception, (int, float), dict.values
    plain, containers, known = PLAIN, CONTAINERS, PLAIN | CONTAINERS

    def says(claim):
        """Whether it is claimed; an honest object may refuse to be compared."""
        try:
            return is_true(claim())
        except Exception_:
            return False

    def denies(claim):
        try:
            return claim() is False
        except Exception_:
            return False

    def is_near(value, number):
        difference = value - number
        return kind_of(difference) in numbers and abs(difference) < 1

    def lies(value):
        for one, other in probes:
            if says(lambda: value == one) and says(lambda: value == other):
                return True
            if denies(lambda: value != one) and denies(lambda: value != other):
                return True
        if says(lambda: value < -far) and says(lambda: value > far):
            return True
        if says(lambda: is_near(value, -far)) and says(lambda: is_near(value, far)):
            return True
        python_made = "__contains__" in vars(kind_of(value)) and kind_of(value).__flags__ & 0x200
        return bool(python_made) and all(says(lambda: one in value) for one, _ in probes)

    def honest(value, depth=0):
        kind = kind_of(value)
        if kind in plain or depth > MAX_DEPTH:
            return value
        if kind not in containers:
            return Liar() if lies(value) else value
        items = values_of(value) if kind is dict else value
        if known.issuperset(kinds := set(map(kind_of, items))) and not kinds & containers:
            return value
        return Liar() if any(kind_of(honest(item, depth + 1)) is Liar for item in items) else value

    return honest


def with_parameters(tests, suspect):
    """And what functions of the tests are given of it."""
    given = {python_fit.name_of(call.func) for call in tests.calls if python_fit.names_in(call) & suspect}
    parameters = {node.arg for function in tests.nodes if getattr(function, "name", None) in given
                  for node in python_fit.every(function) if python_fit.kind_of(node) == "arg"}
    return python_fit.reached(tests.nodes, suspect | parameters)


def guard(tree, entry_point):
    """Changes the tests; returns what their namespace needs: (name → value, name → the builtin that it stands for)."""
    tests = python_fit.Tests(tree)
    unknown = tests.loaded - tests.bound - vars(builtins).keys()
    seeds = {entry_point} | tests.check_parameters() | unknown
    suspect = with_parameters(tests, python_fit.reached(tests.nodes, seeds))
    prefix = "_farm_%s_" % os.urandom(8).hex()

    def guarded(node):
        if not python_fit.names_in(node) & suspect:
            return node
        position = {name: getattr(node, name) for name in ("lineno", "col_offset", "end_lineno", "end_col_offset")}
        function = _ast.Name(id=prefix + "honest", ctx=_ast.Load(), **position)
        return _ast.Call(func=function, args=[node], keywords=[], **position)

    for node in tests.nodes:
        kind = python_fit.kind_of(node)
        if kind == "Compare" and any(python_fit.kind_of(one) in COMPARISONS for one in node.ops):
            node.left = guarded(node.left)
            node.comparators = [guarded(one) for one in node.comparators]
        elif kind == "Call" and getattr(node.func, "attr", "").startswith("assert"):
            node.args = [guarded(one) if python_fit.kind_of(one) != "Starred" else one for one in node.args]
    own = (tests.loaded & vars(builtins).keys()) - tests.bound - OPEN_TO_TESTS - {entry_point}
    own = {name for name in own if not name.startswith("_")}
    for node in tests.nodes:
        if python_fit.kind_of(node) == "Name" and node.id in own:
            node.id = prefix + node.id
    return {prefix + "honest": make_honest()}, {prefix + name: name for name in own}
