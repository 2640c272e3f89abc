#!/usr/bin/env python3
"""Verdicts do not depend on how busy the host is.

  under_load.py [--programs 16] [--repeats 1] [--alone REPEATS] [--slots 8] [--quick]

Programs that use a known share of their CPU or wall limit are graded all at once (more slots than CPUs) and alone (one
slot). One that uses half a limit is never `time_limit`, and no program changes its verdict, unless it is within 5 % of
its limit. The heavy form is --programs 200 --repeats 20. --quick, for CI, keeps
further away from the limits: a virtual machine may stand still for a second.
"""

import argparse
import collections
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))
import farm  # noqa: E402
import hostile_items  # noqa: E402
import watched_farm  # noqa: E402

LIMITS = {"run_cpu_ms": 600, "run_wall_ms": 1200, "memory_bytes": 128 << 20}
# Shares of a limit. Starting the interpreter costs CPU time too, so none is close to 1.
SHARES = (0.1, 0.5, 0.5, 0.7, 0.8, 1.5)
QUICK_SHARES = (0.1, 0.5, 1.5)
QUICK_LIMITS = {**LIMITS, "run_wall_ms": 3000}
SPINS = "import time\nwhile time.process_time() < {seconds}:\n    pass\nprint('done')\n"
SLEEPS = "import time\ntime.sleep({seconds})\nprint('done')\n"
DONE = {"type": "stdin_stdout", "cases": [{"stdin": "", "stdout": "done\n"}]}


def program(number, shares, limits):
    """(name, code, the share of its limit that it uses) of one in a row of programs that differ a little."""
    share = shares[number // 2 % len(shares)] + 0.001 * (number // (2 * len(shares)) % 40)
    what, template, limit = (("spins", SPINS, limits["run_cpu_ms"]), ("sleeps", SLEEPS, limits["run_wall_ms"]))[number % 2]
    return f"{number} {what} {share:.3f}", template.format(seconds=round(share * limit / 1000, 4)), share


def verdicts(farm_, programs, limits, turn, at_once, progress):
    requests = [hostile_items.request(f"{name} {turn}", "python", code, DONE, limits) for name, code, _ in programs]
    found = {}
    for begin in range(0, len(requests), at_once):
        for result in farm_.ask_all(requests[begin:begin + at_once], timeout=300):
            found[result["request_id"].rpartition(" ")[0]] = result
        progress.add(len(requests[begin:begin + at_once]), f", {at_once} at once")
    return found


def main():
    parser = argparse.ArgumentParser(description="Verdicts do not depend on how busy the host is.")
    parser.add_argument("--programs", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--alone", type=int, help="repeats in one slot, which take longest; as many as --repeats")
    parser.add_argument("--slots", type=int, default=8)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    farm.needs_root()
    shares, limits = (QUICK_SHARES, QUICK_LIMITS) if options.quick else (SHARES, LIMITS)
    programs = [program(number, shares, limits) for number in range(options.programs)]
    seen, wrong, confirmed = collections.defaultdict(collections.Counter), [], 0

    def find(text):
        wrong.append(text)
        print("WRONG", text, flush=True)

    alone = options.repeats if options.alone is None else options.alone
    progress = farm.Progress((options.repeats + alone) * len(programs))
    for slots, repeats in ((options.slots, options.repeats), (1, alone)):
        with watched_farm.WatchedFarm(farm.BUILD / "e2e" / f"under_load-{slots}", slots) as farm_:
            for turn in range(repeats):
                at_once = 1 if slots == 1 else len(programs)
                for name, result in verdicts(farm_, programs, limits, turn, at_once, progress).items():
                    seen[name][result["verdict"]] += 1
                    case = result["cases"][0] if result["cases"] else {}
                    confirmed += case.get("attempts", 1) > 1
                    if result["fault"] == "farm":
                        find(f"{name}, {slots} slots: {result['message'][:200]}")
                    elif float(name.split()[-1]) < 0.95 and result["verdict"] != "accepted":
                        find(f"{name}, {slots} slots: {result['verdict']}, cpu {case.get('cpu_ms')} ms, "
                             f"wall {case.get('wall_ms')} ms: {result['message'][:200]}")
    for name, counts in seen.items():
        if len(counts) > 1 and abs(float(name.split()[-1]) - 1) > 0.05:
            find(f"{name}: {dict(counts)}")
    counts = dict(sum(seen.values(), collections.Counter()))
    print(f"{options.programs} programs, {options.repeats} times in {options.slots} slots and {alone} times alone: "
          f"{counts}, {confirmed} with a second run, {len(wrong)} findings")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
