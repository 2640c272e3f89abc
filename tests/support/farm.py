"""What the Python test programs share: where things are, how the farm is asked, how a test says that it was skipped."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("GRADEFARM_BUILD", ROOT / "build"))
SHARED = pathlib.Path(os.environ.get("GRADEFARM_SHARED", ROOT.parent / "shared"))
# Tests compile for themselves; those that are about the compile cache give it a directory of their own.
os.environ.setdefault("GRADEFARM_COMPILE_CACHE", "0")
# A grader tests each of its languages as it starts, which takes seconds where compilers are slow: those that only the tests
# of languages need are left out elsewhere.
SLOW_LANGUAGES = ("java", "typescript")
SKIPPED = 77  # ctest's SKIP_RETURN_CODE of these programs


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(SKIPPED)


def program(name):
    """The path of a built program; without it nothing can be tested, which is a failure."""
    path = BUILD / "bin" / name
    if not path.exists():
        sys.exit(f"{path} is missing: build it first (tests/run.sh does)")
    return path


def shared(*parts):
    """A file or folder of the shared test data, or a skip."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        skip(f"{path} is not there (GRADEFARM_SHARED names the folder of shared test data)")
    return path


def has_languages(*slow):
    """From now on graders have the languages that start at once, and these of the slow ones."""
    directory = BUILD / "languages" / "-".join(("quick", *slow))
    directory.mkdir(parents=True, exist_ok=True)
    for path in (ROOT / "grader" / "languages").glob("*.json"):
        link = directory / path.name
        if (path.stem not in SLOW_LANGUAGES or path.stem in slow) and not link.exists():
            link.unlink(missing_ok=True)
            try:
                link.symlink_to(path)
            except FileExistsError:  # another test of this moment
                pass
    os.environ["GRADEFARM_LANGUAGES_DIR"] = str(directory)


if "GRADEFARM_LANGUAGES_DIR" not in os.environ:
    has_languages()


def precompiles_headers():
    """From now on graders precompile headers, once a build tree, and keep no programs: one byte holds none."""
    os.environ["GRADEFARM_COMPILE_CACHE"] = "1"
    os.environ["GRADEFARM_COMPILE_CACHE_DIR"] = str(BUILD / "compilers")


def needs_root():
    """Sandboxes with their own uids and cgroups need privileges."""
    if os.geteuid() != 0:
        skip("not root: the grader cannot set up its sandboxes here")


def write_jsonl(path, rows):
    with open(path, "w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")


def read_jsonl(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def grade(requests, work, *, brokers=None, broker_kind=None, workers=None, options=(), timeout=900):
    """Grades requests by one run of `gradefarm grade`, in the folder `work`; the results, in the order they came.

    Fails the test where the program fails. Results are checked for exactly one answer each.
    """
    work = pathlib.Path(work)
    work.mkdir(parents=True, exist_ok=True)
    source, out = work / "requests.jsonl", work / "results.jsonl"
    write_jsonl(source, requests)
    out.unlink(missing_ok=True)
    command = [program("gradefarm"), "grade", source, "--out", out]
    command += ["--brokers", brokers] if brokers else ["--embedded"]
    command += ["--broker-kind", broker_kind] if broker_kind else []
    command += ["--workers", str(workers)] if workers else []
    command += options
    begin = time.monotonic()
    done = subprocess.run(command, timeout=timeout, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    print(f"graded {len(requests)} requests in {time.monotonic() - begin:.1f} s")
    results = read_jsonl(out)
    check_each_once(requests, results)
    return results


def check_each_once(requests, results):
    asked = sorted(request["request_id"] for request in requests)
    answered = sorted(result["request_id"] for result in results)
    if asked != answered:
        missing, twice = set(asked) - set(answered), {i for i in answered if answered.count(i) > 1}
        sys.exit(f"answers do not match requests: missing {sorted(missing)[:10]}, repeated {sorted(twice)[:10]}")


def descendants(pid):
    """The pids of all processes below `pid`, as /proc shows them now."""
    children = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, unseen = [], [pid]
    while unseen:
        below = children.get(unseen.pop(), [])
        found += below
        unseen += below
    return found


def wait_until(condition, seconds, what):
    """Polls until the condition holds; fails the test after `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"waited {seconds} s in vain for: {what}")
        time.sleep(0.05)


@contextlib.contextmanager
def ended(process):
    """A process that does not outlive a failure of what is done meanwhile."""
    try:
        yield
    except BaseException:
        process.kill()
        raise


class Progress:
    """Says how far a long run is, at most every `every` seconds."""

    def __init__(self, total, every=10):
        self.total, self.every, self.done = total, every, 0
        self.begin = self.said = time.monotonic()

    def add(self, number, note=""):
        self.done += number
        now = time.monotonic()
        if now - self.said >= self.every or self.done == self.total:
            self.said = now
            print(f"{self.done}/{self.total}, {now - self.begin:.0f} s{note}", flush=True)


class Grader:
    """A gradefarm-grader as a context: ready on entry, ended in order on exit. Dies with us."""

    def __init__(self, brokers, work, name, *options, metrics="off", environment=None):
        self.log = pathlib.Path(work) / f"{name}.log"
        self.command = [program("gradefarm-grader"), "--brokers", brokers, "--metrics", metrics, *options]
        self.environment = {**os.environ, **(environment or {})}

    def __enter__(self):
        reader, writer = os.pipe()
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([*self.command, "--ready-fd", str(writer)], pass_fds=[writer],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment)
        os.close(writer)
        self.lifeline = open(reader, "rb", buffering=0)
        if self.lifeline.readline() != b"ready\n":
            sys.exit(f"grader not ready, exit status {self.process.wait()}:\n{self.log.read_text()[-3000:]}")
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.lifeline.close()


class Up:
    """`gradefarm up` as a context; `brokers` is its bootstrap address, its broker an embedded one."""

    def __init__(self, work, workers, uid_base):
        self.log = pathlib.Path(work) / "up.log"
        self.command = [program("gradefarm"), "up", "--metrics", "off", "--workers", str(workers)]
        self.environment = {**os.environ, "GRADEFARM_SANDBOX_UID_BASE": str(uid_base)}

    def __enter__(self):
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=self.environment)
        wait_until(lambda: self.process.poll() is not None or "bootstrap" in self.log.read_text(), 120, "the farm")
        if self.process.poll() is not None:
            sys.exit(f"gradefarm up ended with {self.process.returncode}:\n{self.log.read_text()[-3000:]}")
        self.brokers = self.log.read_text().partition("bootstrap")[2].split()[0]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=120)
