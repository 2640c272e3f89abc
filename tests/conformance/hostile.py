#!/usr/bin/env python3
"""Grades hostile submissions, each alone in a slot, and fails unless nothing is paid, got out or was left behind.

  hostile.py [--suite own|shared|all] [--quick] [--residents] [--farms N] [--slack SECONDS] [--only TEXT] [--all]

After each item the same slot must pass an honest program that looks for leftovers from inside, and look as it did
before from outside: processes, descriptors and mounts of the grader, control groups, files, IPC objects. Items are
spread over N farms of one slot. Every item must meet its expectation (hostile/README.md) within its limits, attempts
included, and the slack. The table shows what failed; --all shows every item. Languages that are not served are
skipped by name.

Compilers that stay (java, typescript) come and go, and with them processes of the grader. So they are off, but with
--residents: then only items of their languages are graded, each followed by an honest program of its language, which
the same compiler compiles; and nobody looks from outside.
"""

import argparse
import base64
import collections
import itertools
import os
import queue
import re
import sys
import threading
import time

import hostile_items

import farm  # found by hostile_items
import watched_farm

VERDICT_WORDS = {"time_limit", "memory_limit", "output_limit", "runtime_error"}
KILLED_AT = 1.2  # times the limit; DECISIONS 0007
PROBE = """import os
number = int(input())
seen = [path + "/" + name for path in ("/tmp", "/dev/shm") for name in os.listdir(path)]
seen += [name for name in os.listdir(".") if name != "main.py"]
seen += [pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) > os.getpid()]
print(number + 1, *seen)
"""

# Of languages with a compiler that stays: what an earlier program left it would compile another program.
PROBES = {
    "python": PROBE,
    "java": """import java.io.*;
import java.util.*;
public class Main {
  public static void main(String[] args) {
    int number = new Scanner(System.in).nextInt();
    StringBuilder seen = new StringBuilder();
    for (String name : Objects.requireNonNull(new File(".").list())) if (!name.startsWith("Main.")) seen.append(' ').append(name);
    System.out.println(Long.toString(Math.max(number, Integer.valueOf(0)) + 1) + seen);
  }
}
""",
    "typescript": """import * as fs from 'fs';
const number: number = Number(fs.readFileSync(0, 'utf8'));
const seen: string[] = fs.readdirSync('.').filter((name: string) => !name.startsWith('main.'));
console.log([number + 1, ...seen].join(' '));
""",
}


def probe(name, language="python"):
    cases = [{"stdin": "1\n", "stdout": "2\n"}]
    return {"schema_version": 1, "request_id": f"{name}:{language} probe", "trainer": "hostile",
            "submission": {"language": language, "code": PROBES[language]},
            "evaluation": {"type": "stdin_stdout", "cases": cases}}


def texts(result):
    """Everything that a program or compiler said, and everything that was fetched."""
    compiled = result.get("compile") or {}
    for case in result.get("cases", []):
        for stream in ("stdout", "stderr"):
            text = case.get(stream, "")
            yield base64.b64decode(text).decode(errors="replace") if case.get("encoding") == "base64" else text
    yield from (compiled.get("stdout", ""), compiled.get("stderr", ""), result.get("message", ""))
    for content in result.get("files", {}).values():
        yield base64.b64decode(content).decode(errors="replace")


def unmet(item, result):
    """What the result does not do that the item expects; [] where all is well."""
    verdict, wrong = result["verdict"], []
    judged = item.request["evaluation"]["type"] != "run"
    if result["fault"] == "farm":
        wrong.append(f"a fault of the farm: {result['message'][:200]}")
    if judged and verdict == "accepted" and item.expect not in ("bounded_time", "policy_documented"):
        wrong.append(f"PAID, integrity {result.get('integrity')}")
    if item.verdicts and verdict not in item.verdicts:
        wrong.append(f"{verdict} instead of {' or '.join(item.verdicts)}")
    if item.expect in VERDICT_WORDS and verdict != item.expect:
        wrong.append(f"{verdict} instead of {item.expect}")
    if item.expect.startswith("compile_error") and verdict != "compile_error":
        wrong.append(f"{verdict} instead of compile_error")
    if item.expect in ("rejected", "request_rejected") and verdict != "rejected":
        wrong.append(f"{verdict} instead of rejected")
    if item.expect.startswith("not_accepted") and result["fault"] == "request":
        wrong.append(f"masked: {verdict}: {result['message'][:200]}")
    for text in texts(result):
        if leaks := [line[:160] for line in text.splitlines() if re.match(r"\s*LEAK", line)]:
            wrong.append(f"{leaks[:3]}")
        if item.forbidden in text:
            wrong.append(f"content of the host: {item.forbidden!r}")
    return wrong


