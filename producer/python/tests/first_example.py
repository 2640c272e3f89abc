"""The first example of README.md as a new user would run it, and examples/overlap.py, against `gradefarm up`:

    first_example.py PATH-OF-GRADEFARM

Run by the interpreter of an environment in which only the package is installed. Not a pytest file.
"""

from __future__ import annotations

import pathlib
import re
import signal
import subprocess
import sys
import tempfile

PACKAGE = pathlib.Path(__file__).resolve().parents[1]


def first_block(text: str) -> str:
    """The first Python block of a Markdown text."""
    found = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert found, "README.md has no Python block"
    return found.group(1)


def run(*command: str | pathlib.Path) -> str:
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=200)
    print(done.stdout + done.stderr, end="")
    assert done.returncode == 0, f"{command} ended with {done.returncode}"
    return done.stdout


def main() -> None:
    code = first_block((PACKAGE / "README.md").read_text(encoding="utf-8"))
    command = [sys.argv[1], "up", "--workers", "2", "--metrics", "off"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as up, tempfile.TemporaryDirectory() as work:
        try:
            for line in up.stdout or ():
                address = re.match(r"bootstrap\s+(\S+)", line)
                if address:
                    break
            else:
                sys.exit(f"gradefarm up ended with {up.wait()}")
            program = pathlib.Path(work, "first.py")
            assert "127.0.0.1:40123" in code, "the example does not name the address that it wants"
            program.write_text(code.replace("127.0.0.1:40123", address.group(1)), encoding="utf-8")
            assert run(program).split("\n")[:3] == ["accepted 1.0 2/2", "wrong_answer 0.5 1/2", "accepted 1.0 1/1"]
            assert "of the grading time was hidden" in run(
                PACKAGE / "examples/overlap.py", address.group(1), "--steps=1", "--batches=4", "--batch-size=8")
        finally:
            up.send_signal(signal.SIGINT)
    assert up.returncode == 0


if __name__ == "__main__":
    main()
