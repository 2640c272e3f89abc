#!/usr/bin/env python3
"""`gradefarm doctor` tells a host that works from one that does not; `gradefarm status` shows a farm that works."""

import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import farm  # noqa: E402


def doctor(*options):
    """Exit code and findings by name of `gradefarm doctor --json`."""
    done = subprocess.run([farm.program("gradefarm"), "doctor", "--json", *options], capture_output=True, text=True,
                          timeout=120, stdin=subprocess.DEVNULL)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, {line["check"]: line for line in lines}, done.stderr


def check_host(work):
    code, found, errors = doctor("--workers", "1", "--blob-dir", work / "blobs")
    assert code == 0, (code, [line for line in found.values() if line["state"] != "ready"], errors)
    for name in ["privileges", "cgroups", "memory", "sandbox", "blob directory", "kernel: mount_setattr",
                 "language: python", "language: cpp", "language: bash"]:
        assert found[name]["state"] == "ready", found[name]
    assert "Python 3" in found["language: python"]["detail"], found["language: python"]
    done = subprocess.run([farm.program("gradefarm"), "doctor", "--workers", "1"], capture_output=True, text=True)
    assert done.returncode == 0 and "ready    sandbox: " in done.stdout and ": fit to grade" in done.stdout, done


def check_broken_toolchain(work):
    languages = work / "languages"
    shutil.copytree(farm.ROOT / "grader/languages", languages, ignore=lambda _, names: [
        name for name in names if name not in ("python.json", "bash.json")])
    broken = json.loads((languages / "bash.json").read_text())
    broken["self_test"]["stdout"] = "something else\n"
    (languages / "bash.json").write_text(json.dumps(broken))
    code, found, _ = doctor("--workers", "1", "--languages-dir", languages)
    assert code == 1, code
    assert found["language: bash"]["state"] == "failing" and "wrong_answer" in found["language: bash"]["detail"], found
    assert found["language: bash"]["remedy"], found
    assert found["language: python"]["state"] == "ready", found


def check_missing_toolchain():
    code, found, _ = doctor("--workers", "1", "--python", "/usr/bin/no-such-python")
    assert code == 0, "a language that is not installed is the operator's choice"
    assert found["language: python"]["state"] == "missing" and not found["language: python"]["required"], found


def check_unreachable_broker():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{unused.getsockname()[1]}"  # bound and not listening: refuses
        code, found, _ = doctor("--workers", "1", "--brokers", nobody)
    assert code == 1 and found["broker"]["state"] == "failing" and nobody in found["broker"]["detail"], found


def check_usage():
    done = subprocess.run([farm.program("gradefarm"), "doctor", "--wokers", "1"], capture_output=True, text=True)
    assert done.returncode == 2 and "--workers" in done.stderr, done
    code, found, _ = doctor("--grader", "/nowhere/gradefarm-grader")
    assert code == 1 and found["grader"]["state"] == "missing", found


def check_farm(work):
    log = work / "up.log"
    with open(log, "w") as out:
        up = subprocess.Popen([farm.program("gradefarm"), "up", "--metrics", "off", "--workers", "1"],
                              stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        bootstrap = lambda: re.search(r"^bootstrap\s+(\S+)", log.read_text(), re.MULTILINE)
        farm.wait_until(lambda: bootstrap() or up.poll() is not None, 60, "gradefarm up")
        broker = ["--brokers", bootstrap()[1], "--broker-kind", "embedded"]
        code, found, _ = doctor("--workers", "1", *broker)
        assert code == 0 and found["broker"]["state"] == "ready", found
        assert found["topic: grading.requests.cpu"]["state"] == "ready", found

        request = {"schema_version": 1, "request_id": "sleeper", "trainer": "me",
                   "submission": {"language": "bash", "code": "sleep 15"}, "evaluation": {"type": "run"}}
        (work / "one.jsonl").write_text(json.dumps(request) + "\n")
        grade = subprocess.Popen([farm.program("gradefarm"), "grade", work / "one.jsonl", *broker, "--out", "/dev/null"],
                                 stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            seen = []

            def running():
                asked = subprocess.run([farm.program("gradefarm"), "status", "--json", "--wait", "6s", *broker],
                                       capture_output=True, text=True, timeout=60)
                seen[:] = [json.loads(line) for line in asked.stdout.splitlines()]
                return any(one["request_id"] == "sleeper" for grader in seen for one in grader["running"])
            farm.wait_until(running, 60, "the request in `gradefarm status`")
            assert len(seen) == 1 and seen[0]["slots"] == 1 and seen[0]["running"][0]["language"] == "bash", seen
        finally:
            grade.wait(timeout=60)
        shown = subprocess.run([farm.program("gradefarm"), "status", *broker], capture_output=True, text=True, timeout=60)
        assert shown.returncode == 0 and re.search(r"^GRADER .*\n\S+ +cpu +ready +0/1 ", shown.stdout), shown
    finally:
        up.send_signal(signal.SIGINT)
        try:
            up.wait(timeout=60)
        except subprocess.TimeoutExpired:
            up.kill()
            up.wait()


def main():
    farm.needs_root()
    with tempfile.TemporaryDirectory(prefix="doctor-") as name:
        work = pathlib.Path(name)
        work.chmod(0o755)
        check_host(work)
        check_broken_toolchain(work)
        check_missing_toolchain()
        check_unreachable_broker()
        check_usage()
        check_farm(work)
        print("all as it should be")


if __name__ == "__main__":
    main()
