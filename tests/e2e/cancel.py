#!/usr/bin/env python3
"""A step is taken back while some of its requests run and the others wait: what runs is killed, what waits never begins,
each is answered `cancelled` once, no sandbox is left, and another step is graded as if nothing had been.

    cancel.py [--kafka] [--count N]     Apache Kafka and two graders instead of `gradefarm up`; 2,000 by hand
"""

import argparse
import contextlib
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import apache  # noqa: E402
import farm  # noqa: E402

UID_BASES = (61200, 61300)
SLOTS = 2  # of each grader
SLEEP = "import time\ntime.sleep(1000)\n"  # much longer than anything here is waited for
OTHERS = 20


def request(i, step, code):
    return {"schema_version": 1, "request_id": f"{step}-{i}", "trainer": "cancel", "step": step,
            "submission": {"language": "python", "code": code},
            "evaluation": {"type": "stdin_stdout", "cases": [{"stdin": "", "stdout": "1\n"}]},
            "limits": {"run_wall_ms": 1_000_000, "total_wall_ms": 1_000_000}}


@contextlib.contextmanager
def farm_of(kafka, work):
    """Its brokers, their kind, and its number of graders."""
    if not kafka:
        with farm.Up(work, SLOTS, UID_BASES[0]) as up:
            yield up.brokers, "embedded", 1
        return
    with apache.Kafka(f"{work}/kafka") as cluster, contextlib.ExitStack() as graders:
        subprocess.run([farm.program("gradefarm"), "topics", "create", "--brokers", cluster.brokers,
                        "--partitions", "8"], check=True, stdout=subprocess.DEVNULL)
        for number, base in enumerate(UID_BASES):
            graders.enter_context(farm.Grader(cluster.brokers, work, f"grader-{number}", "--workers", str(SLOTS),
                                              "--sandbox-uid-base", str(base)))
        yield cluster.brokers, "apache", len(UID_BASES)


def in_sandboxes():
    """The names of all processes that belong to a sandbox of this farm, by their uid."""
    uids = {base + 1 + i for base in UID_BASES for i in range(1 + 2 * SLOTS)}
    found = []
    for status in pathlib.Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
        except OSError:  # it has just ended
            continue
        if int(fields["Uid"].split()[0]) in uids:
            found.append(fields["Name"])
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--kafka", action="store_true")
    parser.add_argument("--count", type=int, default=200)
    options = parser.parse_args()
    farm.needs_root()
    with tempfile.TemporaryDirectory(prefix="cancel-") as work:
        pathlib.Path(work).chmod(0o755)
        with farm_of(options.kafka, work) as (brokers, kind, graders):
            check(pathlib.Path(work), ["--brokers", brokers, "--broker-kind", kind], graders * SLOTS, options.count)


def check(work, broker, slots, count):
    taken_back = [request(i, 7, SLEEP) for i in range(count)]
    others = [request(i, 8, "print(1)\n") for i in range(OTHERS)]
    source, out = work / "requests.jsonl", work / "results.jsonl"
    farm.write_jsonl(source, taken_back + others)
    with subprocess.Popen([farm.program("gradefarm"), "grade", source, "--out", out, *broker],
                          stderr=subprocess.PIPE, text=True) as grade, farm.ended(grade):
        running = lambda: in_sandboxes().count("python3")
        farm.wait_until(lambda: running() == slots or grade.poll() is not None, 120, "sleepers in every slot")
        assert grade.poll() is None, f"nothing was left to take back:\n{grade.stderr.read()}"
        subprocess.run([farm.program("gradefarm"), "cancel", *broker, "--trainer", "cancel", "--step", "7"], check=True)
        begin = time.monotonic()
        # Others may begin meanwhile, and end by themselves.
        answered = lambda: out.exists() and out.read_bytes().count(b"\n")
        farm.wait_until(lambda: answered() == count + OTHERS, 120, "all answers")
        took = time.monotonic() - begin
        _, text = grade.communicate(timeout=60)
    assert grade.returncode == 0, f"gradefarm grade ended with {grade.returncode}:\n{text}"
    farm.wait_until(lambda: not in_sandboxes(), 30, "the end of all sandboxes")

    results = farm.read_jsonl(out)
    farm.check_each_once(taken_back + others, results)
    of = lambda step: [result for result in results if result["step"] == step]
    wrong = [(r["request_id"], r["verdict"]) for r in of(7) if r["verdict"] != "cancelled"]
    wrong += [(r["request_id"], r["verdict"]) for r in of(8) if r["verdict"] != "accepted"]
    assert not wrong, f"not as expected: {wrong[:10]}"
    assert all("score" not in result for result in of(7)), "what was taken back has a score"
    never_begun = sum(r["message"] == "cancelled before grading began" for r in of(7))
    assert never_begun == count - slots, f"{count - never_begun} of {count} had begun, in {slots} slots"
    print(f"{count} requests taken back, {slots} of them running: all answered after {took:.1f} s, {never_begun} never "
          f"begun, no sandbox left, {OTHERS} of another step accepted")


if __name__ == "__main__":
    main()
