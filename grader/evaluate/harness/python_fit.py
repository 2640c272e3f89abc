"""Whether tests can be run apart from the submission: a decision from the tests and the prompt alone, so that no
submission can talk its way into a weaker process.

What is against it: anything that needs more than values to cross (functions, classes, objects, identity), that needs
both sides to share state (standard streams, files, patched modules, the seed of `random`), or names that only the
submission defines. Where this is too strict a right verdict still comes, from one process and labelled `sentinel`.
"""

import builtins
import types

# Libraries whose values cross, or which only compute.
LIBRARIES = frozenset("""__future__ abc bisect calendar cmath collections copy dataclasses datetime decimal enum
    fractions functools heapq
    itertools json keyword math numbers numpy operator pprint pytest random re statistics string sys textwrap time
    traceback typing unittest warnings""".split())
# Others that a prompt may bring along for the function's own use: they make text, bytes and numbers.
COMPUTING = frozenset("base64 binascii hashlib hmac html os secrets struct urllib zlib".split())
# Names by which tests reach around the values.
REACHING = frozenset("""__import__ breakpoint compile delattr dir eval exec globals help id input locals memoryview open
    redirect_stderr redirect_stdout setattr vars""".split())
REACHING_ATTRIBUTES = frozenset("""__annotations__ __closure__ __code__ __defaults__ __dict__ __doc__ __globals__
    __module__ __self__ __wrapped__ modules mock patch seed setrecursionlimit setstate stderr stdin stdout""".split())
# What takes values of a generator one by one; others run it to its end.
LAZY = frozenset("anext islice next takewhile".split())
# Of libraries, types whose values cross.
CROSSING = {"collections": ("Counter", "OrderedDict", "deque"), "decimal": ("Decimal",), "fractions": ("Fraction",),
            "datetime": ("date", "datetime", "time", "timedelta"), "numpy": ("ndarray",)}
SINGLETONS = (None, True, False, Ellipsis)
EXCEPTIONS = [kind for kind in vars(builtins).values() if isinstance(kind, type) and issubclass(kind, BaseException)]
PLAIN = (type(None), bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, range,
         type(iter([])), *EXCEPTIONS)
ONLY_AST = 0x400  # ast.PyCF_ONLY_AST, without the import
FUNCTIONS = ("FunctionDef", "AsyncFunctionDef")
SCOPES = (*FUNCTIONS, "Lambda", "ClassDef")


def parse(text, name):
    return compile(text, name, "exec", ONLY_AST, dont_inherit=True)


def compile_tests(text):
    """The syntax tree and the code of tests. Raises SyntaxError, ValueError."""
    tree = parse(text, "tests.py")
    return tree, compile(tree, "tests.py", "exec", dont_inherit=True, optimize=0)


def waits_for_check(tree):
    """Whether the tests define `check` and leave calling it to the grader (HumanEval)."""
    defined = any(kind_of(node) in FUNCTIONS and node.name == "check" for node in tree.body)
    return defined and not any(mentions(node, "check") for node in tree.body)


def mentions(node, name):
    """Whether code that runs at the top level uses `name`; the bodies of functions and classes do not count."""
    if kind_of(node) in SCOPES:
        return False
    return name_of(node) == name or any(mentions(child, name) for child in children(node))


def kind_of(node):
    return type(node).__name__


def children(node):
    for field in node._fields:
        value = getattr(node, field, None)
        for child in value if type(value) is list else (value,):
            if hasattr(child, "_fields"):
                yield child


def every(node):
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(children(node))


def name_of(node):
    return node.id if kind_of(node) == "Name" else None


def targets_of(assignment):
    """The names that an assignment binds, and those that its targets are reached by."""
    targets = assignment.targets if kind_of(assignment) == "Assign" else [assignment.target]
    return {name.id for target in targets for name in every(target) if kind_of(name) == "Name"}


def bindings(node):
    """(the targets, the value) of everything that binds names to a value."""
    kind = kind_of(node)
    if kind == "Assign":
        return node.targets, node.value
    if kind in ("AnnAssign", "AugAssign", "NamedExpr"):
        return [node.target], node.value
    if kind in ("For", "AsyncFor", "comprehension"):
        return [node.target], node.iter
    if kind == "withitem":
        return [node.optional_vars], node.context_expr
    return [], None


