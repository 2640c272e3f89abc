#!/usr/bin/env python3
"""Many requests in a row, one in ten hostile: no false verdict, nothing left behind, no memory lost.

  soak.py [--requests 300] [--workers 2] [--seed 1] [--honest-wall-ms 1000]

The heavy form is --requests 10000. Every limit is 1 s or less; CI gives honest programs more wall time, since a virtual
machine may stand still for a second. After the first tenth the farm is measured, and at the
end it must look the same: processes, descriptors, mounts, control groups, files, and resident memory within 5 %.
"""

import argparse
import collections
import os
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))
import farm  # noqa: E402
import hostile_items  # noqa: E402
import watched_farm  # noqa: E402

LIMITS = {"run_cpu_ms": 500, "run_wall_ms": 1000, "memory_bytes": 96 << 20, "output_bytes": 1 << 20, "processes": 32,
          "tmpfs_bytes": 16 << 20, "tmpfs_inodes": 1024}
AT_ONCE = 100
MEASURED = ("verdict", "cpu_ms", "wall_ms", "throttled_ms", "attempts")
ANSWER_CACHE = "64KiB"  # full before the farm is measured: what it holds is no leak
MAY_GROW = 1.05
# What allocators keep back: of a process of 1.2 MB 5 % are less than a step of its heap (M_TOP_PAD in mallopt(3)), and in a
# short run all are at their first.
MAY_GROW_BYTES = 128 << 10
MAY_GROW_SHORT_BYTES = 3 << 20

SUMS = {"type": "stdin_stdout", "cases": [{"stdin": "1 2\n", "stdout": "3\n"}, {"stdin": "5 7\n", "stdout": "12\n"}]}
CALLS = {"type": "function_call", "entry_point": "add", "cases": [{"args": [1, 2], "expected": 3}]}
# (language, program, evaluation, the only right verdict); honest, right or not.
HONEST = (
    ("python", "print(sum(map(int, input().split())))\n", SUMS, "accepted"),
    ("python", "print(int(input().split()[0]))\n", SUMS, "wrong_answer"),
    ("python", "raise ValueError(input())\n", SUMS, "runtime_error"),
    ("python", "def add(a, b):\n    return a + b\n", CALLS, "accepted"),
    ("python", "def add(a, b):\n    return a\n", CALLS, "wrong_answer"),
    ("bash", "read -r a b\necho $((a + b))\n", SUMS, "accepted"),
    ("bash", "read -r a b\necho $((a - b))\n", SUMS, "wrong_answer"),
)


def honest(number, dice, wall_ms):
    language, code, evaluation, verdict = dice.choice(HONEST)
    limits = {**LIMITS, "run_wall_ms": wall_ms}
    return hostile_items.request(f"honest-{number}", language, code, evaluation, limits), {verdict}


def hostile(number, dice, items):
    """A request, and the verdicts that it must not get."""
    item = dice.choice(items)
    request = {**item.request, "request_id": f"{item.name}-{number}", "limits": LIMITS}
    judged = request["evaluation"]["type"] != "run" and item.expect != "bounded_time"
    return request, ({"accepted", "farm_error"} if judged else {"farm_error"})


def main():
    parser = argparse.ArgumentParser(description="Many requests in a row, one in ten hostile.")
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--honest-wall-ms", type=int, default=1000)
    options = parser.parse_args()
    farm.needs_root()
    dice = random.Random(options.seed)
    compiled = {"cpp", *farm.SLOW_LANGUAGES}
    items = [item for item in hostile_items.own()[0] if item.language not in compiled and not item.judging_ms]

    todo, right, forbidden = [], {}, {}
    for number in range(options.requests):
        if number % 10 == 9:
            request, forbidden[request["request_id"]] = hostile(number, dice, items)
        else:
            request, right[request["request_id"]] = honest(number, dice, options.honest_wall_ms)
        todo.append(request)

    wrong, verdicts, progress = [], collections.Counter(), farm.Progress(options.requests)
    os.environ["GRADEFARM_ANSWER_CACHE"] = ANSWER_CACHE
    with watched_farm.WatchedFarm(farm.BUILD / "e2e" / "soak", options.workers) as farm_:
        farm_.warm_up()
        before = resident = None
        for begin in range(0, len(todo), AT_ONCE):
            for result in farm_.ask_all(todo[begin:begin + AT_ONCE]):
                name, verdict = result["request_id"], result["verdict"]
                verdicts[verdict] += 1
                if verdict not in right.get(name, {verdict}) or verdict in forbidden.get(name, ()):
                    measured = [{key: case.get(key) for key in MEASURED} for case in result["cases"]]
                    wrong.append(f"{name}: {verdict}: {result['message'][:200]} {measured}")
                    print("WRONG", wrong[-1], flush=True)
            progress.add(len(todo[begin:begin + AT_ONCE]),
                         f", {len(wrong)} wrong, resident {sum(farm_.resident().values()) >> 10} KiB")
            if before is None and begin + AT_ONCE >= options.requests // 10:
                before, resident = farm_.idle_footprint(), farm_.resident()
        left = farm_.left_behind(before)
        after = farm_.resident()
    print("verdicts:", dict(verdicts))
    print("resident KiB:", {pid: f"{resident[pid] >> 10} → {after.get(pid, 0) >> 10}" for pid in resident})
    false_verdicts = len(wrong)
    wrong += [f"left behind: {text}" for text in left]
    may_grow = MAY_GROW_SHORT_BYTES if options.requests < 2000 else MAY_GROW_BYTES
    sizes = {**{f"of {pid} ": (size, after.get(pid, 0)) for pid, size in resident.items()},
             "": (sum(resident.values()), sum(after.values()))}
    wrong += [f"resident memory {of}grew from {size} to {now} bytes" for of, (size, now) in sizes.items()
              if now > max(size * MAY_GROW, size + may_grow)]
    for text in wrong[false_verdicts:]:
        print("WRONG", text)
    print(f"{options.requests} requests, {len(forbidden)} of them hostile: {len(wrong)} findings")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
