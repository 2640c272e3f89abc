"""A farm with an HTTP gateway for Python tests: `gradefarm up --http`, and requests to it by http.client."""

import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys

import farm


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def call(port, method, path, body=None, headers=None, timeout=180):
    """(status, the JSON of the reply or its text). A body that is no bytes is sent as JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        connection.request(method, path, body, {"Content-Type": "application/json", **(headers or {})})
        reply = connection.getresponse()
        text = reply.read().decode()
        is_json = reply.getheader("Content-Type") == "application/json"
        return reply.status, json.loads(text) if is_json else text
    finally:
        connection.close()


def run_code(port, language, code, **fields):
    status, reply = call(port, "POST", "/run_code", {"language": language, "code": code, **fields})
    assert status == 200, (status, reply)
    return reply


class FarmWithGateway:
    """`gradefarm up --http` as a context; `port` is the gateway's."""

    def __init__(self, work, workers=2):
        self.work, self.workers, self.port = pathlib.Path(work), workers, free_port()
        self.log = self.work / "up.log"

    def __enter__(self):
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [farm.program("gradefarm"), "up", "--metrics", "off", "--workers", str(self.workers), "--gateway",
                 farm.program("gradefarm-gateway"), "--http", f"127.0.0.1:{self.port}", "--blob-dir", self.work / "blobs"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, env={**os.environ})
        announced = lambda: re.search(r"^http +\S+", self.log.read_text(), re.MULTILINE)
        farm.wait_until(lambda: announced() or self.process.poll() is not None, 180, "gradefarm up --http")
        if not announced():
            sys.exit(f"gradefarm up ended:\n{self.log.read_text()}")
        return self

    def children(self, name):
        """Pids of the farm's processes with this program name."""
        found = []
        for pid in farm.descendants(self.process.pid):
            try:
                arguments = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if pathlib.Path(arguments[0].decode()).name == name:
                found.append(pid)
        return found

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=90)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Gateway:
    """A gradefarm-gateway of its own as a context, in front of a cluster; ended in order on exit. `port` is its port."""

    def __init__(self, brokers, work, name, *options):
        self.port, self.log = free_port(), pathlib.Path(work) / f"{name}.log"
        self.command = [farm.program("gradefarm-gateway"), "--brokers", brokers, "--listen", f"127.0.0.1:{self.port}", *options]

    def __enter__(self):
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        ready = lambda: "gateway ready" in self.log.read_text()
        with farm.ended(self.process):
            farm.wait_until(lambda: ready() or self.process.poll() is not None, 60, "a gateway")
        if not ready():
            sys.exit(f"gradefarm-gateway ended with {self.process.returncode}:\n{self.log.read_text()}")
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