def names_in(node):
    return {name.id for name in every(node) if kind_of(name) == "Name"}


def reached(nodes, seeds):
    """The names that may hold something which comes from those of `seeds`."""
    bound = [({name for target in targets if target for name in names_in(target)}, names_in(value))
             for targets, value in map(bindings, nodes) if value is not None]
    names, size = set(seeds), -1
    while size != len(names):
        size = len(names)
        for targets, sources in bound:
            if sources & names:
                names |= targets
    return names


class Tests:
    """What a text of tests, or a prompt, binds, loads, imports and calls."""

    def __init__(self, tree):
        self.nodes = list(every(tree))
        self.bound, self.loaded, self.imported, self.libraries, self.defined = set(), set(), set(), set(), set()
        for node in self.nodes:
            kind = kind_of(node)
            if kind == "Name":
                (self.loaded if kind_of(node.ctx) == "Load" else self.bound).add(node.id)
            elif kind in (*FUNCTIONS, "ClassDef"):
                self.bound.add(node.name)
            elif kind == "arg":
                self.bound.add(node.arg)
            elif kind in ("Import", "ImportFrom"):
                self.libraries |= {node.module or "."} if kind == "ImportFrom" else {alias.name for alias in node.names}
                self.imported |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
            elif kind == "ExceptHandler" and node.name:
                self.bound.add(node.name)
            elif kind in ("MatchAs", "MatchStar") and node.name:
                self.bound.add(node.name)
        self.bound |= self.imported
        for node in tree.body:
            if kind_of(node) in (*FUNCTIONS, "ClassDef"):
                self.defined.add(node.name)
            elif kind_of(node) in ("Assign", "AnnAssign", "AugAssign"):
                self.defined |= targets_of(node)
        self.classes = {node.name for node in tree.body if kind_of(node) == "ClassDef"}
        self.functions = {node.name for node in tree.body if kind_of(node) in FUNCTIONS}
        self.calls = [node for node in self.nodes if kind_of(node) == "Call"]

    def foreign(self):
        """The libraries that are imported, less those whose values cross."""
        return {name.partition(".")[0] for name in self.libraries} - LIBRARIES

    def check_parameters(self):
        """What `check` calls the candidate."""
        for node in self.nodes:
            if kind_of(node) == "FunctionDef" and node.name == "check" and node.args.args:
                return {node.args.args[0].arg}
        return set()


def only_call(tests, unknown):
    """The one function that the tests call and nobody defines: the entry point where the request names none."""
    called = {name_of(call.func) for call in tests.calls} & unknown
    if len(unknown) == 1 and called == unknown and next(iter(unknown))[0].islower():
        return next(iter(unknown))
    return ""


def objection(tree, prompt, namespace, entry_point):
    """(why the tests do not fit, or "", and the name of the function that they test). `prompt` is the syntax tree of
    the prompt, or None, and `namespace` what it leaves."""
    tests = Tests(tree)
    tests.modules = {name: value for name, value in namespace.items() if isinstance(value, types.ModuleType)}
    prompt = Tests(prompt) if prompt else None
    prompt_classes = prompt.classes if prompt else set()
    unknown = tests.loaded - tests.bound - namespace.keys() - vars(builtins).keys() - {"__name__", "__file__"}
    if entry_point:
        unknown.discard(entry_point)
    else:
        entry_point = only_call(tests, unknown)
        unknown.discard(entry_point)
    if unknown:
        return "they use %s, which only the submission defines" % ", ".join(sorted(unknown)[:3]), ""
    if not entry_point:
        return "they name no function to test", ""
    if not tests.check_parameters() and not {entry_point, "check"} & tests.loaded:
        return "they never call " + entry_point, ""
    if entry_point in tests.defined:
        return "they define %s themselves" % entry_point, ""
    if prompt_classes & (tests.loaded | {entry_point}):
        return "they use classes of the prompt", ""
    candidates = {entry_point} | tests.check_parameters()
    foreign = prompt.foreign() - COMPUTING if prompt else set()
    if foreign:
        return "the prompt imports " + min(foreign), ""
    for rule in (reaching, identity, callables, attributes):
        reason = rule(tests, candidates)
        if reason:
            return reason, ""
    return "", entry_point


