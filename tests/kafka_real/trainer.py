"""A trainer that keeps a ledger (tests/support/ledger.py), by the Python client: trainer.py FILE

FILE is JSON: brokers, pool, ledger, state (null: without a state file), seed, count, rate, with_cpp, deadline_unix_ms,
stop. Known requests are asked in bursts until there were `count` and the file `stop` exists. What was told in an earlier
life is not asked again, as a trainer knows from its own checkpoint. Runs by tests/python/run.sh, which has the client.
"""

import ctypes
import dataclasses
import itertools
import json
import os
import pathlib
import queue
import signal
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import known_requests  # noqa: E402
import ledger  # noqa: E402

from gradefarm import Farm  # noqa: E402

BURST = 25
LATER = 2  # times slower, once there were `count`
PATIENCE_S = 7200  # whoever started us gives up earlier
PR_SET_PDEATHSIG = 1  # prctl(2)


class Trainer:
    def __init__(self, settings):
        self.settings = settings
        path = pathlib.Path(settings["ledger"])
        self.under_way = 0  # futures that were or will be done
        self.before = ledger.LedgerFile(path).update()
        self.out = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.note("life", time.monotonic())

    def note(self, *event):
        os.write(self.out, json.dumps(event).encode() + b"\n")

    def request(self, number):
        known = known_requests.known(self.settings["seed"], number, with_cpp=self.settings["with_cpp"])
        body = {"schema_version": 1, "request_id": str(number), **known.body}
        if number % 3 == 0:
            body["deadline_unix_ms"] = self.settings["deadline_unix_ms"]
        return body

    def numbers(self):
        """What an earlier life asked and was never told, then new ones."""
        yield from self.before.outstanding()
        first = max(self.before.asked, default=-1) + 1
        for number in itertools.count(first):
            if number >= self.settings["count"] and pathlib.Path(self.settings["stop"]).exists():
                return
            yield number

    def requests(self, known):
        due = time.monotonic()
        for asked, number in enumerate(number for number in self.numbers() if str(number) not in known):
            if asked % BURST == 0:
                time.sleep(max(0.0, due - time.monotonic()))
                # A burst that was late is not made up for: that would be a flood after each fault.
                slowness = LATER if number >= self.settings["count"] else 1
                due = max(due, time.monotonic() - 1) + slowness * BURST / self.settings["rate"]
            self.note("asked", number, time.monotonic())
            yield self.request(number)

    def submit(self, farm, done):
        """On a thread of its own, so that answers are taken when they come. Ends with None, or what went wrong."""
        try:
            known = farm.resumed
            for request_id, future in known.items():
                if int(request_id) in self.before.told:
                    self.note("offered", int(request_id))
                    farm.acknowledge(request_id)
                else:
                    self.under_way += 1
                    future.add_done_callback(done.put)
            for request in self.requests(known):
                self.under_way += 1
                farm.submit(request).add_done_callback(done.put)
            done.put(None)
        except BaseException as error:
            done.put(error)

    def run(self):
        settings, done = self.settings, queue.SimpleQueue()
        with Farm(settings["brokers"], trainer=settings["pool"], pool=settings["pool"], state_file=settings["state"],
                  acknowledge="manual", on_farm_error="mask", request_timeout=PATIENCE_S,
                  connect_timeout=60, resubmit_after=settings["resubmit_after"]) as farm:
            threading.Thread(target=self.submit, args=(farm, done), daemon=True).start()
            taken, submits = 0, True
            while submits or taken < self.under_way:
                future = done.get()
                if future is None:
                    submits = False
                    continue
                if isinstance(future, BaseException):
                    raise future
                result = future.result()
                number = int(result.request_id)
                self.note("told", number, time.monotonic(), result.verdict, result.fault, result.score)
                farm.acknowledge(result.request_id)
                self.note("kept", number)
                taken += 1
            self.note("end", dataclasses.asdict(farm.stats()))


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    Trainer(json.loads(pathlib.Path(sys.argv[1]).read_text())).run()
