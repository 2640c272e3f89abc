#!/usr/bin/env python3
"""Checks that the documents at the root tell the truth where a machine can tell: links and names of tests.

A relative link must lead to a file or folder. A name in back quotes of the form Suite.Test must be a TEST in tests/,
corpus.<language>.<case> a folder of the corpus, and e2e.<name> a registered program.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
DOCUMENTS = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "DECISIONS.md", "CHANGELOG.md", "SECURITY.md",
             "gpu_grader/README.md", "producer/gateway/README.md", "producer/gateway/COMPATIBILITY.md", "deploy/container/README.md", "tests/bench/README.md", "monitoring/README.md", "monitoring/RUNBOOK.md", "deploy/monitoring/README.md"]


def links(text):
    """The relative targets of the links in a Markdown text.

    >>> links("[a](b/c.h) [d](https://e) [f](#g) [h](i.md#j)")
    ['b/c.h', 'i.md']
    """
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    return [target.partition("#")[0] for target in targets if not re.match(r"[a-z]+:|#", target)]


def test_names(text):
    """The names of tests in back quotes.

    >>> test_names("`OffsetTracker.GapHoldsBackCommit`, `corpus.python.sum`, `e2e.kill_grader`, `README.md`, `a.b`")
    ['OffsetTracker.GapHoldsBackCommit', 'corpus.python.sum', 'e2e.kill_grader']
    """
    return re.findall(r"`([A-Z]\w+\.[A-Z][a-z]\w+|corpus\.\w+\.\w+|e2e\.\w+)`", text)


def known_tests():
    names = set()
    for source in (ROOT / "tests").rglob("*_test.cc"):
        found = re.findall(r"\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)", source.read_text(encoding="utf-8"))
        names |= {f"{suite}.{name}" for suite, name in found}
    names |= {"corpus." + ".".join(path.parts[-3:-1]) for path in (ROOT / "tests/corpus").glob("*/*/request.json")}
    registered = (ROOT / "tests/e2e/CMakeLists.txt").read_text(encoding="utf-8")
    return names | {f"e2e.{name}" for name in re.findall(r"^farm_e2e\((\w+)", registered, re.MULTILINE)}


def main():
    problems = []
    known = known_tests()
    for name in DOCUMENTS:
        document = ROOT / name
        text = document.read_text(encoding="utf-8")
        problems += [f"{name}: no such file: {target}" for target in links(text)
                     if not (document.parent / target).exists()]
        problems += [f"{name}: no such test: {test}" for test in test_names(text) if test not in known]
    print("\n".join(problems) or f"{len(DOCUMENTS)} documents, no dead link and no unknown test")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
