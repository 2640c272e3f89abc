#!/usr/bin/env python3
"""A real Prometheus, as deploy/monitoring ships it, scraping two loaded graders: prints each dashboard query and its result.

Fails where a query has no finite value (every panel has something to show on a loaded farm), where a rule cannot be
evaluated, and where an alert fires or is about to: nothing is wrong with this farm.
"""

import json
import math
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "support")]
import check_monitoring  # noqa: E402
import farm  # noqa: E402

PROMETHEUS = farm.ROOT / "deploy" / "monitoring" / "prometheus.sh"
RATE_INTERVAL = "2m"  # all of this test, so that rates know what the corpus did at its beginning
LOAD_S = 45
BATCH = 8  # requests at a time: a farm that keeps up, not one with a backlog


def free_ports(count):
    """Ports that nobody uses now; all are held until all are known."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Farm:
    """An embedded broker and two graders, each with a metrics port."""

    def __init__(self, work, ports):
        self.work, self.ports, self.blobs = work, ports, work / "blobs"

    def __enter__(self):
        log = self.work / "up.log"
        with open(log, "w") as out:
            self.up = subprocess.Popen(
                [farm.program("gradefarm"), "up", "--workers", "1", "--blob-dir", self.blobs, "--canary-interval", "2s",
                 "--metrics", f"127.0.0.1:{self.ports[0]}"], stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        try:
            bootstrap = lambda: re.search(r"^bootstrap\s+(\S+)", log.read_text(), re.MULTILINE)
            farm.wait_until(lambda: bootstrap() or self.up.poll() is not None, 120, "gradefarm up")
            if not bootstrap():
                sys.exit(f"gradefarm up ended:\n{log.read_text()}")
            self.brokers = bootstrap()[1]
            second = farm.Grader(self.brokers, self.work, "second", "--broker-kind", "embedded", "--workers", "1",
                                 "--blob-dir", str(self.blobs), "--sandbox-uid-base", "61000", "--canary-interval", "2s")
            second.command[second.command.index("off")] = f"127.0.0.1:{self.ports[1]}"  # of --metrics
            self.second = second.__enter__()
        except BaseException:
            self.stop_up()
            raise
        return self

    def stop_second(self):
        self.second.__exit__()

    def stop_up(self):
        self.up.send_signal(signal.SIGINT)
        try:
            self.up.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.up.kill()
            self.up.wait()

    def __exit__(self, *_):
        self.stop_second()
        self.stop_up()

    def grade(self, requests):
        source, out = self.work / "requests.jsonl", self.work / "results.jsonl"
        farm.write_jsonl(source, requests)
        out.unlink(missing_ok=True)
        command = [farm.program("gradefarm"), "grade", source, "--out", out, "--brokers", self.brokers,
                   "--broker-kind", "embedded", "--blob-dir", self.blobs]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=300)
        if done.returncode != 0:
            sys.exit(f"gradefarm grade ended with {done.returncode}:\n{done.stderr[-3000:]}")
        return farm.read_jsonl(out)


class Prometheus:
    def __init__(self, work, port, targets):
        self.options = ["--dir", work / "prometheus", "--port", str(port), "--interval", "1s"]
        self.targets = [part for target in targets for part in ("--target", f"127.0.0.1:{target}")]
        self.url = f"http://127.0.0.1:{port}"

    def __enter__(self):
        started = subprocess.run([PROMETHEUS, "start", *self.options, *self.targets], capture_output=True, text=True)
        if started.returncode != 0:
            sys.exit(f"prometheus.sh start ended with {started.returncode}:\n{started.stdout}{started.stderr}")
        return self

    def __exit__(self, *_):
        subprocess.run([PROMETHEUS, "stop", *self.options], check=False)

    def get(self, path, **parameters):
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}", timeout=30) as answer:
            return json.load(answer)["data"]

    def query(self, text):
        return self.get("query", query=text)["result"]


def requests_of_corpus():
    """The programs of the corpus but the largest."""
    printed = subprocess.run([sys.executable, TESTS / "corpus" / "run_corpus.py", "--print"], check=True,
                             capture_output=True, text=True)
    requests = [json.loads(line) for line in printed.stdout.splitlines()]
    return [request for request in requests if len(json.dumps(request)) < 100_000]


def finite(series):
    return [item for item in series if math.isfinite(float(item["value"][1]))]


def describe(item):
    labels = ", ".join(f"{key}={value}" for key, value in sorted(item["metric"].items()) if key != "__name__")
    return f"      {float(item['value'][1]):12.6g}  {{{labels}}}"


def print_queries(prometheus):
    """Prints all queries with their results; those that are empty."""
    empty = []
    for path in check_monitoring.DASHBOARDS:
        board = json.loads(path.read_text(encoding="utf-8"))
        print(f"\n== {board['title']}")
        for title, letter, query in check_monitoring.queries_of(board):
            series = prometheus.query(check_monitoring.with_variables(query, RATE_INTERVAL))
            print(f"-- {title} ({letter})\n   {query}")
            print("\n".join(map(describe, series)) or "      nothing")
            if not finite(series):
                empty.append(f"{path.name}: {title} ({letter}): {query}")
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                selector, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"]).groups()
                values = prometheus.query(f"count by ({label}) ({check_monitoring.with_variables(selector)})")
                print(f"-- variable {variable['name']}: {sorted(item['metric'][label] for item in values)}")
                if not values:
                    empty.append(f"{path.name}: variable {variable['name']}")
    return empty


def broken_rules(prometheus):
    rules = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
    written = [rule for path in check_monitoring.RULES for rule in check_monitoring.rules_of(path.read_text("utf-8"))]
    if len(rules) != len(written):
        return [f"Prometheus has {len(rules)} rules, the files have {len(written)}"]
    problems = [f"{rule['name']}: {rule['health']} {rule.get('lastError', '')}" for rule in rules if rule["health"] != "ok"]
    return problems + [f"{rule['name']} records nothing" for rule in rules
                       if rule["type"] == "recording" and not prometheus.query(rule["name"])]


def main():
    farm.needs_root()
    if not shutil.which("prometheus"):
        farm.skip("prometheus is not installed (Debian: package prometheus)")
    with tempfile.TemporaryDirectory(prefix="dashboards-") as name:
        work = pathlib.Path(name)
        work.chmod(0o755)
        port, *ports = free_ports(3)
        with Farm(work, ports) as running, Prometheus(work, port, ports) as prometheus:
            up = lambda: len(prometheus.query('up{job="gradefarm"} == 1')) == 2
            farm.wait_until(up, 60, "both graders to be scraped")
            owners = lambda: len(prometheus.query("gradefarm_assigned_partitions > 0")) == 2
            farm.wait_until(owners, 120, "both graders to own partitions")
            corpus, graded, begin = requests_of_corpus(), 0, time.monotonic()
            while time.monotonic() < begin + LOAD_S or graded < len(corpus):
                at = graded % len(corpus)
                # An id that was answered before would be answered from memory.
                batch = [{**request, "request_id": f"{request['request_id']}-{graded}"} for request in corpus[at:at + BATCH]]
                graded += len(running.grade(batch))
            print(f"graded {graded} requests in {time.monotonic() - begin:.0f} s")
            busy = prometheus.query("sum by (instance) (gradefarm_requests_total) > 0")
            assert len(busy) == 2, f"not both graders had work: {busy}"
            # Rules of an interval that had the last answers have been evaluated.
            recorded = lambda: prometheus.query("pool:gradefarm_requests:rate5m > 0")
            farm.wait_until(recorded, 30, "the recording rules")
            empty = print_queries(prometheus)
            rules = broken_rules(prometheus)
            alerts = prometheus.get("alerts")["alerts"]
            # A silence that nothing can break would show nothing.
            running.stop_second()
            pending = lambda: [alert for alert in prometheus.get("alerts")["alerts"]
                               if alert["labels"]["alertname"] == "GradefarmGraderDown"]
            farm.wait_until(pending, 30, "GradefarmGraderDown of the grader that was stopped")
    problems = [f"empty: {text}" for text in empty] + [f"rule: {text}" for text in rules]
    problems += [f"alert {item['state']} on a healthy farm: {item['annotations']['summary']}" for item in alerts]
    print("\n" + ("\n".join(problems) or "no query is empty, every rule can be evaluated, no alert fires or is pending; "
                  "without one grader, GradefarmGraderDown is"))
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
