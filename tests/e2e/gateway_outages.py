#!/usr/bin/env python3
"""HTTP gateways in front of Apache Kafka: one of two behind a proxy is killed under load, and the broker stands still for a
while. Callers who ask again get their answers, and those who wait get theirs."""

import asyncio
import concurrent.futures
import contextlib
import http.client
import itertools
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import apache  # noqa: E402
import farm  # noqa: E402
import gateway  # noqa: E402
from gateway import call  # noqa: E402

COUNT = 300
KILL_AFTER = 50  # answers
STANDSTILL = 20  # seconds
PATIENCE = 300


class RoundRobin:
    """A TCP proxy as a context: each connection goes to the next port that takes it."""

    def __init__(self, ports):
        self.ports, self.port = itertools.cycle(ports), None
        self.tries, self.loop = len(ports), asyncio.new_event_loop()

    def __enter__(self):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    async def serve(self, reader, writer):
        for _ in range(self.tries):
            try:
                upstream = await asyncio.open_connection("127.0.0.1", next(self.ports))
                break
            except OSError:
                continue
        else:
            return writer.close()
        await asyncio.gather(self.copy(reader, upstream[1]), self.copy(upstream[0], writer))

    @staticmethod
    async def copy(source, sink):
        with contextlib.suppress(OSError):
            while data := await source.read(1 << 16):
                sink.write(data)
                await sink.drain()
        sink.close()


def ask_until_answered(port, i, again):
    """What the program printed; `again` gets why it had to be asked again."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            status, reply = call(port, "POST", "/run_code", {"language": "python", "code": f"print({i} + 1)"})
            if status == 200:
                return reply["run_result"]["stdout"]
            again.append(status)
        except (OSError, http.client.HTTPException) as error:
            again.append(type(error).__name__)
        time.sleep(0.2)
    raise AssertionError(f"request {i} was not answered in {PATIENCE} s")


def check_kill(kafka, work, options):
    again = []
    with gateway.Gateway(kafka.brokers, work, "first", *options) as first, \
            gateway.Gateway(kafka.brokers, work, "second", *options) as second, RoundRobin([first.port, second.port]) as proxy, \
            concurrent.futures.ThreadPoolExecutor(64) as pool:
        waiting = [pool.submit(ask_until_answered, proxy.port, i, again) for i in range(COUNT)]
        answered = lambda: sum(one.done() for one in waiting)
        farm.wait_until(lambda: answered() >= KILL_AFTER, 120, "the first answers")
        before = answered()
        assert before < COUNT, "all was answered before the kill: nothing is shown"
        second.process.kill()
        assert [one.result() for one in waiting] == [f"{i + 1}\n" for i in range(COUNT)]
    print(f"one of two gateways was killed after {before} of {COUNT} answers; {len(again)} requests were sent again "
          f"({', '.join(sorted(map(str, set(again))))}), and all got the right answer")


def check_standstill(kafka, work, options):
    def run(port, i):
        return call(port, "POST", "/run_code", {"language": "python", "code": f"import time\ntime.sleep(1)\nprint({i})"},
                    timeout=PATIENCE)

    with gateway.Gateway(kafka.brokers, work, "third", *options) as one, concurrent.futures.ThreadPoolExecutor(40) as pool:
        health = lambda: call(one.port, "GET", "/healthz")[0]
        waiting = [pool.submit(run, one.port, i) for i in range(20)]
        farm.wait_until(lambda: any(done.done() for done in waiting), 60, "the first answer")
        kafka.done("stop")
        farm.wait_until(lambda: health() == 503, 60, "a gateway that says that it has no broker")
        waiting += [pool.submit(run, one.port, i) for i in range(20, 30)]
        time.sleep(STANDSTILL)
        unanswered = sum(not done.done() for done in waiting)
        assert unanswered >= 10, "nothing waited for the broker"
        kafka.start_node(1)
        replies = [done.result() for done in waiting]
        wrong = [reply for i, reply in enumerate(replies) if reply[0] != 200 or reply[1]["run_result"]["stdout"] != f"{i}\n"]
        assert not wrong, (len(wrong), wrong[:3])
        farm.wait_until(lambda: health() == 200, 60, "a gateway that says that it has its broker back")
    print(f"{unanswered} requests waited for a broker that was away for more than {STANDSTILL} s, and were answered right")


def main():
    farm.needs_root()
    with tempfile.TemporaryDirectory(prefix="gateway-outages-") as name, apache.Kafka(f"{name}/kafka") as kafka:
        work = pathlib.Path(name)
        work.chmod(0o755)
        options = ["--blob-dir", work / "blobs"]
        subprocess.run([farm.program("gradefarm"), "topics", "create", "--brokers", kafka.brokers, "--partitions", "4"],
                       check=True, stdout=subprocess.DEVNULL)
        with farm.Grader(kafka.brokers, work, "grader", "--workers", "2", *options):
            check_kill(kafka, work, options)
            check_standstill(kafka, work, options)


if __name__ == "__main__":
    main()
