#!/usr/bin/env python3
"""Bad input on every way in: each gets a clear error on the right channel, and the farm goes on."""

import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import farm  # noqa: E402

REPLIES = "grading.replies.bad-input"
GOOD = {"schema_version": 1, "request_id": "good", "trainer": "bad-input",
        "submission": {"language": "python", "code": "print(input())\n"},
        "evaluation": {"type": "stdin_stdout", "cases": [{"stdin": "x\n", "stdout": "x\n"}]}}

# What is wrong, the request's text, and what the message must name.
BAD_LINES = [
    ("broken-json", '{"schema_version": 1, "request_id": "broken-json", ', "JSON"),
    ("not-an-object", "[1, 2]", ""),
    ("wrong-type", json.dumps({**GOOD, "request_id": "wrong-type", "limits": {"run_cpu_ms": "soon"}}), "/limits/run_cpu_ms"),
    ("policy-typo", json.dumps({**GOOD, "request_id": "policy-typo", "policy": {"run_all": True}}), "/policy"),
    ("language", json.dumps({**GOOD, "request_id": "language", "submission": {"language": "klingon", "code": ""}}), "klingon"),
    ("no-cases", json.dumps({**GOOD, "request_id": "no-cases", "evaluation": {"type": "stdin_stdout", "cases": []}}),
     "/evaluation/cases"),
    ("negative", json.dumps({**GOOD, "request_id": "negative", "limits": {"memory_bytes": -1}}), "/limits/memory_bytes"),
]


def kcat(*arguments, **options):
    return subprocess.run(["kcat", "-q", "-m", "10", *arguments], capture_output=True, text=True, timeout=60, **options)


