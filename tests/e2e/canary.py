#!/usr/bin/env python3
"""A farm that lives says so: canaries are answered; one whose interpreter goes away after the start says that too."""

import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import farm  # noqa: E402


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def ask(address, path):
    """Status and text of GET http://address/path; (0, "") while nobody listens."""
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()
    except OSError:
        return 0, ""


def runs(address, outcome):
    text = ask(address, "/metrics")[1]
    found = re.search(r'^gradefarm_canary_runs_total\{outcome="%s"[^}]*\} (\S+)' % outcome, text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def main():
    farm.needs_root()
    # Not below /tmp, which is the sandbox's own: a run has to see the interpreter.
    with tempfile.TemporaryDirectory(prefix="canary-", dir="/var/tmp") as name:
        work = pathlib.Path(name)
        work.chmod(0o755)
        languages, interpreter = work / "languages", work / "env" / "bin" / "python3"
        languages.mkdir()
        shutil.copy(farm.ROOT / "grader/languages/python.json", languages)
        interpreter.parent.mkdir(parents=True)
        interpreter.write_text('#!/bin/sh\nexec /usr/bin/python3 "$@"\n')
        interpreter.chmod(0o755)
        address = free_address()
        with open(work / "log", "w") as log:
            up = subprocess.Popen([farm.program("gradefarm"), "up", "--metrics", address, "--workers", "1",
                                   "--canary-interval", "1s", "--languages-dir", languages, "--python", interpreter],
                                  stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            farm.wait_until(lambda: up.poll() is not None or runs(address, "answered") >= 2, 60, "canaries' answers")
            assert up.poll() is None, (work / "log").read_text()
            status, text = ask(address, "/readyz")
            assert status == 200 and "ok  canary: answered in" in text, (status, text)
            moments = [float(moment) for moment in re.findall(
                r"^gradefarm_canary_last_success_timestamp_seconds\S* (\S+)", ask(address, "/metrics")[1], re.MULTILINE)]
            assert moments and moments[0] > 1.6e9, moments

            gone = interpreter.with_name("gone")
            interpreter.rename(gone)
            farm.wait_until(lambda: ask(address, "/readyz")[0] == 503, 60, "/readyz to say 503")
            text = ask(address, "/readyz")[1]
            assert "not ready  canary:" in text and "farm_error" in text, text
            assert runs(address, "wrong") >= 3
            assert ask(address, "/healthz")[0] == 200  # it lives: restarting it would not bring the interpreter back

            gone.rename(interpreter)
            farm.wait_until(lambda: ask(address, "/readyz")[0] == 200, 60, "/readyz to say 200 again")
        finally:
            up.send_signal(signal.SIGINT)
            try:
                up.wait(timeout=60)
            except subprocess.TimeoutExpired:
                up.kill()
                up.wait()
        assert up.returncode == 0, (work / "log").read_text()
        print("ready, not ready, and ready again")


if __name__ == "__main__":
    main()
