#!/usr/bin/env python3
"""Bad cases: a farm keeps exactly what its filter says, as files and as records; a kept case, replayed by the programs of
another checkout, comes out the same; one whose verdict changed is shown as different."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import farm  # noqa: E402

# Both names would leave the directory if they were taken as they are.
HOSTILE_ID = "../../../tmp/evil\n-rf"
FILTER = "wrong_answer,total_wall"


def request(request_id, code, cases, **members):
    return {"schema_version": 1, "request_id": request_id, "trainer": "bad-cases",
            "submission": {"language": "python", "code": code},
            "evaluation": {"type": "stdin_stdout", "cases": [{"stdin": i, "stdout": o} for i, o in cases]}, **members}


REQUESTS = [
    request("fine", "print(input())", [("1", "1")]),
    request("crashes", "1 / 0", [("1", "1")]),
    request("stops-at-the-first-failure", "import sys; sys.exit(3)", [("1", "1"), ("2", "2")]),
    request("wrong", "print(int(input()) + 1)", [("1", "2"), ("5", "7")], metadata={"kept": 1.50}),
    request(HOSTILE_ID, "print(0)", [("", "1")]),
    request("out-of-time", "import time; time.sleep(0.4); print(input())", [(str(i), str(i)) for i in range(10)],
            limits={"total_wall_ms": 1000}),
]
KEPT = {"wrong": "wrong_answer", HOSTILE_ID: "wrong_answer", "out-of-time": "time_limit"}
VERDICTS = {"fine": "accepted", "crashes": "runtime_error", "stops-at-the-first-failure": "runtime_error", **KEPT}


def step(text):
    print(f"-- {text}", flush=True)


def run(*command, expect=0, timeout=180, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL, **options)
    assert done.returncode == expect, f"{command}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


class Up:
    """`gradefarm up` that keeps bad cases in a directory and, told by the environment, in the topic."""

    def __init__(self, work, dumps):
        self.log = work / "up.log"
        self.command = [farm.program("gradefarm"), "up", "--metrics", "off", "--workers", "2",
                        "--bad-cases", dumps, "--bad-cases-filter", FILTER]

    def __enter__(self):
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env={**os.environ, "GRADEFARM_BAD_CASES_TOPIC": "true"})

        def bootstrap():
            return re.search(r"^bootstrap\s+(\S+)", self.log.read_text(), re.MULTILINE)
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


def check_kept(directory):
    """Exactly the files of KEPT, each replayable by what it holds."""
    found = {}
    for path in directory.iterdir():
        assert re.fullmatch(r"[0-9TZ.]+-[a-z_]+-[A-Za-z0-9._-]+\.json", path.name), path.name
        case = json.loads(path.read_text())
        assert case["schema_version"] == 1 and case["grader"]["id"] and case["dumped_at"].endswith("Z"), case
        found[case["result"]["request_id"]] = path
        sent = next(one for one in REQUESTS if one["request_id"] == case["request"]["request_id"])
        assert case["request"]["submission"] == sent["submission"], case["request"]
        assert case["request"]["evaluation"] == sent["evaluation"], case["request"]
        assert case["result"]["verdict"] == KEPT.get(sent["request_id"]), case["result"]
    assert found.keys() == KEPT.keys(), sorted(found)
    return found


def other_checkout(work):
    """The programs and what they read, in a folder of their own."""
    root = work / "other" / "checkout"
    (root / "build" / "bin").mkdir(parents=True)
    for name in ("gradefarm", "gradefarm-grader"):
        shutil.copy2(farm.program(name), root / "build" / "bin" / name)
    shutil.copytree(farm.BUILD / "share", root / "build" / "share")
    return root / "build" / "bin" / "gradefarm"


def check_replay(work, files):
    gradefarm = other_checkout(work)
    step("replayed by another checkout: the same")
    done = run(gradefarm, "replay", files["wrong"], files[HOSTILE_ID], "--embedded", "--workers", "1", cwd=gradefarm.parent)
    assert done.stdout.count("same      ") == 2 and "different" not in done.stdout, done.stdout

    step("a changed verdict is shown as a difference")
    changed = work / "changed.json"
    case = json.loads(files["wrong"].read_text())
    case["request"]["evaluation"]["cases"][1]["stdout"] = "6"
    changed.write_text(json.dumps(case))
    done = run(gradefarm, "replay", changed, files["wrong"], "--embedded", "--workers", "1", expect=1)
    assert "  verdict: wrong_answer -> accepted\n" in done.stdout, done.stdout
    assert "  score: 0.5 -> 1\n" in done.stdout, done.stdout
    assert f"same      {files['wrong']}: wrong_answer\n" in done.stdout, done.stdout

    step("what is no bad case is refused before anything starts")
    done = run(gradefarm, "replay", farm.ROOT / "README.md", "--embedded", expect=5)
    assert "README.md is no bad case" in done.stderr, done.stderr


def main():
    farm.needs_root()
    with tempfile.TemporaryDirectory(prefix="bad-cases-") as name:
        work = pathlib.Path(name)
        work.chmod(0o755)
        dumps, collected = work / "dumps", work / "collected"
        with Up(work, dumps) as up:
            step("a farm with a filter")
            source, out = work / "requests.jsonl", work / "results.jsonl"
            farm.write_jsonl(source, REQUESTS)
            kafka = ["--brokers", up.brokers, "--broker-kind", "embedded"]
            run(farm.program("gradefarm"), "grade", source, "--out", out, *kafka)
            results = farm.read_jsonl(out)
            farm.check_each_once(REQUESTS, results)
            verdicts = {row["request_id"]: row["verdict"] for row in results}
            assert verdicts == VERDICTS, [(row["request_id"], row["verdict"], row["message"]) for row in results]
            farm.wait_until(lambda: len(list(dumps.glob("*.json"))) >= len(KEPT), 30, "the dumps")
            files = check_kept(dumps)
            assert not (dumps.stat().st_mode & 0o007) and dumps.stat().st_uid != 0, oct(dumps.stat().st_mode)

            step("collected from the topic: the same files")
            run(farm.program("gradefarm"), "bad-cases", "--out", collected, "--until-idle", "3s", *kafka)
            assert check_kept(collected).keys() == files.keys()
            for path in files.values():
                assert (collected / path.name).read_bytes() == path.read_bytes(), path

            step("the results summarised")
            done = run(farm.program("gradefarm"), "report", out, "--png", work / "report.png")
            assert re.search(r"^results +6$", done.stdout, re.MULTILINE), done.stdout
            run(farm.program("gradefarm"), "report", pathlib.Path(__file__), expect=5)
            assert (work / "report.png").read_bytes().startswith(b"\x89PNG"), "no PNG"
        check_replay(work, files)
        step("a filter that is none: exit code 2, before anything starts")
        done = run(farm.program("gradefarm-grader"), "--brokers", "127.0.0.1:1", "--metrics", "off",
                   "--bad-cases-filter", "tle", expect=2)
        assert "'tle' is no bad case" in done.stdout + done.stderr, done.stderr


if __name__ == "__main__":
    main()
