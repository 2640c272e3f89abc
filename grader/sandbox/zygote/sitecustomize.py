"""The Python side of a slot's zygote: a warmed interpreter of which every Python program of the slot is a fork.

The operator's interpreter is started as `python3 main.py` in the prepared root, and imports this file as it sets up its
module path (`import site`), before it looks at main.py. Here it imports what programs usually import, and then forks
whenever it is told to. The fork returns from here, and the interpreter goes on as it always does: it opens main.py, by
then the submission's, with everything that `python3 main.py` has and nothing that it has not. The zygote itself never
gets any further and never sees a line of a submission.

Modules that were imported early are hidden until the program imports them, and appear with what they import themselves,
so that a program which forgets an import fails as it would outside.

The privileged steps between fork and program are C++: child.cc, in the library beside this file.
"""

import os
import sys

import _frozen_importlib

DIRECTORY = os.path.dirname(__file__)
ModuleSpec, module_from_spec = _frozen_importlib.ModuleSpec, _frozen_importlib.module_from_spec
MAIN = "main.py"
OPENED = os.path.join(os.getcwd(), MAIN)  # what the interpreter will open, since it was started with that


class Traced:
    """Notes who imports whom, while modules are imported early."""

    def __init__(self):
        import builtins

        self.builtins, self.original = builtins, builtins.__import__
        self.edges, self.importing = {}, []

    def __enter__(self):
        self.builtins.__import__ = self.import_module
        return self

    def __exit__(self, *_):
        self.builtins.__import__ = self.original

    def import_module(self, name, globals=None, locals=None, fromlist=(), level=0):
        before, absolute = set(sys.modules), absolute_name(name, globals, level)
        importer = self.importer(globals)
        self.importing.append(absolute)
        try:
            result = self.original(name, globals, locals, fromlist, level)
        finally:
            self.importing.pop()
        if importer:
            edges = self.edges.setdefault(importer, set())
            edges.update(sys.modules.keys() - before)
            parts = absolute.split(".")
            edges.update(".".join(parts[:end]) for end in range(1, len(parts) + 1))
            edges.update(f"{absolute}.{one}" for one in fromlist or ())
        return result

    def importer(self, globals):
        """The module that is being executed and imports another. What functions import later, for others, is not its."""
        name = globals.get("__name__") if globals else None
        if name and name.startswith(("_frozen_importlib", "importlib._bootstrap")):  # which is loading a module in C
            return self.importing[-1] if self.importing else None
        spec = getattr(sys.modules.get(name), "__spec__", None)
        return name if getattr(spec, "_initializing", False) else None


def absolute_name(name, globals, level):
    if level == 0:
        return name
    package = globals.get("__package__") or globals["__name__"]
    base = package.rsplit(".", level - 1)[0]
    return f"{base}.{name}" if name else base


class ForkHandlers:
    """Notes what modules that are imported early want done around a fork. The forks of the zygote do it where a program
    imports the module: most programs import few, and everything that is touched is a page that is copied."""

    def __init__(self):
        self.handlers, self.original = {}, os.register_at_fork

    def __enter__(self):
        os.register_at_fork = self.note
        return self

    def __exit__(self, *_):
        os.register_at_fork = self.original

    def note(self, **functions):
        name = sys._getframe(1).f_globals.get("__name__")
        self.handlers.setdefault(name, []).append(functions)

    def settle(self, module):
        """The module comes to light in a fork."""
        for functions in self.handlers.pop(module, ()):
            self.original(**functions)
            if after := functions.get("after_in_child"):
                after()


