#!/usr/bin/env python3
"""What one grader has compiled, the next one of the host does not compile again, and nobody can tell but by `cached`."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import farm  # noqa: E402

ADDS = "#include <bits/stdc++.h>\nint main() { int a, b; std::cin >> a >> b; std::cout << a + b << '\\n'; }\n"
SOURCES = {"right": ADDS, "warned": ADDS.replace("int a, b", "int a, b; std::auto_ptr<int> old"),
           "wrong": ADDS.replace("a + b", "a - b"), "broken": ADDS.replace("std::cin", "cin")}
VERDICTS = {"right": "accepted", "warned": "accepted", "wrong": "wrong_answer", "broken": "compile_error"}
ONLY_MEASURED = ("timings", "grader")


def graded(work):
    requests = [{"schema_version": 1, "request_id": name, "trainer": "cache",
                 "submission": {"language": "cpp", "code": code},
                 "evaluation": {"type": "stdin_stdout", "cases": [{"stdin": "1 2\n", "stdout": "3\n"}]}}
                for name, code in SOURCES.items()]
    return {result["request_id"]: result for result in farm.grade(requests, work, workers=1)}


def told(result):
    """What does not depend on when and where it was graded."""
    told = {key: value for key, value in result.items() if key not in ONLY_MEASURED}
    told["compile"] = {key: value for key, value in told["compile"].items() if key != "cached"}
    told["cases"] = [{key: value for key, value in case.items() if not key.endswith(("_ms", "memory_bytes", "attempts"))}
                     for case in told["cases"]]
    return told


def main():
    farm.needs_root()
    with tempfile.TemporaryDirectory(prefix="compile-cache-") as name:
        work = pathlib.Path(name)
        work.chmod(0o755)
        os.environ |= {"GRADEFARM_COMPILE_CACHE": "32MiB", "GRADEFARM_COMPILE_CACHE_DIR": str(work / "compilers")}
        first, second = graded(work), graded(work)
        for name, verdict in VERDICTS.items():
            assert first[name]["verdict"] == verdict and not first[name]["compile"].get("cached"), first[name]
            assert second[name]["compile"]["cached"], second[name]
            assert told(second[name]) == told(first[name]), (told(first[name]), told(second[name]))
            assert "/farm/" not in first[name]["compile"].get("stderr", ""), first[name]

        for entry in (work / "compilers").glob("uid-*/programs/*.compiled"):
            entry.write_bytes(entry.read_bytes()[:-1])
        third = graded(work)
        for name, verdict in VERDICTS.items():
            assert third[name]["verdict"] == verdict and not third[name]["compile"].get("cached"), third[name]

        done = subprocess.run([farm.program("gradefarm"), "doctor", "--json", "--workers", "1"], capture_output=True,
                              text=True, timeout=240, stdin=subprocess.DEVNULL)
        found = {line["check"]: line for line in map(json.loads, done.stdout.splitlines())}
        assert "headers precompiled" in found["language: cpp"]["detail"], found["language: cpp"]
        assert "linked by" in found["language: cpp"]["detail"], found["language: cpp"]
        assert str(work) in found["compile cache"]["detail"], found["compile cache"]
        print("all as it should be")


if __name__ == "__main__":
    main()