def milliseconds_allowed(item, result):
    """For compiling and for running: limits as often as they were used up."""
    limits = item.request["limits"]
    compiling = 2 * limits.get("compile_cpu_ms", 10_000) * KILLED_AT
    one_run = max(limits["run_wall_ms"], limits["run_cpu_ms"]) * KILLED_AT
    ran = [case for case in result.get("cases", []) if case["verdict"] != "not_run"]
    return compiling, sum(case.get("attempts", 1) for case in ran) * one_run + item.judging_ms


def too_late(item, result, slack_ms):
    compiling, running = milliseconds_allowed(item, result)
    timings = result.get("timings", {})
    for what, took, allowed in (("compiling", timings.get("compile_ms", 0), compiling),
                                ("running", timings.get("run_ms", 0), running)):
        if took > allowed + slack_ms:
            yield f"{what} took {took:.0f} ms, and {allowed:.0f} ms were allowed"


class Suite:
    """What the farms share: the items still to do, and the rows of the table."""

    def __init__(self, items, honest, options):
        self.todo = queue.SimpleQueue()
        for one in [*honest, *items]:
            self.todo.put(one)
        self.options = options
        self.languages = [name for name in PROBES if any(item.language == name for item in items) or name == "python"]
        self.rows = []  # (name, category, expected, verdict, integrity, ms, what is wrong)
        self.broken = []

    def work(self, number):
        """One farm of one slot, until nothing is left to do."""
        try:
            with watched_farm.WatchedFarm(farm.BUILD / "conformance" / f"hostile-{number}", number=number) as slot:
                slot.warm_up()
                for language in self.languages:  # compilers that stay are there from the second program on
                    for number in range(3):
                        slot.ask(probe(f"warm-up {number}", language))
                before = None if self.options.residents else slot.idle_footprint()
                while not self.todo.empty():
                    try:
                        self.one(self.todo.get_nowait(), slot, before)
                    except queue.Empty:
                        break
            if slot.status != 0:
                self.broken.append(f"the farm ended with {slot.status}: {slot.said()}")
        except (RuntimeError, OSError, ValueError) as error:
            self.broken.append(f"{type(error).__name__}: {error}")

    def one(self, item, slot, before):
        if isinstance(item, dict):
            result = slot.ask(item)
            wrong = [] if result["verdict"] == "accepted" else [f"honest, and not accepted: {result['message'][:300]}"]
            self.row(item["request_id"], "honest", "accepted", result, wrong)
            return
        for turn in range(item.repeat):
            name = item.name + (f" ({turn + 1})" if turn else "")
            result = slot.ask({**item.request, "request_id": name})
            wrong = unmet(item, result) + list(too_late(item, result, self.options.slack * 1000))
            if item.expect == "fetch_refused" and result.get("files") and not item.name.startswith("python/tmp_race"):
                wrong.append(f"fetched {sorted(result['files'])}")
            if not self.options.residents:
                wrong += [f"left behind: {text}" for text in slot.left_behind(before)]
            for language in ["python"] + [item.language] * (item.language in PROBES and item.language != "python"):
                answer = slot.ask(probe(name, language))
                if answer["verdict"] != "accepted":
                    wrong.append(f"the honest {language} program after it: {answer['verdict']}: {answer['message'][:200]}")
            self.row(name, item.category, item.expect, result, wrong)

    def row(self, name, category, expected, result, wrong):
        timings = result.get("timings", {})
        took = timings.get("compile_ms", 0) + timings.get("run_ms", 0)
        self.rows.append((name, category, expected, result["verdict"], result.get("integrity", ""), took, wrong))

    def table(self):
        """Prints the rows; how many are wrong."""
        wrong = [row for row in self.rows if row[-1]]
        shown = sorted(self.rows if self.options.all else wrong)
        width = max((len(row[0]) for row in shown), default=4)
        if shown:
            print(f"{'item':{width}}  {'category':19} {'expected':16} {'verdict':14} {'integrity':11} {'ms':>6}")
        for name, category, expected, verdict, integrity, took, texts_ in shown:
            print(f"{name:{width}}  {category:19} {expected:16} {verdict:14} {integrity:11} {took:6.0f}")
            for text in texts_:
                print(f"    <-- {text}")
        hostile = [row for row in self.rows if row[1] != "honest"]
        print("categories:", ", ".join(f"{name} {n}" for name, n in sorted(collections.Counter(r[1] for r in hostile).items())))
        print("verdicts:", ", ".join(f"{name} {n}" for name, n in sorted(collections.Counter(r[3] for r in hostile).items())))
        print(f"{len(hostile)} hostile submissions of {len({row[0].split(':')[0] for row in hostile})} files, "
              f"{len(self.rows) - len(hostile)} honest ones: {len(wrong)} not as they must be")
        return len(wrong)