def reaching(tests, candidates):
    if tests.foreign():
        return "they import " + min(tests.foreign())
    for node in tests.nodes:
        kind = kind_of(node)
        if kind == "alias" and node.name.rpartition(".")[2] in REACHING_ATTRIBUTES:
            return "they import " + node.name
        if kind in ("AsyncFunctionDef", "Await"):
            return "they are asynchronous"
        if kind == "Name" and node.id in REACHING and node.id not in tests.bound:
            return "they use " + node.id
        if kind == "Attribute" and node.attr in REACHING_ATTRIBUTES:
            return "they use ." + node.attr
    return ""


def identity(tests, candidates):
    for node in tests.nodes:
        if kind_of(node) != "Compare":
            continue
        sides = [node.left, *node.comparators]
        for operator, left, right in zip(node.ops, sides, sides[1:]):
            if kind_of(operator) in ("Is", "IsNot") and not (is_singleton(left) or is_singleton(right)):
                return "they ask for identity"
    return ""


def is_singleton(node):
    """None and its like, and types."""
    if kind_of(node) == "Call" and name_of(node.func) == "type":
        return True
    if kind_of(node) == "Constant":
        return any(node.value is one for one in SINGLETONS)
    return isinstance(vars(builtins).get(name_of(node)), type)


def results_of(tests, candidates):
    """Variables that may hold what the candidate returned."""
    direct = set()
    for targets, value in map(bindings, tests.nodes):
        if value is not None and any(kind_of(one) == "Call" and name_of(one.func) in candidates for one in every(value)):
            direct = direct.union(*map(names_in, filter(None, targets)))
    return reached(tests.nodes, direct)


def callables(tests, candidates):
    """Functions given to the candidate, or got from it."""
    made = results_of(tests, candidates) - candidates
    for call in tests.calls:
        called_twice = kind_of(call.func) in ("Call", "Subscript") and root_of(call.func) in made | candidates
        if called_twice or name_of(call.func) in made:
            return "they call what the function returns"
        if (name_of(call.func) or getattr(call.func, "attr", "")) in LAZY and names_in(call) & (made | candidates):
            return "they take what it returns one by one"
        if name_of(call.func) in candidates:
            given = [*call.args, *(keyword.value for keyword in call.keywords)]
            if any(kind_of(one) == "Lambda" for one in given):
                return "they give it a function"
    return ""


def attributes(tests, candidates):
    """Attributes that no plain value has belong to objects of the submission."""
    plain = set().union(*map(dir, PLAIN))
    modules = tests.imported | tests.functions | tests.classes | tests.modules.keys() | {"self", "cls"}
    loaded = tests.libraries | {module.__name__ for module in tests.modules.values()}
    for library in {name.partition(".")[0] for name in loaded} & CROSSING.keys():
        try:
            module = __import__(library)
            plain = plain.union(*(dir(getattr(module, kind)) for kind in CROSSING[library]))
        except ImportError:
            pass  # the tests will say so
    plain |= {"exception", "output", "warning", "warnings"}  # of unittest's context managers
    for node in tests.nodes:
        if kind_of(node) == "Attribute" and node.attr not in plain:
            root = root_of(node)
            if root in candidates or root not in modules and not assigned_from(tests, root, modules):
                return "they use ." + node.attr + " of an object"
    return ""


def assigned_from(tests, name, modules):
    """Whether a variable only ever holds what a library made: rng = random.Random(42)."""
    values = [node.value for node in tests.nodes if name and kind_of(node) == "Assign" and name in targets_of(node)]
    return bool(values) and all(root_of(value) in modules for value in values)


def root_of(node):
    """The name that an expression begins with: x of x.y[0].z()."""
    while kind_of(node) in ("Attribute", "Call", "Subscript"):
        node = node.func if kind_of(node) == "Call" else node.value
    return name_of(node)
