"""One fault on Apache Kafka: a pool of its own with graders, a trainer, and the ledger of what that asked and was told."""

import contextlib
import itertools
import json
import pathlib
import random
import re
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import farm  # noqa: E402
import known_requests  # noqa: E402
import ledger  # noqa: E402

PARTITIONS = 8  # of each lane
LANES = 3  # each with a group of its own, which come one after the other
SLOTS = 2
SESSION_S = 6  # the least that a broker allows by default; of 30 s each death would cost 30 s
# With a heartbeat each 3 s, as is usual, a single late one on a busy machine would look like a death.
QUICK = ["--kafka-property", f"session.timeout.ms={SESSION_S * 1000}", "--kafka-property", "heartbeat.interval.ms=500"]
UID_BASE, UIDS_OF_A_GRADER, MOST_GRADERS = 62000, 20, 20
PATIENCE_S = 120  # for a single thing to come about, and for the next answer
# librdkafka before 2.3.0 (its issue 4312): a member that leaves before its first assignment aborts when all is done.
NEVER_ASSIGNED = "rd_kafka_sticky_assignor_state_destroy: Assertion `assignor_state' failed.\n"
DEADLINE_S = 86_400  # of the requests that have one: much longer than any run


class Run:
    """As a context: topics of its own; what begin() started ends with it, and then what `beside` holds."""

    def __init__(self, name, cluster, work, options):
        self.name, self.cluster, self.options = name, cluster, options
        self.work = pathlib.Path(work) / name
        self.work.mkdir()
        self.work.chmod(0o755)
        self.dice = random.Random(f"{options.seed} {name}")
        self.pool = f"{name}-{secrets.token_hex(3)}"
        self.graders, self.numbers, self.trainer = [], itertools.count(), None
        self.beside = contextlib.ExitStack()
        self.injected, self.deaths, self.aborted, self.begun = [], 0, 0, time.monotonic()
        self.said = self.begun
        self.file = ledger.LedgerFile(self.work / "ledger")

    def __enter__(self):
        replication = ["--replication", "3"] if self.cluster.nodes == 3 else []
        subprocess.run([farm.program("gradefarm"), "topics", "create", "--brokers", self.cluster.brokers, "--pools",
                        self.pool, "--partitions", str(PARTITIONS), *replication], check=True, stdout=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        if self.trainer:
            self.trainer.kill()
            self.trainer.wait()
        for grader in self.graders:
            grader.process.send_signal(signal.SIGCONT)
            grader.__exit__()
        self.beside.close()

    def begin(self, graders=2, *, options=(), environment=None, state=False, with_cpp=False):
        """A farm that grades, and a trainer that asks; with a state file if it is to come back."""
        self.grader_options, self.state, self.with_cpp = options, state, with_cpp
        self.environment = {"GRADEFARM_CANARY_INTERVAL": "0s", **(environment or {})}
        self.languages = languages_in(self.work / "languages", ["bash", "python", *(["cpp"] if with_cpp else [])])
        first = self.start_grader()
        self.all_partitions = LANES * PARTITIONS
        farm.wait_until(lambda: self.assigned(first) == self.all_partitions, PATIENCE_S, "partitions for the only grader")
        for _ in range(graders - 1):
            self.start_grader()
        self.await_shares()
        self.start_trainer()

    # --- graders --------------------------------------------------------------------------------------------------------

    def start_grader(self, brokers=None):
        """Ready when this returns; from any thread."""
        number = next(self.numbers)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        grader = farm.Grader(brokers or self.cluster.brokers, self.work, f"grader-{number}", "--pool", self.pool,
                             "--workers", str(SLOTS), "--languages-dir", self.languages, "--sandbox-uid-base",
                             str(UID_BASE + UIDS_OF_A_GRADER * (number % MOST_GRADERS)), *QUICK, *self.grader_options,
                             metrics=address, environment=self.environment)
        grader.metrics = f"http://{address}/metrics"
        self.graders.append(grader.__enter__())
        return grader

    def kill(self, grader):
        """kill -9; all below it is gone when this returns."""
        self.graders.remove(grader)
        below = farm.descendants(grader.process.pid)
        grader.process.kill()
        if grader.process.wait() != -signal.SIGKILL:
            sys.exit(f"the grader ended by itself, with {grader.process.returncode}:\n{grader.log.read_text()[-3000:]}")
        self.deaths += 1
        grader.__exit__()
        farm.wait_until(lambda: not [pid for pid in below if pathlib.Path(f"/proc/{pid}").exists()], PATIENCE_S,
                        "the end of what the killed grader had started")

    def leave(self, grader):
        """SIGTERM, which a grader obeys by ending in order. From any thread; no longer among `graders`."""
        grader.__exit__()
        said = grader.log.read_text()
        if grader.process.returncode == -signal.SIGABRT and "\"drained\"" in said and said.endswith(NEVER_ASSIGNED):
            self.aborted += 1
        elif grader.process.returncode != 0:
            sys.exit(f"a grader that was to leave ended with {grader.process.returncode}:\n{grader.log.read_text()[-3000:]}")

    def metric(self, grader, name):
        """The sum over its labels; -1 where the grader does not answer."""
        try:
            with urllib.request.urlopen(grader.metrics, timeout=2) as answer:
                text = answer.read().decode()
        except OSError:
            return -1
        return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE))

    def assigned(self, grader):
        return self.metric(grader, "gradefarm_assigned_partitions")

    def await_shares(self):
        """Until each grader knows that it has some partitions, and not all; one that was away may still think so."""
        most = self.all_partitions - len(self.graders) + 1
        farm.wait_until(lambda: all(0 < self.assigned(grader) <= most for grader in self.graders), PATIENCE_S,
                        "partitions for each grader")

    # --- the trainer ----------------------------------------------------------------------------------------------------

    def start_trainer(self):
        settings = self.work / "trainer.json"
        if not settings.exists():
            settings.write_text(json.dumps({
                "brokers": self.cluster.brokers, "pool": self.pool, "ledger": str(self.file.path), "seed": self.options.seed,
                "state": str(self.work / "state") if self.state else None, "count": self.options.requests,
                "rate": self.options.rate, "with_cpp": self.with_cpp, "resubmit_after": self.options.resubmit_after,
                "deadline_unix_ms": int((time.time() + DEADLINE_S) * 1000), "stop": str(self.work / "stop")}))
        runner, script = farm.ROOT / "tests/python/run.sh", farm.ROOT / "tests/kafka_real/trainer.py"
        with open(self.work / "trainer.log", "a") as log:
            self.trainer = subprocess.Popen([runner, farm.BUILD, "program", script, settings], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)

    def ledger(self):
        """What it says by now."""
        status = self.trainer.poll()
        found = self.file.update()
        if status == farm.SKIPPED and not found.lives:
            farm.skip((self.work / "trainer.log").read_text().strip()[-500:])
        if status is not None and found.stats is None:
            sys.exit(f"the trainer ended with {status}:\n{(self.work / 'trainer.log').read_text()[-3000:]}")
        now = time.monotonic()
        if now - self.said >= 10:
            self.said = now
            print(f"{self.name}: {len(found.asked)}/{self.options.requests} asked, {len(found.told)} answered, "
                  f"{len(self.injected)} times, {now - self.begun:.0f} s", flush=True)
        return found

    # --- the fault ------------------------------------------------------------------------------------------------------

    def goes_on(self, at_least):
        """Whether there is to be another time."""
        return len(self.injected) < at_least or not self.asked_enough()

    def asked_enough(self):
        return len(self.ledger().asked) >= self.options.requests

    @contextlib.contextmanager
    def injection(self):
        """What is done meanwhile is one time of the fault; it begins while requests are under way."""
        farm.wait_until(lambda: len(self.ledger().outstanding()) >= SLOTS, PATIENCE_S, "requests under way")
        yield
        self.injected.append(time.monotonic())

    def pause(self, low, high):
        end = time.monotonic() + self.dice.uniform(low, high)
        while time.monotonic() < end:
            self.ledger()
            time.sleep(0.1)

    # --- the end --------------------------------------------------------------------------------------------------------

    def right(self, number):
        known = known_requests.known(self.options.seed, number, with_cpp=self.with_cpp)
        return known.verdict, known.score

    def finish(self, farm_errors):
        """Waits for all answers, then for the end of all; what must not be, and a line of results."""
        (self.work / "stop").touch()
        answered, since = -1, time.monotonic()
        while self.ledger().stats is None and time.monotonic() - since < PATIENCE_S:
            if len(self.file.ledger.told) != answered:
                answered, since = len(self.file.ledger.told), time.monotonic()
            time.sleep(0.1)
        found = self.file.update()
        problems = found.problems(self.right, farm_errors)
        if self.dead_letters() > farm_errors:
            problems.append(f"{self.dead_letters()} dead letters, at most {farm_errors} expected")
        if found.stats is None:
            problems.append(f"the trainer did not end, and was told nothing for {PATIENCE_S} s")
        elif found.stats["timed_out"] or found.stats["unreadable_answers"]:
            problems.append(f"the client says {found.stats}")
        while self.graders:
            self.leave(self.graders.pop())
        uids = range(UID_BASE, UID_BASE + MOST_GRADERS * UIDS_OF_A_GRADER)
        farm.wait_until(lambda: not processes_of(uids), PATIENCE_S, "the end of all processes of graders and sandboxes")
        return problems, self.results(found)

    def dead_letters(self):
        logs = (log.read_text(errors="replace") for log in self.work.glob("grader-*.log"))
        return sum(log.count('"message":"dead letter"') for log in logs)

    def results(self, found):
        recoveries = [found.recovered_after(moment) for moment in self.injected]
        known = sorted(seconds for seconds in recoveries if seconds is not None)
        recovered = f"{statistics.median(known):.1f} s, at worst {known[-1]:.1f} s" if known else "never"
        twice = sum(len(answers) > 1 for answers in found.told.values())
        wrong = sum(answer[2] != "farm" and (answer[1], answer[3]) != self.right(number)
                    for number, answers in found.told.items() for answer in answers)
        scored = sum(answer[2] == "farm" and answer[3] is not None for answers in found.told.values() for answer in answers)
        stats = found.stats or {}
        return (f"{self.name}: {len(found.asked)} requests, {len(self.injected)} times: lost {len(found.outstanding())}, "
                f"twice {twice}, wrong {wrong}, farm faults scored {scored}, farm_error {len(found.farm_errors())}, dead "
                f"letters {self.dead_letters()}; recovered in {recovered}; published again "
                f"{stats.get('resubmitted', '?')}, answers dropped {stats.get('duplicate_answers', '?')}; "
                f"{time.monotonic() - self.begun:.0f} s")


def languages_in(directory, names):
    """These alone, and none that takes long to start: a grader would precompile headers for half a minute."""
    directory.mkdir()
    for name in names:
        language = json.loads((farm.ROOT / "grader/languages" / f"{name}.json").read_text())
        language.get("compile", {}).pop("precompiled", None)
        (directory / f"{name}.json").write_text(json.dumps(language))
    return directory


def processes_of(uids):
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has just ended
            if folder.stat().st_uid in uids:
                found.append(f"{folder.name} ({(folder / 'comm').read_text().strip()})")
    return found
