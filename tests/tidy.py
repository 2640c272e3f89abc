#!/usr/bin/env python3
"""Runs clang-tidy over the programs' sources and remembers which were found clean.

  tidy.py [--build DIR] [--seconds N] [--jobs N]

A source is looked at again when it, a header that it includes, its command line, the list of checks or clang-tidy itself
has changed. The memory is ~/.cache/gradefarm/clang-tidy, as small as it is old: entries of more than 30 days go. What
does not fit into --seconds is named as not looked at, and is no failure: it is the next run's. Tests' sources are left
out, and so are the harnesses, which the farm compiles, not we.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time

TIDY = "clang-tidy-14"
FOLDERS = ("schemas", "monitoring", "grader", "gpu_grader", "producer")
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "gradefarm" / "clang-tidy"
DAYS = 30


def wanted(path, root):
    """Whether a source is linted.

    >>> wanted("/r/grader/main.cc", "/r"), wanted("/r/tests/unit/a.cc", "/r")
    (True, False)
    >>> wanted("/r/grader/evaluate/harness/cpp_assert_main.cc", "/r")
    False
    """
    parts = pathlib.PurePath(os.path.relpath(path, root)).parts
    return parts[0] in FOLDERS and parts[:3] != ("grader", "evaluate", "harness")


def parse_deps(text):
    """The files that each object was made of, from `ninja -t deps`.

    >>> parse_deps("a.o: #deps 2, deps mtime 1 (VALID)\\n    ../a.cc\\n    /usr/include/b.h\\n\\n")
    {'a.o': ['../a.cc', '/usr/include/b.h']}
    """
    deps, current = {}, None
    for line in text.splitlines():
        if line.startswith("    "):
            current.append(line.strip())
        elif ":" in line:
            current = deps.setdefault(line.split(":", 1)[0], [])
    return deps


class Digests:
    """The state of files: our own by content, the system's by size and time."""

    def __init__(self, build, root):
        self.build, self.root, self.known = build, root, {}

    def of(self, name):
        if name not in self.known:
            path = os.path.normpath(os.path.join(self.build, name))
            if path.startswith(self.root + os.sep):
                state = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
                path = os.path.relpath(path, self.root)
            else:
                stat = os.stat(path)
                state = f"{stat.st_size} {stat.st_mtime_ns}"
            self.known[name] = f"{path} {state}\n"
        return self.known[name]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", help="a built tree with compile_commands.json (default: build)")
    parser.add_argument("--seconds", type=float, default=420, help="start nothing after this time (default: 420)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    begin = time.monotonic()
    build, root = os.path.realpath(options.build), os.getcwd()

    deps = parse_deps(subprocess.run(["ninja", "-C", build, "-t", "deps"], stdout=subprocess.PIPE, text=True,
                                     check=True).stdout)
    version = subprocess.run([TIDY, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    base = version + pathlib.Path(".clang-tidy").read_text()
    digests = Digests(build, root)
    CACHE.mkdir(parents=True, exist_ok=True)
    for old in CACHE.iterdir():
        if time.time() - old.stat().st_mtime > DAYS * 86400:
            old.unlink(missing_ok=True)

    todo, known = [], 0
    for entry in json.loads(pathlib.Path(build, "compile_commands.json").read_text()):
        if not wanted(entry["file"], root):
            continue
        command = entry["command"].replace(root, "")
        object_file = entry["command"].split(" -o ", 1)[1].split()[0]
        files = deps.get(object_file) or [entry["file"]]
        key = hashlib.sha256((base + command + "".join(sorted(map(digests.of, files)))).encode()).hexdigest()
        if (CACHE / key).exists():
            (CACHE / key).touch()
            known += 1
        else:
            todo.append((entry["file"], CACHE / key))

    def look_at(item):
        path, clean = item
        if time.monotonic() - begin > options.seconds:
            return path, None
        run = subprocess.run([TIDY, "-p", build, "--quiet", "--warnings-as-errors=*", path], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, errors="replace")
        if run.returncode == 0:
            clean.touch()
            return path, ""
        return path, run.stdout

    failed, late = 0, []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for path, findings in pool.map(look_at, todo):
            if findings is None:
                late.append(os.path.relpath(path, root))
            elif findings:
                failed += 1
                print(findings)
    print(f"clang-tidy: {known} sources known as clean, {len(todo) - len(late)} looked at, {failed} with findings, "
          f"{len(late)} not looked at within {options.seconds:.0f} s" + "".join(f"\n  {path}" for path in late))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
