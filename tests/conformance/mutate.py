"""Wrong solutions made from right ones, by one small change each, as a judge has to tell them apart.

A mutant counts only if the bare toolchain finds it wrong: it compiles, and a test of it fails. The choice depends on
nothing but the row, and is cached in the build folder, since it takes a compiler run or more for each row.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import datasets  # noqa: E402
import farm  # noqa: E402

SWAPS = {"<": ">=", ">": "<=", "<=": ">", ">=": "<", "==": "!=", "!=": "==", "+": "-", "-": "+", "*": "+", "/": "*",
         "%": "+", "//": "*", "+=": "-=", "-=": "+=", "and": "or", "or": "and", "&&": "||", "||": "&&", "not": "",
         "True": "False", "False": "True", "true": "false", "false": "true", "in": "not in", "if": "if not",
         "min": "max", "max": "min", "break": "continue", "sorted": "list"}
RETURN = {"python": "return not", "cpp": "return !"}
TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|(?:#|//)\s.*|->|<<|>>|\+\+|--|'
                   r"[<>=!+\-*/%&|]=?[=/|&]?|[A-Za-z_]\w*|\d+(?:\.\d+)?|\S")


def mutations(solution, language):
    """All changes of one token and all removals of one line of a solution, as source texts.

    >>> sorted(mutations("return a < 10", "python"))
    ['', 'return a < 11', 'return a >= 10', 'return not a < 10']
    >>> sorted(mutations("f('a < b')", "python"))
    ['']
    """
    lines = solution.splitlines(keepends=True)
    for i in range(len(lines)):
        yield "".join(lines[:i] + lines[i + 1:])
    for token in TOKEN.finditer(solution):
        text = token[0]
        changed = RETURN[language] if text == "return" else SWAPS.get(text)
        if changed is None and text.isdigit():
            changed = str(int(text) + 1)
        if changed is not None:
            yield solution[:token.start()] + changed + solution[token.end():]


def bare_run(command, folder, seconds):
    """Runs a command as nobody, confined by rlimits; (status, stderr). A timeout is the status None."""
    def confine():
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        resource.setrlimit(resource.RLIMIT_FSIZE, (256 << 20, 256 << 20))
    who = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    try:
        done = subprocess.run(command, cwd=folder, timeout=seconds * 2, preexec_fn=confine, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace",
                              env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}, **who)
        return done.returncode, done.stderr
    except subprocess.TimeoutExpired:
        return None, ""


# A missing return or a variable without a value may pass by luck at one level of optimisation.
CPP_COMPILERS = [["/usr/bin/g++", "-std=gnu++17", "-w", level, "-o", "main", "main.cc"] for level in ("-O0", "-O2")]


def bare_verdict(program, language):
    """What the bare toolchain says of a program with its tests: "passes", "fails" (a test does) or "broken"."""
    folder = tempfile.mkdtemp(prefix="mutant-")
    try:
        os.chmod(folder, 0o777)
        if language == "python":
            pathlib.Path(folder, "main.py").write_text(program, encoding="utf-8")
            return run_verdict(["/usr/bin/python3", "-I", "main.py"], folder)
        pathlib.Path(folder, "main.cc").write_text(program, encoding="utf-8")
        verdicts = set()
        for compiler in CPP_COMPILERS:
            status, _ = bare_run(compiler, folder, 60)
            verdicts.add("broken" if status != 0 else run_verdict(["./main"], folder))
            if len(verdicts) > 1 or "broken" in verdicts:
                return "broken"
        return verdicts.pop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_verdict(command, folder):
    status, stderr = bare_run(command, folder, 5)
    if status == 0:
        return "passes"
    return "fails" if any(mark in stderr for mark in ("AssertionError", "Assertion `", "did not pass")) else "broken"


def mutant_of(row, language, convert):
    """The first failing mutant of a row's canonical solution in an order fixed by the row, or None."""
    solution = row["canonical_solution"]
    choices = sorted(set(mutations(solution, language)) - {solution})
    random.Random(row["task_id"]).shuffle(choices)
    for choice in choices:
        if bare_verdict(datasets.program(convert(row, language, choice)), language) == "fails":
            return choice
    return None


def mutants(name):
    """The mutated solution of each row of an assert data set, by task id; cached by the content of both files."""
    language, convert = datasets.ASSERT_SETS[name]
    rows = datasets.rows(name)
    state = json.dumps(rows) + pathlib.Path(__file__).read_text(encoding="utf-8")
    cache = farm.BUILD / "conformance" / f"{name}-{hashlib.sha256(state.encode()).hexdigest()[:16]}.json"
    if not cache.exists():
        print(f"making mutants of {name} ({len(rows)} rows)", flush=True)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            found = pool.map(lambda row: mutant_of(row, language, convert), rows)
            made = {row["task_id"]: mutant for row, mutant in zip(rows, found) if mutant is not None}
        cache.parent.mkdir(parents=True, exist_ok=True)
        partial = cache.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps(made), encoding="utf-8")
        partial.rename(cache)
    return json.loads(cache.read_text(encoding="utf-8"))
