#!/usr/bin/env python3
"""A grader that is not root grades, says `reduced` in every result, and refuses who asks for more; `full` without root
does not start."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import farm  # noqa: E402

NOBODY = 61_181


def as_nobody(work, program, *arguments, **options):
    """Runs a copy of our program, which any user may execute, as a user without any privileges."""
    return subprocess.run([work / "bin" / program, *arguments], user=NOBODY, group=NOBODY, extra_groups=[], cwd=work,
                          capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL, **options)


def request(name, code, cases, **members):
    return {"schema_version": 1, "request_id": name, "trainer": "me", **members,
            "submission": {"language": "python", "code": code},
            "evaluation": {"type": "stdin_stdout", "cases": cases}}


def check_grading(work):
    double = "print(2 * int(input()))"
    cases = [{"stdin": "21\n", "stdout": "42\n"}]
    requests = [request("right", double, cases), request("wrong", "print(1)", cases),
                request("hog", "x = bytearray(1 << 30)\nfor i in range(0, len(x), 4096): x[i] = 1\nwhile True: pass", cases,
                        limits={"memory_bytes": 128 << 20, "run_cpu_ms": 20_000, "run_wall_ms": 60_000}),
                {"schema_version": 1, "request_id": "apart", "trainer": "me",  # tester and submission in two sandboxes
                 "submission": {"language": "python", "code": "def twice(x):\n    return 2 * x\n"},
                 "evaluation": {"type": "assert", "entry_point": "twice",
                                "tests": "def check(candidate):\n    assert candidate(21) == 42\n\ncheck(twice)\n"}},
                {"schema_version": 1, "request_id": "turns", "trainer": "me",
                 "submission": {"language": "python", "code": "n = 0\ndef count(x):\n    global n\n    n += x\n    return n"},
                 "evaluation": {"type": "function_call", "entry_point": "count",
                                "cases": [{"args": [1], "expected": 1}, {"args": [1], "expected": 2}]},
                 "policy": {"case_isolation": "shared"}},
                request("strict", double, cases, policy={"min_isolation": "full"})]
    (work / "requests.jsonl").write_text("".join(json.dumps(one) + "\n" for one in requests))
    done = as_nobody(work, "gradefarm", "grade", "--embedded", "--workers", "1", "--out", "results.jsonl", "requests.jsonl",
                     "--languages-dir", work / "languages")
    assert done.returncode == 0, done
    found = {one["request_id"]: one for one in map(json.loads, (work / "results.jsonl").read_text().splitlines())}
    assert {name: one["verdict"] for name, one in found.items()} == {
        "right": "accepted", "wrong": "wrong_answer", "hog": "memory_limit", "apart": "accepted", "turns": "accepted",
        "strict": "rejected"}, found
    assert all(found[name]["isolation"] == "reduced" for name in found if name != "strict"), found
    assert "'full' is asked for and this grader has 'reduced'" in found["strict"]["message"], found["strict"]


def check_doctor(work):
    done = as_nobody(work, "gradefarm-grader", "--check", "--workers", "1", "--languages-dir", work / "languages")
    lines = {line["check"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 0, [line for line in lines.values() if line["state"] == "failing"]
    assert lines["privileges"]["state"] == "missing" and not lines["privileges"]["required"], lines["privileges"]
    assert lines["sandbox"]["state"] == "ready", lines["sandbox"]
    assert "isolation reduced" in lines["sandbox"]["detail"], lines["sandbox"]
    assert "share the grader's host uid" in lines["sandbox"]["detail"], lines["sandbox"]
    assert lines["language: python"]["state"] == "ready", lines["language: python"]


def check_root_that_gives_it_up(work):
    done = subprocess.run([work / "bin/gradefarm-grader", "--check", "--workers", "1", "--isolation", "reduced",
                           "--languages-dir", work / "languages"], capture_output=True, text=True, timeout=300)
    lines = {line["check"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 0 and "isolation reduced" in lines["sandbox"]["detail"], done


def check_refusal(work):
    done = as_nobody(work, "gradefarm-grader", "--brokers", "127.0.0.1:1", "--isolation", "full",
                      "--languages-dir", work / "languages")
    assert done.returncode == 1, done
    assert "isolation 'full' needs root" in done.stderr and "--isolation reduced" in done.stderr, done.stderr


def main():
    farm.needs_root()  # to become somebody without privileges
    with tempfile.TemporaryDirectory(prefix="unprivileged-") as name:
        work = pathlib.Path(name)
        work.chmod(0o777)
        (work / "bin").mkdir()
        for program in ["gradefarm", "gradefarm-grader"]:
            shutil.copy(farm.program(program), work / "bin" / program)
        (work / "languages").mkdir()
        shutil.copy(farm.ROOT / "grader/languages/python.json", work / "languages")
        os.environ["GRADEFARM_METRICS"] = "off"
        check_refusal(work)
        check_doctor(work)
        check_root_that_gives_it_up(work)
        check_grading(work)
        print("all as it should be")


if __name__ == "__main__":
    main()
