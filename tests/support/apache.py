"""Apache Kafka of deploy/kafka as a context, for the tests of label kafka_real."""

import pathlib
import subprocess
import sys

import farm

SCRIPT = farm.ROOT / "deploy" / "kafka" / "kafka.sh"
NOT_HERE = 77  # its exit code where Kafka cannot be had: no JDK, no Maven Central
PORT = 19592  # apart from that of a cluster which somebody uses on this machine


class Kafka:
    """A running cluster; `brokers` is its bootstrap address. Where it cannot be had, the test is skipped."""

    def __init__(self, directory, nodes=1, port=PORT, properties=None):
        self.directory, self.nodes, self.port = pathlib.Path(directory), nodes, port
        self.options = ["--nodes", str(nodes), "--dir", str(directory), "--port", str(port)]
        if properties:
            self.options += ["--properties", str(properties)]

    def __enter__(self):
        started = self.script("start")
        if started.returncode == NOT_HERE:
            farm.skip("no Apache Kafka here: " + (started.stderr.strip().splitlines() or ["?"])[-1])
        if started.returncode != 0:
            sys.exit(f"kafka.sh start ended with {started.returncode}:\n{started.stdout}{started.stderr}"[-4000:])
        self.brokers = self.done("bootstrap").strip()
        return self

    def __exit__(self, *_):
        self.script("stop")

    def script(self, command, *options):
        return subprocess.run([SCRIPT, command, *self.options, *options], capture_output=True, text=True)

    def done(self, command, *options):
        """What it printed; its failure is the test's."""
        done = self.script(command, *options)
        if done.returncode != 0:
            sys.exit(f"kafka.sh {command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"[-4000:])
        return done.stdout

    def start_node(self, node):
        """Goes on waiting where a busy machine takes longer than kafka.sh waits."""
        for _ in range(2):
            if self.script("start", "--node", str(node)).returncode == 0:
                return
        self.done("start", "--node", str(node))

    def pid(self, node):
        return int((self.directory / f"node-{node}" / "pid").read_text())
