#!/usr/bin/env python3
"""Graders of a pool that are not alike: what one lacks the other grades; what all lack is refused, once; and a grader that
lacks what its pool requires does not join.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import farm  # noqa: E402

EACH = 20
EMBEDDED = ["--broker-kind", "embedded"]
PROGRAMS = {"python": "print(int(input()) + 1)", "bash": 'read -r n; echo "$((n + 1))"'}


def requests(tag, languages):
    return [{"schema_version": 1, "request_id": f"{tag}/{language}/{n}",
             "submission": {"language": language, "code": PROGRAMS.get(language, "x")},
             "evaluation": {"type": "stdin_stdout", "cases": [{"stdin": f"{n}\n", "stdout": f"{n + 1}\n"}]}}
            for language in languages for n in range(EACH)]


def main():
    farm.needs_root()
    with tempfile.TemporaryDirectory(prefix="unlike-") as folder:
        work = pathlib.Path(folder)
        work.chmod(0o755)
        python_only = work / "languages"
        python_only.mkdir()
        (python_only / "python.json").symlink_to(farm.ROOT / "grader/languages/python.json")
        both = os.environ["GRADEFARM_LANGUAGES_DIR"]
        os.environ["GRADEFARM_LANGUAGES_DIR"] = str(python_only)
        with farm.Up(work, 1, 61500) as up:
            check(up.brokers, work, both)


def check(brokers, work, both):
    second_of_two = ["--workers", "1", "--sandbox-uid-base", "61600", "--required-languages", "python,bash", *EMBEDDED]
    lacking = subprocess.run([farm.program("gradefarm-grader"), "--brokers", brokers, "--metrics", "off", *second_of_two],
                             capture_output=True, text=True, timeout=300)
    said = lacking.stdout + lacking.stderr
    assert lacking.returncode == 1 and "language 'bash' is not in the languages directory" in said, said[-2000:]

    with farm.Grader(brokers, work, "second", *second_of_two, environment={"GRADEFARM_LANGUAGES_DIR": both}) as second:
        # Both have partitions once both have answered.
        graders, rounds = set(), 0
        while len(graders) < 2 and rounds < 30:
            results = grade(requests(f"round-{rounds}", ["python"]), work / "warm", brokers)
            graders |= {result["grader"]["id"] for result in results}
            rounds += 1
        assert len(graders) == 2, graders
        results = grade(requests("mixed", ["python", "bash"]), work / "mixed", brokers)
        wrong = [result for result in results if result["verdict"] != "accepted"]
        assert not wrong, wrong[:3]
        results = grade(requests("nobody", ["cobol"]), work / "nobody", brokers)
        wrong = [result for result in results if result["verdict"] != "rejected" or "no language 'cobol'" not in result["message"]]
        assert not wrong, wrong[:3]
    handed_on = (work / "up.log").read_text().count("handed on")
    assert handed_on > 0, "the grader without bash handed nothing on"
    assert "handed on" in second.log.read_text(), "the one with bash handed nothing of cobol on"
    print(f"{handed_on} handed on by the grader without bash")


def grade(asked, work, brokers):
    return farm.grade(asked, work, brokers=brokers, broker_kind="embedded")


if __name__ == "__main__":
    main()