class Hidden:
    """Early imports: modules that nobody can see until they are imported. A finder of sys.meta_path, and its loader."""

    def __init__(self, visible, edges, fork_handlers):
        self.modules = {name: sys.modules.pop(name) for name in list(sys.modules) if name not in visible}
        self.edges, self.fork_handlers = edges, fork_handlers
        for name in visible:
            fork_handlers.settle(name)
        self.attributes = {}  # of packages: name -> (package, its attribute)
        self.specs = {}
        for name, module in self.modules.items():
            package, _, attribute = name.rpartition(".")
            owner = self.modules.get(package) or sys.modules.get(package)
            if owner is not None and owner.__dict__.get(attribute) is module:
                self.attributes[name] = (owner, attribute)
                delattr(owner, attribute)
        self.top_level = {name.partition(".")[0] for name in self.modules}
        self.keep = ()

    def find_spec(self, name, path=None, target=None):
        if name not in self.modules:
            return None
        return ModuleSpec(name, self)

    def create_module(self, spec):
        module = self.modules[spec.name]
        self.specs[spec.name] = module.__spec__
        self.reveal(spec.name)
        return module

    def exec_module(self, module):
        """It was executed in the zygote. The import system has meanwhile put another spec into it."""
        module.__spec__ = self.specs.pop(module.__spec__.name)

    def reveal(self, name):
        """Makes a module visible, with all that importing it imports."""
        waiting = [name]
        while waiting:
            one = waiting.pop()
            module = self.modules.pop(one, None)
            if module is None:
                continue
            sys.modules[one] = module
            if one in self.attributes:
                owner, attribute = self.attributes.pop(one)
                setattr(owner, attribute, module)
            self.fork_handlers.settle(one)
            if one == "threading":
                getattr(module.main_thread(), "_set_native_id", int)()  # which is another in each fork
            if one == "numpy.random.mtrand":
                module.seed()  # or all programs would draw the same numbers
            waiting += self.edges.get(one, ())
            package = one.rpartition(".")[0]
            if package:
                waiting.append(package)


class TrustedModules:
    """What the trusted programs in .farm import, compiled already. Only while .farm is what they import from."""

    def __init__(self, directory, programs):
        self.directory, self.programs = directory, programs

    def find_spec(self, name, path=None, target=None):
        if sys.path[0] != self.directory or name not in self.programs:
            return None
        return ModuleSpec(name, self)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        source, code = self.programs[module.__name__]
        module.__file__ = source
        exec(code, module.__dict__)


def read(name):
    with open(os.path.join(DIRECTORY, name), "rb") as file:
        return file.read()


def trusted_programs():
    """By module name: (path as the program will be told, code)."""
    programs, directory = {}, os.path.join(DIRECTORY, "trusted")
    for name in os.listdir(directory) if os.path.isdir(directory) else ():
        source = os.path.abspath(f".farm/{name}")
        programs[name.rpartition(".")[0]] = source, compile(read(f"trusted/{name}"), source, "exec", dont_inherit=True)
    return programs


def import_early(names):
    """What is installed of `names`, and what that imports. Returns who imported whom."""
    with Traced() as traced:
        # Installed packages first: their C code imports past __import__, which shows where a module is new.
        for name in sorted(names, key=lambda one: one.partition(".")[0] in sys.stdlib_module_names):
            try:
                __import__(name)
            except ImportError:
                pass
    return traced.edges


def finder_of_files():
    return next(one for one in sys.meta_path if getattr(one, "__name__", "") == "PathFinder")


def operators_own():
    """The sitecustomize that this one stands in front of: run as if this were not here."""
    spec = finder_of_files().find_spec("sitecustomize", sys.path)
    if spec is None:
        return None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_trusted(program, end_by):
    """Does not return: there is no script after it."""
    source, code = program
    main = sys.modules["__main__"]
    main.__file__ = source
    sys.path.insert(0, os.path.dirname(source))
    ending = SystemExit(0)
    try:
        exec(code, main.__dict__)
    except BaseException as error:
        ending = error
    if not isinstance(ending, SystemExit):
        end_by(type(ending), ending)  # which prints it
        ending = SystemExit(1)
    end_by(SystemExit, ending)


def content_of(name):
    try:
        file = os.open(name, os.O_RDONLY)
    except OSError:
        return b""
    content = os.read(file, os.fstat(file).st_size)
    os.close(file)
    return content


def is_archive(content):
    """Whether it may end as a zip file does: zipimport then runs what is in it."""
    return b"PK\5\6" in content[-22 - 65535:]


