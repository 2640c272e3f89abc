#!/usr/bin/env python3
"""The HumanEval-X check of tests/conformance (with its arguments) through Apache Kafka and one grader."""

import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import apache  # noqa: E402
import farm  # noqa: E402


def main():
    farm.needs_root()
    farm.shared("datasets")
    with tempfile.TemporaryDirectory(prefix="humaneval-") as work, apache.Kafka(f"{work}/kafka") as kafka:
        pathlib.Path(work).chmod(0o755)
        subprocess.run([farm.program("gradefarm"), "topics", "create", "--brokers", kafka.brokers, "--partitions", "4"],
                       check=True, stdout=subprocess.DEVNULL)
        with farm.Grader(kafka.brokers, work, "grader"):
            script = farm.ROOT / "tests" / "conformance" / "humaneval.py"
            sys.exit(subprocess.run([sys.executable, script, "--brokers", kafka.brokers, *sys.argv[1:]]).returncode)


if __name__ == "__main__":
    main()
