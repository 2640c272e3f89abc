#!/usr/bin/env python3
"""Grades the hostile submissions of the shared catalogue, each followed by an honest one, and reports what came back.

  hostile.py [--brokers LIST] [--workers N]

Fails where an item gets no answer or an honest submission is not accepted: the farm must live. Which items were paid
although they must not be is reported by name; it does not fail yet. Items in languages that the farm does not serve
are skipped by name.
"""

import argparse
import collections
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import datasets  # noqa: E402
import farm  # noqa: E402

LANGUAGES = {"python": {"function_call", "assert", "stdin_stdout", "run"},
             "cpp": {"function_call", "assert", "stdin_stdout", "run"},
             "bash": {"stdin_stdout", "run"}}
LIMITS = {"run_cpu_ms": 2000, "run_wall_ms": 4000, "memory_bytes": 256 << 20, "output_bytes": 4 << 20}
HONEST = datasets.request("", "python", {"code": "print(int(input()) + 1)\n"},
                          {"type": "stdin_stdout", "cases": [{"stdin": "1\n", "stdout": "2\n"}]})
# For an item whose tests name only add(a, b) but which lists `assert` among its modes.
ADD_TESTS = "assert add(1, 2) == 3\nassert add(5, 7) == 12\n"


def evaluation_of(item, mode):
    """What the item is graded by in this mode, or None where the catalogue does not say."""
    tests = item["tests"]
    if mode == "run":
        return {"type": "run", "fetch_files": ["output.txt"] if item["expected"] == "fetch_refused" else []}
    if mode == "stdin_stdout" and isinstance(tests, list):
        return {"type": mode, "cases": [{"stdin": case["input"], "stdout": case["output"]} for case in tests]}
    if mode == "stdin_stdout" and "fn_name" in tests:  # it reads nothing, and must not be paid for that
        return {"type": mode, "cases": [{"stdin": "1 2\n", "stdout": "3\n"}]}
    if mode == "function_call" and "fn_name" in tests:
        cases = [{"args": args, "expected": out} for args, out in zip(tests["inputs"], tests["outputs"])]
        return {"type": mode, "entry_point": tests["fn_name"], "cases": cases}
    if mode == "assert" and "append" in tests:
        return {"type": mode, "tests": tests["append"]}
    if mode == "assert" and "test" in tests:
        return {"type": mode, "tests": tests["test"], "entry_point": tests["entry_point"]}
    if mode == "assert" and tests.get("fn_name") == "add":
        return {"type": mode, "tests": ADD_TESTS, "entry_point": "add"}
    return None


def main():
    parser = argparse.ArgumentParser(description="Grade the hostile submissions of the shared catalogue.")
    parser.add_argument("--brokers")
    parser.add_argument("--workers", type=int)
    options = parser.parse_args()
    folder = farm.shared("conformance", "hostile")
    if not options.brokers:
        farm.needs_root()
    requests, expected = [], {}
    for item in json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["items"]:
        for mode in [item["mode"], *item["also_modes"]]:
            name = f"{item['file']}:{mode}"
            evaluation = evaluation_of(item, mode) if mode in LANGUAGES.get(item["language"], ()) else None
            if evaluation is None:
                print(f"skipped {name} ({item['language']})")
                continue
            code = (folder / item["file"]).read_text(encoding="utf-8")
            requests.append({**datasets.request(name, item["language"], {"code": code}, evaluation), "limits": LIMITS})
            requests.append({**HONEST, "request_id": f"{name}:honest"})
            expected[name] = item["expected"]

    work = farm.BUILD / "conformance" / "hostile"
    rows = farm.grade(requests, work, brokers=options.brokers, workers=options.workers)
    results = {row["request_id"]: row for row in rows}
    print("verdicts:", dict(collections.Counter(results[name]["verdict"] for name in expected)))
    for name, word in sorted(expected.items()):
        result = results[name]
        leaks = [line for case in result["cases"] for line in case["stdout"].splitlines() if "LEAK" in line]
        if word.startswith("not_accepted") and result["verdict"] == "accepted" and not name.endswith(":run"):
            print(f"PAID {name} ({result['integrity']})")
        elif leaks:
            print(f"LEAK {name}: {leaks[:3]}")
        elif word.endswith("_limit") and result["verdict"] != word:
            print(f"note {name}: {result['verdict']} instead of {word}")
        elif result["fault"] == "farm":
            print(f"FARM {name}: {result['message'][:200]}")
    harmed = [name for name in expected if results[f"{name}:honest"]["verdict"] != "accepted"]
    for name in harmed:
        print(f"HARMED: the honest submission after {name} got {results[f'{name}:honest']['verdict']}")
    print(f"{len(expected)} hostile submissions answered, {len(expected) - len(harmed)} honest ones beside them accepted")
    sys.exit(1 if harmed else 0)


if __name__ == "__main__":
    main()
