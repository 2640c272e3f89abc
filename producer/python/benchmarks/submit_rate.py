#!/usr/bin/env python3
"""How many requests of 2 KB a second one client submits on one core: encoding, publishing, delivery reports.

The broker (librdkafka's mock cluster, or --brokers) runs in another process, on other cores where there are any; this
process is bound to one core, librdkafka's threads included. Prints one line of JSON; exits 1 below --at-least, which
counts what the broker has confirmed by the clock, or with --by-cpu by the CPU time of the whole process: the rate of a
core that nobody else uses, for machines where others do (`core_share` is what the process got of its core).
No request is encoded ahead or remembered: each submit() encodes all of its request. With --answers a grader in the
broker's process answers everything, and the answers are read and decoded too.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import time

from gradefarm import Farm, Request, StdinCase, StdinStdout, Submission

GRADER = pathlib.Path(__file__).resolve().parents[1] / "tests" / "scripted_grader.py"


def requests(count: int) -> list[Request]:
    rng = random.Random(1)
    words = [f"value_{i}" for i in range(200)]
    made = []
    for i in range(count):
        code = "\n".join(f"{rng.choice(words)} = {rng.choice(words)} + {rng.randrange(1000)}" for _ in range(58))
        made.append(Request(Submission("python", code=code),
                            StdinStdout([StdinCase(f"{i} {n}\n", f"{i + n}\n") for n in range(5)]),
                            step=i // 1000, group=f"prompt-{i // 16}"))
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--brokers")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--answers", action="store_true")
    parser.add_argument("--state-file")
    parser.add_argument("--at-least", type=float, default=0)
    parser.add_argument("--by-cpu", action="store_true")
    options = parser.parse_args()

    cores = sorted(os.sched_getaffinity(0))
    broker = None
    if options.brokers is None:
        broker = subprocess.Popen([sys.executable, GRADER] + ([] if options.answers else ["--no-grader"]),
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                  preexec_fn=lambda: os.sched_setaffinity(0, cores[1:] or cores))
        assert broker.stdout is not None
        options.brokers = broker.stdout.readline().strip()
    os.sched_setaffinity(0, cores[:1])
    # As a trainer that makes its requests as it goes: what it holds is not the client's cost.
    batch = requests(1000)
    judged = "per_cpu_s" if options.by_cpu else "delivered_per_s"
    best: dict[str, float] = {}
    for _ in range(options.rounds):
        with Farm(options.brokers, trainer="bench", max_outstanding_requests=10**9, max_outstanding_bytes=1 << 40,
                  resubmit_after=600, state_file=options.state_file) as farm:
            size = len(farm._encoded(batch[0]).value)
            begin, cpu = time.perf_counter(), time.process_time()
            futures = [farm.submit(batch[i % len(batch)]) for i in range(options.count)]
            submitted = time.perf_counter() - begin
            farm._engine._producer.flush(120)
            delivered, used = time.perf_counter() - begin, time.process_time() - cpu
            row = {"requests": len(futures), "bytes_each": size, "submit_per_s": round(len(futures) / submitted),
                   "delivered_per_s": round(len(futures) / delivered), "per_cpu_s": round(len(futures) / used),
                   "core_share": round(used / delivered, 2)}
            if options.answers:
                for future in futures:
                    future.result(120)
                row["answered_per_s"] = round(len(futures) / (time.perf_counter() - begin))
        if row[judged] > best.get(judged, 0):
            best = row
    print(json.dumps(best))
    if broker is not None:
        broker.stdin.close()
        broker.wait()
    return 0 if best[judged] >= options.at_least else 1


if __name__ == "__main__":
    sys.exit(main())
