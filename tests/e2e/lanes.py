#!/usr/bin/env python3
"""High requests pass hundreds of low ones that were there before them, and low ones go on meanwhile."""

import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import farm  # noqa: E402

LOW, HIGH = 300, 5


def request(i, priority, code):
    return {"schema_version": 1, "request_id": f"{priority}-{i}", "trainer": priority, "step": 1, "priority": priority,
            "submission": {"language": "python", "code": code},
            "evaluation": {"type": "stdin_stdout", "cases": [{"stdin": "", "stdout": "1\n"}]}}


def main():
    farm.needs_root()
    with tempfile.TemporaryDirectory(prefix="lanes-") as name, farm.Up(name, 1, 61400) as up:
        work = pathlib.Path(name)
        work.chmod(0o755)
        broker = ["--brokers", up.brokers, "--broker-kind", "embedded"]
        source, out = work / "low.jsonl", work / "low-results.jsonl"
        # A second each: all of them take five minutes.
        farm.write_jsonl(source, [request(i, "low", "import time\ntime.sleep(1)\nprint(1)\n") for i in range(LOW)])
        with subprocess.Popen([farm.program("gradefarm"), "grade", source, "--out", out, *broker],
                              stderr=subprocess.PIPE, text=True) as low, farm.ended(low):
            answered = lambda: out.read_bytes().count(b"\n") if out.exists() else 0
            farm.wait_until(lambda: answered() > 0 or low.poll() is not None, 120, "the first low one")
            before = answered()
            results = farm.grade([request(i, "high", "print(1)\n") for i in range(HIGH)], work / "high",
                                 brokers=up.brokers, broker_kind="embedded")
            passed = LOW - answered()
            # One of twelve pulls is theirs whatever is urgent; here nothing is any more.
            farm.wait_until(lambda: answered() > LOW - passed, 120, "low ones to go on")
            subprocess.run([farm.program("gradefarm"), "cancel", *broker, "--trainer", "low", "--step", "1"], check=True)
            _, text = low.communicate(timeout=120)
        assert low.returncode == 0, text
        assert all(result["verdict"] == "accepted" for result in results), results
        assert passed > LOW // 2, f"{LOW - before} low ones waited, {passed} when the high ones were answered"
        print(f"{HIGH} high requests passed {passed} of {LOW - before} low ones")


if __name__ == "__main__":
    main()