class Up:
    """`gradefarm up` as a context."""

    def __init__(self, work):
        self.work = pathlib.Path(work)
        self.log = self.work / "up.log"

    def __enter__(self):
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [farm.program("gradefarm"), "up", "--metrics", "off", "--workers", "2",
                 "--blob-dir", self.work / "blobs"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        bootstrap = lambda: re.search(r"^bootstrap\s+(\S+)", self.log.read_text(), re.MULTILINE)
        farm.wait_until(lambda: bootstrap() or self.process.poll() is not None, 60, "gradefarm up")
        if not bootstrap():
            sys.exit(f"gradefarm up ended:\n{self.log.read_text()}")
        self.brokers = bootstrap()[1]
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def produce(self, value, headers):
        """One record to grading.requests.cpu, as any client might write it."""
        path = self.work / "record"
        path.write_text(value, encoding="utf-8")
        options = [part for key, text in headers.items() for part in ("-H", f"{key}={text}")]
        done = kcat("-P", "-b", self.brokers, "-t", "grading.requests.cpu", "-z", "zstd",
                    "-X", "message.max.bytes=100000000", *options, path)
        assert done.returncode == 0, done.stderr

    def records(self, topic):
        """All records of a topic as kcat's JSON: payload, headers as a dict."""
        done = kcat("-C", "-b", self.brokers, "-t", topic, "-o", "beginning", "-e", "-J",
                    "-X", "fetch.message.max.bytes=100000000")
        found = [json.loads(line) for line in done.stdout.splitlines()]
        for record in found:
            names, texts = record.get("headers", [])[0::2], record.get("headers", [])[1::2]
            record["headers"] = dict(zip(names, texts))
        return found

    def reply(self, correlation, seconds=30):
        """The result that came to our reply topic under this correlation id."""
        found = []

        def arrived():
            found[:] = [r for r in self.records(REPLIES) if r["headers"].get("kafka_correlationId") == correlation]
            return found
        farm.wait_until(arrived, seconds, f"the reply to {correlation}")
        return json.loads(found[0]["payload"])

    def dead_letter(self, headers, seconds=30):
        """The dead letter of a record, found by one of the headers that it came with."""
        found = []

        def arrived():
            found[:] = [r for r in self.records("grading.dead-letters") if headers.items() <= r["headers"].items()]
            return found
        farm.wait_until(arrived, seconds, f"the dead letter of {headers}")
        return found[0]


def step(text):
    print(f"-- {text}", flush=True)


def check_lines(work):
    step("bad lines of a file: each is answered with `rejected`, and the good line with a verdict")
    source, out = work / "lines.jsonl", work / "lines-out.jsonl"
    source.write_text("\n".join([text for _, text, _ in BAD_LINES] + [json.dumps(GOOD)]) + "\n", encoding="utf-8")
    done = subprocess.run([farm.program("gradefarm"), "grade", source, "--out", out, "--embedded", "--workers", "1"],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr}"
    results = farm.read_jsonl(out)
    assert len(results) == len(BAD_LINES) + 1, results
    rejected = [row for row in results if row["verdict"] == "rejected"]
    assert len(rejected) == len(BAD_LINES) and all(row["fault"] == "request" for row in rejected), results
    assert all(any(part in row["message"] for row in rejected) for _, _, part in BAD_LINES), rejected
    assert [row["verdict"] for row in results if row["request_id"] == "good"] == ["accepted"], results


def check_records(up):
    step("bad records, written to Kafka without our client")
    for name, text, part in BAD_LINES:
        up.produce(text, {"kafka_replyTopic": REPLIES, "kafka_correlationId": name})
        result = up.reply(name)
        assert result["verdict"] == "rejected" and part in result["message"], (name, result)

    step("a reply topic outside of grading.replies.: a dead letter, and nothing there")
    up.produce(json.dumps({**GOOD, "request_id": "outside"}), {"kafka_replyTopic": "grading.requests.gpu", "mark": "outside"})
    letter = up.dead_letter({"kafka_replyTopic": "grading.requests.gpu"})
    assert "grading.requests.gpu" in letter["headers"]["error"], letter["headers"]
    assert not up.records("grading.requests.gpu")

    step("no reply topic and no trainer: a dead letter")
    up.produce("{}", {"mark": "nowhere"})
    letter = up.dead_letter({"mark": "nowhere"})
    assert letter["headers"]["error"] and letter["headers"]["original_topic"] == "grading.requests.cpu", letter

    step("a record of 20 MB")
    big = {**GOOD, "request_id": "big", "submission": {"language": "python", "code": "print(input())  #" + "x" * 20_000_000}}
    up.produce(json.dumps(big), {"kafka_replyTopic": REPLIES, "kafka_correlationId": "big"})
    assert up.reply("big")["verdict"] == "accepted"

    step("and after all that, an honest request")
    up.produce(json.dumps(GOOD), {"kafka_replyTopic": REPLIES, "kafka_correlationId": "good"})
    assert up.reply("good")["verdict"] == "accepted"
    assert up.process.poll() is None


def check_commands(work):
    def fails(arguments, *parts, seconds=90):
        done = subprocess.run([farm.program(arguments[0]), *arguments[1:]], capture_output=True, text=True,
                              timeout=seconds, stdin=subprocess.DEVNULL)
        assert done.returncode not in (0, 139, 134), f"{arguments}: exit {done.returncode}"
        missing = [part for part in parts if part not in done.stderr]
        assert not missing, f"{arguments}: stderr lacks {missing}:\n{done.stderr}"
        assert "terminate called" not in done.stderr, done.stderr

    good = work / "good.jsonl"
    good.write_text(json.dumps(GOOD) + "\n", encoding="utf-8")
    step("an unreachable broker: an exit code and a text with its address")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{unused.getsockname()[1]}"  # bound and not listening: refuses
        fails(["gradefarm", "grade", good, "--brokers", nobody], nobody)
        fails(["gradefarm-grader", "--brokers", nobody, "--metrics", "off"], nobody)
    step("a port in use: an exit code and a text with the port")
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        address = f"127.0.0.1:{busy.getsockname()[1]}"
        fails(["gradefarm", "up", "--metrics", address], address)
    step("command lines that make no sense")
    fails(["gradefarm", "grade", work / "nothing-here.jsonl", "--embedded"], "nothing-here.jsonl")
    fails(["gradefarm", "grade", good], "--brokers")
    fails(["gradefarm", "grade", good, "--embedded", "--workers", "many"], "many")
    fails(["gradefarm-grader", "--brokres", "x"], "brokres")


def main():
    farm.needs_root()
    if not shutil.which("kcat"):
        farm.skip("kcat is not installed")
    with tempfile.TemporaryDirectory(prefix="bad-input-") as name:
        work = pathlib.Path(name)
        work.chmod(0o755)
        begin = time.monotonic()
        check_lines(work)
        with Up(work) as up:
            check_records(up)
        check_commands(work)
        print(f"all as it should be, {time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    main()
