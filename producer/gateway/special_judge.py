"""A special judge of SandboxFusion's kind as a checker of the farm: argv is input, expected, actual.

It is asked only about answers that are not equal by the peers' own rule, and finds its files in the current directory
under their names: stdin.txt, stdout.txt (the expected output) and answer.txt (the program's).
"""

import base64
import shutil
import sys


def read(path):
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        return file.read()


def number(line):
    try:
        return float(line)
    except ValueError:
        return None


def same_line(actual, expected):
    actual, expected = actual.lower().strip(), expected.lower().strip()
    if actual == expected:
        return True
    a, b = number(actual), number(expected)
    return a is not None and b is not None and abs(a - b) / max(abs(b), 1e-10) < 1e-5


def same(actual, expected):
    a, b = actual.strip().split("\n"), expected.strip().split("\n")
    return len(a) == len(b) and all(map(same_line, a, b))


def main():
    paths = sys.argv[1:4]
    if same(read(paths[2]), read(paths[1])):
        return
    for path, name in zip(paths, ("stdin.txt", "stdout.txt", "answer.txt")):
        shutil.copyfile(path, name)
    sys.argv[1:] = []
    judge = compile(base64.b64decode(JUDGE), "special_judge.py", "exec")
    try:
        exec(judge, {"__name__": "__main__"})
    except SystemExit as left:
        sys.exit(1 if left.code else 0)