def sets_environment(content):
    """Whether it may be meant for libraries that look at the environment when they are loaded: numpy's, for threads."""
    return b"environ" in content or b"putenv" in content


def in_front(files, hidden, without_user_site):
    """Whether files beside the program are found before modules that were imported early, or configure the interpreter."""
    return (".local" in files and not without_user_site) or not hidden.top_level.isdisjoint(name.partition(".")[0] for name in files)


class Leaving:
    """The end of a program that ran to its end: what finalizing the interpreter does as far as anybody can see.

    The rest, freeing all that was imported early, takes longer than most programs. Called by atexit, after everything
    that was registered there. Does nothing where the exit code is another than 0 or may be, and for a stream that
    cannot be flushed: then the interpreter finalizes itself. Source: Py_FinalizeEx() and finalize_modules() in CPython's
    pylifecycle.c.
    """

    def __init__(self, library, collect, reference):
        self.is_told_to_exit = library.farm_zygote_is_told_to_exit
        self.collect, self.reference, self.leave = collect, reference, os._exit
        self.islice, self.count = sys.modules["itertools"].islice, 0
        self.imported_early = ()

    def __call__(self):
        if hasattr(sys, "last_type") or self.is_told_to_exit():
            return
        try:
            self.flush()
            self.collect()
            modules = []
            for name in self.names():
                if (module := sys.modules[name]) is not None:
                    modules.append((name, self.reference(module)))
            del module
            for name, _ in modules:
                sys.modules[name] = None
            self.collect()
            for _, module in modules:
                if module() is not None:
                    clear(vars(module()))
            self.collect()
            self.flush()
        except BaseException:
            return
        self.leave(0)

    def names(self):
        """Of the modules that the program brought. New ones are the last; to look at others is to copy their pages."""
        new = list(self.islice(reversed(sys.modules), max(0, len(sys.modules) - self.count)))
        return ["__main__", *(name for name in reversed(new) if name not in self.imported_early)]

    def flush(self):
        for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
            if stream is not None and not stream.closed:
                stream.flush()


def clear(names):
    """As _PyModule_ClearDict() does."""
    for private in (True, False):
        for name, value in list(names.items()):
            if value is None or not isinstance(name, str) or name == "__builtins__":
                continue
            if not private or (name.startswith("_") and not name.startswith("__")):
                names[name] = None


def tells_exits_apart(end_by):
    """Whether Leaving knows the end of sys.exit() when it sees it: tried out."""
    child = os.fork()
    if child == 0:
        end_by(SystemExit, 3)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3


def fresh_main():
    """Puts a new __main__ in the place of the zygote's, of which garbage collection knows nothing."""
    old = sys.modules["__main__"]
    main = sys.modules["__main__"] = type(sys)("__main__")
    main.__loader__, main.__builtins__, main.__annotations__ = old.__loader__, old.__builtins__, {}


def without_usercustomize():
    """Saves a fork the search for what is not there: it is asked for next, and the path is known."""
    site = sys.modules["site"]
    original = site.execusercustomize

    def nothing():
        site.execusercustomize = original

    if finder_of_files().find_spec("usercustomize", sys.path) is None:
        site.execusercustomize = nothing
    return original


def user_site_switch(ctypes):
    """A function that does what `python3 -s` does. What asked for this file looks at it next."""
    set_item = ctypes.pythonapi.PyStructSequence_SetItem  # of a tuple that Python cannot change
    set_item.restype, set_item.argtypes = None, (ctypes.py_object, ctypes.c_ssize_t, ctypes.py_object)
    names = [field.partition("=")[0] for field in repr(sys.flags).partition("(")[2].split(", ")]
    index, one = names.index("no_user_site"), ctypes.py_object(1)
    execusercustomize = without_usercustomize()

    def switch_off():
        sys.modules["site"].execusercustomize = execusercustomize
        ctypes.pythonapi.Py_IncRef(one)  # which set_item() takes
        set_item(sys.flags, index, one)
        sys.modules["site"].ENABLE_USER_SITE = False

    return switch_off