def main():
    parser = argparse.ArgumentParser(description="Grade hostile submissions; fail unless all of them are contained.")
    parser.add_argument("--suite", choices=("own", "shared", "all"), default="own")
    parser.add_argument("--quick", action="store_true", help="compiled items in one of their modes")
    parser.add_argument("--farms", type=int, default=os.cpu_count() + 1)
    parser.add_argument("--slack", type=float, default=2.0, help="seconds beyond the limits until a verdict")
    parser.add_argument("--only", default="", help="items whose name contains this")
    parser.add_argument("--all", action="store_true", help="show every item")
    parser.add_argument("--residents", action="store_true", help="with compilers that stay; only their languages")
    options = parser.parse_args()
    os.environ["GRADEFARM_RESIDENT_COMPILERS"] = str(options.residents).lower()
    if options.residents or not options.quick:
        farm.has_languages(*farm.SLOW_LANGUAGES)
    farm.needs_root()
    items, honest = hostile_items.own(options.quick) if options.suite != "shared" else ([], [])
    if options.suite != "own":
        items += hostile_items.shared()
    languages = hostile_items.served()
    fits = lambda item: item.request["evaluation"]["type"] in languages.get(item.language, ())  # noqa: E731
    for item in itertools.filterfalse(fits, items):
        print(f"skipped {item.name}: {item.language} is not served" + (" so" if item.language in languages else ""))
    items = [item for item in items if fits(item) and options.only in item.name]
    if options.residents or options.quick:  # CI grades the slow languages with --residents
        graded = lambda language: (language in farm.SLOW_LANGUAGES) == options.residents  # noqa: E731
        items = [item for item in items if graded(item.language)]
        honest = [request for request in honest if graded(request["submission"]["language"])]
    honest = [request for request in honest if request["evaluation"]["type"] in languages[request["submission"]["language"]]]
    if options.only:
        honest = []
    items.sort(key=lambda item: -item.judging_ms)  # what takes long goes first

    begin = time.monotonic()
    suite = Suite(items, honest, options)
    workers = [threading.Thread(target=suite.work, args=(number,)) for number in range(options.farms)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    failed = suite.table()
    for text in suite.broken:
        print("BROKEN:", text)
    done = sum(row[1] != "honest" for row in suite.rows)
    wanted = sum(item.repeat for item in items)
    if done != wanted:
        print(f"only {done} of {wanted} were graded")
    print(f"took {time.monotonic() - begin:.0f} s in {options.farms} farms")
    sys.exit(1 if failed or suite.broken or done != wanted else 0)


if __name__ == "__main__":
    main()
