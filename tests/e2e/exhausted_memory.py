#!/usr/bin/env python3
"""A host that has less memory than its programs may use: whoever is killed for that, or refused a page of a tmpfs, below
its own limit, ends right after a retry or as farm_error; a program that meets its own limit is told so all the while.

The grader and all its sandboxes are in one memory group, whose limit is that host. Once more without groups for the
runs, as without root.
"""

import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cgroups  # noqa: E402
import farm  # noqa: E402

MIB = 1 << 20
LEFT = 96 * MIB  # for all programs together, while memory is short
HOG = "x = bytearray(256 << 20)\nfor i in range(0, len(x), 4096):\n    x[i] = 1\n"
ANSWER = "print(int(input()) + 1)\n"
IN_A_CHILD = f"""import os, sys
child = os.fork()
if child == 0:
    exec({HOG!r})
    os._exit(0)
if os.waitpid(child, 0)[1] != 0:
    print("the child is lost")
    sys.exit({{code}})
{ANSWER}"""
TO_A_FILE = f"""with open("/tmp/big", "wb") as out:
    for _ in range(256):
        out.write(bytes(1 << 20))
{ANSWER}"""
CPP = "#include <cstdio>\nint main() { int n; std::scanf(\"%d\", &n); std::printf(\"%d\\n\", n + 1); }\n"

# Code, limits, verdict where there is memory, verdicts where there is not. farm_error is always possible then: whether a
# small program was hurt by the shortage that another one caused cannot always be known.
KINDS = {
    "small": (ANSWER, {}, "accepted", {"accepted", "farm_error"}),
    "wrong": ("print(0)\n", {}, "wrong_answer", {"wrong_answer", "farm_error"}),
    "crash": ("raise SystemExit(3)\n", {}, "runtime_error", {"runtime_error", "farm_error"}),
    "hog": (HOG + ANSWER, {"memory_bytes": 512 * MIB}, "accepted", {"farm_error"}),
    "child": (IN_A_CHILD.format(code=3), {"memory_bytes": 512 * MIB}, "accepted", {"farm_error"}),
    "child_ignored": (IN_A_CHILD.format(code=0), {"memory_bytes": 512 * MIB}, "accepted", {"farm_error"}),
    "tmpfs": (TO_A_FILE, {"memory_bytes": 512 * MIB, "tmpfs_bytes": 300 * MIB}, "accepted", {"farm_error"}),
    "own_tmpfs": (TO_A_FILE, {"tmpfs_bytes": 8 * MIB}, "runtime_error", {"runtime_error", "farm_error"}),
    "own_limit": (HOG + ANSWER, {"memory_bytes": 32 * MIB}, "memory_limit", {"memory_limit", "farm_error"}),
}
RETRIED = 2


def request(request_id, code, limits, language="python"):
    return {"schema_version": 1, "request_id": request_id, "trainer": "exhaustion", "limits": limits,
            "submission": {"language": language, "code": code},
            "evaluation": {"type": "stdin_stdout", "cases": [{"stdin": "7\n", "stdout": "8\n"}]}}


def requests(tag):
    wanted = [request(f"{tag}/{kind}", code, limits) for kind, (code, limits, *_) in KINDS.items()]
    return wanted + [request(f"{tag}/cpp", CPP, {}, "cpp")]


def check(tag, results, short):
    """Every verdict is one that its kind may have. The verdicts by kind."""
    found = {}
    for result in results:
        kind, verdict = result["request_id"].split("/")[1], result["verdict"]
        _, _, right, shortened = KINDS.get(kind, KINDS["small"])
        if verdict not in (shortened if short else {right}):
            sys.exit(f"{tag}: {kind} became {verdict}: {result}")
        if verdict == "farm_error" and "score" in result:
            sys.exit(f"{tag}: a fault of the farm was scored: {result}")
        found[kind] = verdict
    print(f"{tag}: {found}")
    return found


def children(pid):
    return set(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def check_retry(brokers, work, group, forkserver):
    """Memory comes back after a run was spoilt: the next attempt ends right. A spoilt run costs its launcher."""
    slow = [request(f"{n}/hog", "import time\ntime.sleep(2)\n" + HOG + ANSWER, {"memory_bytes": 512 * MIB})
            for n in range(RETRIED)]
    launchers = children(forkserver)
    group.leave(LEFT)
    results = []
    asking = threading.Thread(target=lambda: results.extend(ask(slow, work / "retry", brokers)))
    asking.start()
    farm.wait_until(lambda: children(forkserver) - launchers, 120, "a run to be spoilt")
    group.lift()
    asking.join()
    check("memory that comes back", results, short=False)
    attempts = [result["cases"][0]["attempts"] for result in results]
    if max(attempts) < 2:
        sys.exit(f"nothing was tried again: {attempts}")
    print(f"attempts: {attempts}")


def ask(wanted, work, brokers):
    return farm.grade(wanted, work, brokers=brokers, broker_kind="embedded", timeout=280)


@contextlib.contextmanager
def farm_in(group, work, **environment):
    """A farm of two slots in the group: the address of its broker, the pids of its grader and forkserver."""
    command = group.command(farm.program("gradefarm"), "up", "--workers", "2", "--canary-interval", "0s", "--metrics", "off")
    with open(work / "log", "w") as log:
        up = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
                              env={**os.environ, **environment})
    try:
        brokers = next(line.split()[1] for line in up.stdout if line.startswith("bootstrap"))
        grader = children(up.pid).pop()
        forkserver = next(pid for pid in children(grader)
                          if pathlib.Path(f"/proc/{pid}/comm").read_text() == "farm-forkserver\n")
        yield brokers, forkserver
        if children(up.pid) != {grader} or forkserver not in children(grader):
            sys.exit("the grader is not the one that was started")
    except SystemExit:
        print((work / "log").read_text()[-3000:])
        raise
    finally:
        group.lift()
        up.terminate()
        up.wait()


def check_full(work, group):
    with farm_in(group, work) as (brokers, forkserver):
        group.leave(LEFT)
        during = check("short of memory", ask(requests("short"), work / "short", brokers), short=True)
        if set(during.values()) == {"farm_error"}:
            sys.exit("short of memory: everything failed, so nothing was told apart")
        group.lift()
        check("after", ask(requests("after"), work / "after", brokers), short=False)
        check_retry(brokers, work, group, forkserver)


def check_reduced(work, group):
    def some(tag):
        return [one for one in requests(tag) if one["request_id"].split("/")[1] in ("small", "hog", "child_ignored")]

    with farm_in(group, work, GRADEFARM_ISOLATION="reduced") as (brokers, _):
        group.leave(LEFT)
        results = ask(some("reduced"), work / "reduced", brokers)
        check("short of memory without groups", results, short=True)
        if any(result["isolation"] != "reduced" for result in results if result["verdict"] == "accepted"):
            sys.exit(f"this is not what was meant: {results}")
        group.lift()
        check("after, without groups", ask(some("after"), work / "after-reduced", brokers), short=False)


def main():
    farm.needs_root()
    with tempfile.TemporaryDirectory(prefix="exhausted-memory-") as name, cgroups.MemoryGroup("gradefarm-test") as group:
        check_full(pathlib.Path(name), group)
        check_reduced(pathlib.Path(name), group)
    print("whoever was short of the host's memory ended right or as farm_error, and all else was judged")


if __name__ == "__main__":
    main()
