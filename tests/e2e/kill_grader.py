#!/usr/bin/env python3
"""1,000 requests through Apache Kafka and two graders, one of which is killed meanwhile: 1,000 answers, each id once."""

import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import apache  # noqa: E402
import farm  # noqa: E402

COUNT = 1000
KILL_AFTER = 200  # answers


def request(i):
    return {"schema_version": 1, "request_id": f"sum-{i}", "trainer": "kill-grader",
            "submission": {"language": "python", "code": "a, b = map(int, input().split())\nprint(a + b)\n"},
            "evaluation": {"type": "stdin_stdout", "cases": [{"stdin": f"{i} 1\n", "stdout": f"{i + 1}\n"}]}}


def main():
    farm.needs_root()
    with tempfile.TemporaryDirectory(prefix="kill-grader-") as work, apache.Kafka(f"{work}/kafka") as kafka:
        pathlib.Path(work).chmod(0o755)
        subprocess.run([farm.program("gradefarm"), "topics", "create", "--brokers", kafka.brokers, "--partitions", "4"],
                       check=True, stdout=subprocess.DEVNULL)
        requests = [request(i) for i in range(COUNT)]
        source, out = pathlib.Path(work, "requests.jsonl"), pathlib.Path(work, "results.jsonl")
        farm.write_jsonl(source, requests)
        first = farm.Grader(kafka.brokers, work, "first", "--workers", "1", "--sandbox-uid-base", "61000")
        second = farm.Grader(kafka.brokers, work, "second", "--workers", "1", "--sandbox-uid-base", "61100")
        with first, second:
            command = [farm.program("gradefarm"), "grade", source, "--out", out, "--brokers", kafka.brokers]
            with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as grade:
                answered = lambda: out.exists() and out.read_bytes().count(b"\n")
                farm.wait_until(lambda: answered() >= KILL_AFTER or grade.poll() is not None, 120, "the first answers")
                assert answered() < COUNT, "all was graded before the kill: nothing is shown"
                orphans = farm.descendants(first.process.pid)
                first.process.kill()
                print(f"killed one grader after {answered()} answers")
                _, text = grade.communicate(timeout=300)
            assert grade.returncode == 0, f"gradefarm grade ended with {grade.returncode}:\n{text}"
            alive = lambda: [pid for pid in orphans if pathlib.Path(f"/proc/{pid}").exists()]
            farm.wait_until(lambda: not alive(), 10, "the end of the killed grader's launchers and sandboxes")
        results = farm.read_jsonl(out)
        farm.check_each_once(requests, results)
        wrong = [row["request_id"] for row in results if row["verdict"] != "accepted"]
        assert not wrong, f"not accepted: {wrong[:10]}"
        print(f"{len(results)} answers, each id once, all accepted")


if __name__ == "__main__":
    main()
