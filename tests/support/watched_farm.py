"""A farm of its own that answers line by line, and what its runs may have left behind on the host.

Needs root: it looks into the processes of the grader.
"""

import json
import os
import pathlib
import re
import select
import subprocess
import threading
import time

import farm

# Of a farm: the daemon's uid, that of every sandbox's first process, and two for each slot.
UID_BASE = 60900
UIDS_OF_A_FARM = 20
CGROUPS = pathlib.Path("/sys/fs/cgroup")
PLACES_OF_A_RUN = ("box", "work", "tmp", "dev/shm")  # in the launcher's root
PLACES_OF_THE_HOST = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run")
SETTLES_WITHIN_S = 30
LOOKS_AT_REST = 10  # in a row, 20 ms apart: what works sleeps for a moment too
GRADER = "processes of the grader"


class WatchedFarm:
    """`gradefarm grade - --embedded` as a context. Farms of different numbers (below 14) share no uid."""

    def __init__(self, work, workers=1, number=0):
        self.work = pathlib.Path(work)
        self.work.mkdir(parents=True, exist_ok=True)
        self.workers = workers
        first = UID_BASE + number * UIDS_OF_A_FARM
        self.uids = set(range(first + 1, first + 2 + 2 * workers))
        self.environment = {**os.environ, "GRADEFARM_SANDBOX_UID_BASE": str(first)}
        self.pending = b""

    def __enter__(self):
        self.log = open(self.work / "stderr.log", "w")
        command = [farm.program("gradefarm"), "grade", "-", "--embedded", "--workers", str(self.workers)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
                                        env=self.environment)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.status = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.status = self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def warm_up(self):
        """Lets every slot start all that it keeps: its second launcher comes with the first tests that run apart."""
        evaluation = {"type": "assert", "entry_point": "one", "tests": "assert one() == 1\n"}
        self.ask_all([{"schema_version": 1, "request_id": f"warm-up-{number}", "trainer": "watched",
                       "submission": {"language": "python", "code": "def one():\n    return 1\n"},
                       "evaluation": evaluation} for number in range(8 * self.workers)])

    def ask(self, request, timeout=180):
        """The result of one request that is alone in the farm. RuntimeError where there is none."""
        return self.ask_all([request], timeout)[0]

    def ask_all(self, requests, timeout=180):
        """The results of requests that are sent at once, in the order in which they came. `timeout` is for each."""
        lines = b"".join(json.dumps(request).encode() + b"\n" for request in requests)
        writer = threading.Thread(target=self.send, args=(lines,))
        writer.start()
        waiting = {request["request_id"] for request in requests}
        results = []
        while waiting:
            result = json.loads(self.line(timeout, waiting))
            if result["request_id"] not in waiting:
                raise RuntimeError(f"{result['request_id']}: answered, and nobody asked")
            waiting.remove(result["request_id"])
            results.append(result)
        writer.join()
        return results

    def send(self, lines):
        try:
            self.process.stdin.write(lines)
            self.process.stdin.flush()
        except BrokenPipeError:  # whoever reads says so
            pass

    def line(self, timeout, waiting):
        end = time.monotonic() + timeout
        while b"\n" not in self.pending:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))
            more = os.read(self.process.stdout.fileno(), 1 << 20) if ready else b""
            if not more:
                why = "has ended" if ready else f"has not answered for {timeout} s"
                raise RuntimeError(f"{sorted(waiting)[:3]}: the farm {why}: {self.said()}")
            self.pending += more
        line, _, self.pending = self.pending.partition(b"\n")
        return line

    def said(self):
        return (self.work / "stderr.log").read_text(errors="replace")[-1500:]

    def resident(self):
        """Resident bytes of each process of the grader."""
        pages = {pid: count(lambda: int(text_of(f"/proc/{pid}/statm").split()[1]))
                 for pid in farm.descendants(self.process.pid)}
        return {pid: number * os.sysconf("SC_PAGE_SIZE") for pid, number in pages.items()}

    def footprint(self):
        """What an idle farm occupies: name → number or list, equal after every run."""
        pids = sorted(farm.descendants(self.process.pid))
        found = {GRADER: pids, "processes of submissions": processes_of(self.uids, set(pids)),
                 "IPC objects": ipc_objects_of(self.uids), "files on the host": files_of(self.uids)}
        for pid in pids:
            found[f"descriptors of {pid}"] = count(lambda: len(os.listdir(f"/proc/{pid}/fd")))
            found[f"mounts of {pid}"] = count(lambda: mounts_of(pid), [])
            for place in PLACES_OF_A_RUN:
                found[f"{place} of {pid}"] = count(lambda: len(os.listdir(f"/proc/{pid}/root/{place}")))
        # The host's own /tmp is what the daemon sees there: only a launcher's root is the farm's.
        own = os.stat("/").st_ino, os.stat("/").st_dev
        for pid in pids:
            root = stat_of(f"/proc/{pid}/root/.")
            if root is None or (root.st_ino, root.st_dev) == own:
                for place in PLACES_OF_A_RUN:
                    found.pop(f"{place} of {pid}")
        found["groups"], found["processes in groups"] = groups_of(pids)
        return found

    def idle_footprint(self):
        """The footprint at a moment without a run, which the farm's canary asks for by itself, and with nothing starting:
        a zygote that is still importing has a descriptor less than it will have."""
        end = time.monotonic() + 60
        at_rest = 0
        while True:
            now = self.footprint()
            uids = {count(lambda: uid_of(pid), None) for pid in now[GRADER]}
            states = {count(lambda: state_of(pid), None) for pid in now[GRADER]}
            at_rest = at_rest + 1 if states == {"S"} and not uids & {None, *self.uids} else 0
            if at_rest == LOOKS_AT_REST:
                return now
            if time.monotonic() > end:
                raise RuntimeError(f"the farm does not come to rest: {now[GRADER]}")
            time.sleep(0.02)

    def left_behind(self, before):
        """What differs from the footprint `before`, once it has had time to settle; [] where nothing does."""
        end = time.monotonic() + SETTLES_WITHIN_S
        while True:
            now = self.footprint()
            differs = [f"{name}: {difference(before.get(name), now.get(name))}"
                       for name in sorted({*now, *before}) if grew(before.get(name), now.get(name))]
            if now[GRADER] != before[GRADER]:  # a launcher that died and was replaced
                differs.append(f"{GRADER}: {now[GRADER]} instead of {before[GRADER]}")
            if not differs or time.monotonic() > end:
                return differs
            time.sleep(0.02)


