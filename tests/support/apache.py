"""Apache Kafka of deploy/kafka as a context, for the tests of label kafka_real."""

import subprocess
import sys

import farm

SCRIPT = farm.ROOT / "deploy" / "kafka" / "kafka.sh"
NOT_HERE = 77  # its exit code where Kafka cannot be had: no JDK, no Maven Central
PORT = 19592  # apart from that of a cluster which somebody uses on this machine


class Kafka:
    """A running cluster; `brokers` is its bootstrap address. Where it cannot be had, the test is skipped."""

    def __init__(self, directory, nodes=1):
        self.options = ["--nodes", str(nodes), "--dir", str(directory), "--port", str(PORT)]

    def __enter__(self):
        started = subprocess.run([SCRIPT, "start", *self.options], capture_output=True, text=True)
        if started.returncode == NOT_HERE:
            farm.skip("no Apache Kafka here: " + (started.stderr.strip().splitlines() or ["?"])[-1])
        if started.returncode != 0:
            sys.exit(f"kafka.sh start ended with {started.returncode}:\n{started.stdout}{started.stderr}"[-4000:])
        asked = subprocess.run([SCRIPT, "bootstrap", *self.options], capture_output=True, text=True, check=True)
        self.brokers = asked.stdout.strip()
        return self

    def __exit__(self, *_):
        subprocess.run([SCRIPT, "stop", *self.options], capture_output=True)
