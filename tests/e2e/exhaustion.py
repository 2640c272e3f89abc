#!/usr/bin/env python3
"""A host that runs out of descriptors or processes: what was asked meanwhile ends right or as farm_error, never as
the submission's fault; what is asked afterwards ends right, in the same grader.

The grader is a real one; the shortage is made by the kernel's own limits, put on its running processes from outside.
"""

import contextlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cgroups  # noqa: E402
import farm  # noqa: E402

REQUESTS = 8
PROGRAMS = {"python": "import os\nprint(int(input()) + 1)\n",
            "cpp": '#include <cstdio>\nint main() { int n; std::scanf("%d", &n); std::printf("%d\\n", n + 1); }\n'}


def requests(tag):
    return [{"schema_version": 1, "request_id": f"{tag}-{language}-{n}", "trainer": "exhaustion",
             "submission": {"language": language, "code": code},
             "evaluation": {"type": "stdin_stdout", "cases": [{"stdin": f"{n}\n", "stdout": f"{n + 1}\n"}]}}
            for n in range(REQUESTS) for language, code in PROGRAMS.items()]


def verdicts(brokers, work, tag):
    results = farm.grade(requests(tag), work / tag, brokers=brokers, broker_kind="embedded", timeout=280)
    counts = {}
    for result in results:
        counts[result["verdict"]] = counts.get(result["verdict"], 0) + 1
        if result["verdict"] == "farm_error" and "score" in result:
            sys.exit(f"{tag}: a fault of the farm was scored: {result}")
    print(f"{tag}: {counts}")
    return counts


def limit_descriptors(pid, soft):
    """As the user that the process runs as: a root without CAP_SYS_RESOURCE may change only its own kind (prlimit(2))."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    uid, gid = (int(re.search(rf"^{what}:\t(\d+)", status, re.MULTILINE)[1]) for what in ("Uid", "Gid"))
    subprocess.run(["prlimit", "--pid", str(pid), f"--nofile={soft}:"], user=uid, group=gid, extra_groups=[], check=True)


@contextlib.contextmanager
def no_more_descriptors(pids):
    """Each process keeps what it has open, and gets nothing more."""
    before = {}
    for pid in pids:
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        before[pid] = re.search(r"^Max open files +(\d+)", limits, re.MULTILINE)[1]
        limit_descriptors(pid, max(int(name) for name in os.listdir(f"/proc/{pid}/fd")) + 1)
    try:
        yield
    finally:
        for pid, soft in before.items():
            if os.path.exists(f"/proc/{pid}"):  # a launcher that gave up was replaced
                limit_descriptors(pid, soft)


@contextlib.contextmanager
def no_more_processes(pids):
    """The processes move into a group that is full already."""
    homes = {pid: cgroups.group_of(pid, "pids")[0] for pid in pids}
    full = cgroups.group_of(os.getpid(), "pids")[1] / f"gradefarm-exhaustion-{os.getpid()}"
    full.mkdir()
    try:
        for pid in pids:
            (full / "cgroup.procs").write_text(str(pid))
        (full / "pids.max").write_text(str(len(pids)))
        yield
    finally:
        (full / "pids.max").write_text("max")
        for pid in (full / "cgroup.procs").read_text().split():
            with contextlib.suppress(OSError):  # it has ended
                (homes.get(int(pid), next(iter(homes.values()))) / "cgroup.procs").write_text(pid)
        farm.wait_until(lambda: not (full / "cgroup.procs").read_text(), 60, "the full group to be empty")
        full.rmdir()


def main():
    farm.needs_root()
    with tempfile.TemporaryDirectory(prefix="exhaustion-") as name:
        work = pathlib.Path(name)
        up = subprocess.Popen([farm.program("gradefarm"), "up", "--workers", "2", "--canary-interval", "0s",
                               "--metrics", "off"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=open(work / "log", "w"), text=True)
        try:
            brokers = next(line.split()[1] for line in up.stdout if line.startswith("bootstrap"))
            if verdicts(brokers, work, "before") != {"accepted": 2 * REQUESTS}:
                sys.exit("honest programs are not accepted to begin with")
            grader = farm.descendants(up.pid)[0]
            helpers = farm.descendants(grader)  # the fork server and a launcher a slot, all idle
            shortages = {"grader-descriptors": lambda: no_more_descriptors([grader]),
                         "launcher-descriptors": lambda: no_more_descriptors(helpers),
                         "launcher-processes": lambda: no_more_processes(helpers)}
            for tag, shortage in shortages.items():
                with shortage():
                    during = verdicts(brokers, work, tag)
                if set(during) - {"accepted", "farm_error"}:
                    sys.exit(f"{tag}: the farm's fault became another's: {during}")
                if "farm_error" not in during:
                    sys.exit(f"{tag}: nothing ran short, so nothing was shown")
                after = verdicts(brokers, work, f"after-{tag}")
                if after != {"accepted": 2 * REQUESTS}:
                    sys.exit(f"{tag}: the grader has not recovered: {after}")
                helpers = farm.descendants(grader)
        except SystemExit:
            print((work / "log").read_text()[-3000:])
            raise
        finally:
            up.terminate()
            up.wait()
    print("every shortage ended right or as farm_error, and passed")


if __name__ == "__main__":
    main()