def grew(before, now):
    """Whether there is more now. Less may be: the daemon closes connections that it does not need.

    >>> grew(3, 3), grew(3, 2), grew(3, 4), grew([1], [1]), grew([1], [2]), grew([1], []), grew(None, 1)
    (False, False, True, False, True, False, True)
    """
    if isinstance(before, list) and isinstance(now, list):
        return not set(now) <= set(before)
    if isinstance(before, int) and isinstance(now, int):
        return now > before
    return before != now


def difference(before, now):
    """
    >>> difference(3, 4), difference(["a"], ["a", "b"])
    ('4 instead of 3', "['b'] more")
    """
    if isinstance(before, list) and isinstance(now, list):
        return f"{[one for one in now if one not in before]} more"
    return f"{now} instead of {before}"


def mounts_of(pid):
    """Named by id, place and type: one that the host itself has made meanwhile is told by that."""
    lines = [line.split() for line in text_of(f"/proc/{pid}/mountinfo").splitlines()]
    return [f"{line[0]} {line[4]} {line[line.index('-') + 1]}" for line in lines]


def count(number, otherwise=0):
    try:
        return number()
    except OSError:  # it has just ended
        return otherwise


def text_of(path):
    return pathlib.Path(path).read_text(errors="replace")


def uid_of(pid):
    return int(re.search(r"^Uid:\s*(\d+)", text_of(f"/proc/{pid}/status"), re.MULTILINE).group(1))


def state_of(pid):
    """One letter: proc_pid_stat(5). Of a process of several threads it is the first one's."""
    return text_of(f"/proc/{pid}/stat").rpartition(")")[2].split()[0]


def stat_of(path):
    try:
        return os.stat(path)
    except OSError:
        return None


def processes_of(uids, known):
    """Processes of these uids, but for the known ones and for those in the groups of another grader of the host."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if folder.stat().st_uid not in uids or int(folder.name) in known:
                continue
            owners = {int(pid) for pid in re.findall(r"/gradefarm-(\d+)", text_of(folder / "cgroup"))}
            if owners <= known:  # of ours, or in no group at all
                found.append(f"{folder.name} ({text_of(folder / 'comm').strip()})")
        except OSError:  # it has just ended
            continue
    return sorted(found)


def ipc_objects_of(uids):
    """Lines of the host's System V objects that name one of the uids."""
    names = {str(uid) for uid in uids}
    return sorted(f"{kind}: {line.strip()}" for kind in ("shm", "sem", "msg")
                  for line in text_of(f"/proc/sysvipc/{kind}").splitlines()[1:] if names & set(line.split()))


def files_of(uids):
    found = []
    for folder in PLACES_OF_THE_HOST:
        if os.path.isdir(folder):
            with os.scandir(folder) as entries:
                found += [entry.path for entry in entries
                          if (stat := count(lambda: entry.stat(follow_symlinks=False))) and stat.st_uid in uids]
    return sorted(found)


def groups_of(pids):
    """How many control groups the grader has, and the processes in them that are not its own."""
    names = {f"gradefarm-{pid}" for pid in pids}
    groups, members = 0, []
    for folder, _, _ in os.walk(CGROUPS):  # what goes meanwhile is left out: other graders' groups do
        if names & set(folder.split("/")):
            groups += 1
            try:
                members += text_of(pathlib.Path(folder) / "cgroup.procs").split()
            except OSError:
                continue
    return groups, sorted(member for member in members if int(member) not in pids)