def become(arguments, hidden, programs, own, end_by, switch_off_user_site):
    """In the fork, in its sandbox: from here on this process is `python3` with these arguments."""
    options, script = arguments[:-1], arguments[-1]
    name = os.path.basename(script).rpartition(".")[0]
    trusted = programs.get(name) if script == f".farm/{name}.py" else None
    known = (trusted or script == MAIN) and options in ([], ["-s"])
    content = content_of(MAIN)
    if not known or sets_environment(content) or in_front(os.listdir(), hidden, bool(options)):
        os.execve(sys.executable, [sys.orig_argv[0], *arguments], os.environ)
    if options:
        switch_off_user_site()
    sys.argv[:] = [script]
    sys.orig_argv[1:] = arguments
    fresh_main()
    sys.meta_path.insert(0, hidden)
    if trusted:
        sys.meta_path.insert(0, TrustedModules(os.path.abspath(".farm"), programs))
    hooks = sys.path_hooks

    def before_main(path):
        """Called by the interpreter with what it is about to run, and no frame of ours below."""
        if path != OPENED:
            raise ImportError
        sys.path_hooks = hooks
        del sys.modules["sitecustomize"]
        if own is not None:
            sys.modules["sitecustomize"] = own
        if trusted:
            run_trusted(trusted, end_by)
        raise ImportError

    # The interpreter goes through this very list while before_main replaces it: it has to outlive the call. What is left
    # out looks for an archive.
    before_main.hooks = sys.path_hooks = [before_main, *(hooks if is_archive(content) else ())]


def serve():
    sys.path.remove(DIRECTORY)
    sys.path_importer_cache.pop(DIRECTORY, None)
    del os.environ["PYTHONPATH"]
    own = operators_own()
    programs = trusted_programs()
    visible = set(sys.modules)
    with ForkHandlers() as fork_handlers:
        edges = import_early(["atexit", "_weakref", "gc", "itertools", "ctypes"])
    gc, ctypes = sys.modules["gc"], sys.modules["ctypes"]
    library = ctypes.PyDLL(os.path.join(DIRECTORY, "zygote.so"))
    library.farm_zygote_arguments.restype = ctypes.c_char_p
    before_fork, in_parent, in_child = (
        getattr(ctypes.pythonapi, f"PyOS_{name}") for name in ("BeforeFork", "AfterFork_Parent", "AfterFork_Child"))
    for function in (before_fork, in_parent, in_child):
        function.restype, function.argtypes = None, ()

    def end_by(kind, value):
        library.farm_zygote_end_by(ctypes.py_object(kind), ctypes.py_object(value))

    leaving = Leaving(library, gc.collect, sys.modules["_weakref"].ref)
    sys.modules["atexit"].register(leaving)  # first, to be called last
    if not tells_exits_apart(end_by):
        sys.modules["atexit"].unregister(leaving)
    switch_off_user_site = user_site_switch(ctypes)
    with fork_handlers:
        edges = {**import_early(read("preload").decode().split()), **edges}
    leaving.count = len(visible) - 1  # less this file
    leaving.imported_early = frozenset(sys.modules) - {"__main__", "sitecustomize"}
    hidden = Hidden(visible, edges, fork_handlers)
    # Never taken apart, neither as a fork leaves this file nor as an interpreter ends: that would copy every page of what
    # no program used.
    kept = [sys.modules["sitecustomize"], hidden, programs, edges, visible, leaving, library, end_by]
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))
    gc.collect()
    gc.freeze()
    library.farm_zygote_ready()
    while library.farm_zygote_wait():
        before_fork()
        if library.farm_zygote_fork() == 0:
            in_child()
            arguments = library.farm_zygote_arguments().decode().split("\n")
            return become(arguments, hidden, programs, own, end_by, switch_off_user_site)
        in_parent()
    os._exit(0)


try:
    serve()
except BaseException:  # or the interpreter would go on as if nothing had happened
    sys.excepthook(*sys.exc_info())
    os._exit(1)
