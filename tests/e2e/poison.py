#!/usr/bin/env python3
"""A request that ends every grader that begins it, among others, on Apache Kafka with four graders that are started
again whenever they end and know nothing of before: at most two of them end, in all; the request is answered `farm_error` and goes
to the dead letters; every other one is graded.

    poison.py [--count N]
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import apache  # noqa: E402
import farm  # noqa: E402

GRADERS = 4
# Else the group learns of a death only after 30 s. With a heartbeat each 3 s, as is usual, a single late one on a busy
# machine would lose the partition: no death, but what its owner had waits until that is heard of.
QUICK = ["--kafka-property", "session.timeout.ms=12000", "--kafka-property", "heartbeat.interval.ms=500"]


def request(request_id, i):
    return {"schema_version": 1, "request_id": request_id, "trainer": "poison",
            "submission": {"language": "python", "code": "print(int(input()) + 1)\n"},
            "evaluation": {"type": "stdin_stdout", "cases": [{"stdin": f"{i}\n", "stdout": f"{i + 1}\n"}]}}


class Kept:
    """A grader that is started again when it ends, as a context. `deaths` counts."""

    def __init__(self, brokers, work, number):
        self.brokers, self.work, self.number = brokers, work, number
        self.deaths, self.logs, self.leaving = 0, [], threading.Event()
        self.thread = threading.Thread(target=self.keep)

    def start(self):
        grader = farm.Grader(self.brokers, self.work, f"grader-{self.number}-{self.deaths}", "--workers", "2",
                             "--sandbox-uid-base", str(61000 + 20 * self.number), *QUICK)
        self.logs.append(grader.log)
        return grader.__enter__()

    def keep(self):
        while not self.leaving.wait(0.1):
            if self.grader.process.poll() is not None:
                self.deaths += 1
                self.grader.__exit__()
                self.grader = self.start()

    def __enter__(self):
        self.grader = self.start()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.leaving.set()
        self.thread.join()
        self.grader.__exit__()

    def said(self, words):
        return [line for log in self.logs for line in log.read_text().splitlines() if words in line]


def put_back(brokers, work):
    """The one letter, to a grader that does not end itself of it: its answer goes where it was wanted."""
    letters = lambda *what: subprocess.run([farm.program("gradefarm"), "dead-letters", *what, "--brokers", brokers],
                                           check=True, capture_output=True, text=True).stdout
    lines = letters("list").splitlines()
    assert len(lines) == 1, f"{len(lines)} dead letters:\n" + "\n".join(lines)
    line = lines[0]
    assert "graders ended" in line and "grading.requests.cpu" in line, line
    letter = json.loads(letters("show", line.split()[0]))
    assert json.loads(letter["value"])["request_id"] == "poison", letter
    os.environ.pop("GRADEFARM_TEST_CRASH_ON")
    with farm.Grader(brokers, work, "healthy", "--workers", "1", "--sandbox-uid-base", "61000", *QUICK,
                     "--log-level", "debug") as grader:
        print("requeued:", letters("requeue", line.split()[0]).strip())
        graded = lambda: any("poison" in said and "accepted" in said for said in grader.log.read_text().splitlines())
        farm.wait_until(graded, 60, "the letter to be graded")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--count", type=int, default=300)
    count = parser.parse_args().count
    farm.needs_root()
    os.environ["GRADEFARM_TEST_CRASH_ON"] = "poison"
    with tempfile.TemporaryDirectory(prefix="poison-") as work, apache.Kafka(f"{work}/kafka") as kafka:
        pathlib.Path(work).chmod(0o755)
        subprocess.run([farm.program("gradefarm"), "topics", "create", "--brokers", kafka.brokers,
                        "--partitions", str(GRADERS)], check=True, stdout=subprocess.DEVNULL)
        graders = [Kept(kafka.brokers, work, number) for number in range(GRADERS)]
        requests = [request(f"honest-{i}", i) for i in range(count)]
        requests.insert(count // 3, request("poison", 0))
        try:
            for grader in graders:
                grader.__enter__()
            results = farm.grade(requests, f"{work}/grade", brokers=kafka.brokers, timeout=400,
                                 options=["--resubmit-after", "1000s"])  # a copy counts for itself
        finally:
            for grader in graders:
                grader.__exit__()
        deaths = sum(grader.deaths for grader in graders)
        by_id = {result["request_id"]: result for result in results}
        poison = by_id.pop("poison")
        print(f"{deaths} graders ended; poison: {poison['verdict']}, {poison['message']}")
        wrong = [(name, result["verdict"]) for name, result in by_id.items() if result["verdict"] != "accepted"]
        assert not wrong, f"not accepted: {wrong[:10]}"
        told = "\n".join(line for grader in graders for words in ("dead letter", "commit", "rebalance", "consumer: ")
                         for line in grader.said(words))
        assert deaths == 2, f"{deaths} graders ended:\n{told}"
        assert (poison["verdict"], poison["fault"]) == ("farm_error", "farm") and "score" not in poison, poison
        letters = sum(len(grader.said('"message":"dead letter"')) for grader in graders)
        assert letters == 1, f"{letters} dead letters:\n{told}"
        print(f"{len(by_id)} others accepted, one dead letter")
        put_back(kafka.brokers, work)


if __name__ == "__main__":
    main()
