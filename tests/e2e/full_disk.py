#!/usr/bin/env python3
"""A full disk where the farm keeps blobs and bad cases: what needs no disk is judged all the while, what does ends as
farm_error and is right once there is room, in the same grader; also where the disk fills up and empties within a batch.

The disk is a small tmpfs, filled by us.
"""

import base64
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import farm  # noqa: E402
import small_disk  # noqa: E402

ROOM = 48 << 20
LARGE = 300_000  # more than a record of the embedded broker takes
EACH = 4
TEXT = "0123456789" * (LARGE // 10)
CASES = [{"stdin": "7\n", "stdout": "8\n"}]
ANSWER = "print(int(input()) + 1)\n"
MAKES_A_FILE = f"import random\nopen('made', 'wb').write(random.Random(%d).randbytes({LARGE}))\n"


def request(request_id, code, evaluation, **members):
    return {"schema_version": 1, "request_id": request_id, "trainer": "disk",
            "submission": {"language": "python", "code": code}, "evaluation": evaluation, **members}


def requests(tag, each=EACH):
    return [one for n in range(each) for one in (
        request(f"{tag}/small/{n}", ANSWER, {"type": "stdin_stdout", "cases": CASES}),
        request(f"{tag}/wrong/{n}", "print(0)", {"type": "stdin_stdout", "cases": CASES}),
        request(f"{tag}/files/{n}", MAKES_A_FILE % n, {"type": "run", "fetch_files": ["made"]}),
        request(f"{tag}/output/{n}", f"print(('0123456789' * {LARGE // 10})[{n}:])",
                {"type": "run"}, limits={"return_output_bytes": 1 << 20}),
        request(f"{tag}/large/{n}", ANSWER, {"type": "stdin_stdout", "cases": [{"stdin": f"7\n{tag}{n}{TEXT}", "stdout": "8\n"}]}))]


RIGHT = {"wrong": "wrong_answer"}


def check(tag, results, needs_disk=frozenset()):
    """What does not need the disk ends right, an output cut at worst; what does may end as farm_error. How many did."""
    failed = 0
    for result in results:
        kind, verdict = result["request_id"].split("/")[1], result["verdict"]
        if verdict == "farm_error" and kind in needs_disk and "score" not in result:
            failed += 1
            continue
        if verdict != RIGHT.get(kind, "accepted"):
            sys.exit(f"{tag}: {kind} became {verdict}: {str(result)[:2000]}")
        if kind == "files" and len(base64.b64decode(result["files"].get("made", ""))) != LARGE:
            sys.exit(f"{tag}: accepted without the file that was asked for: {str(result)[:2000]}")
        whole = kind != "output" or len(result["cases"][0]["stdout"]) > LARGE - len(results)
        if not whole and not (needs_disk and result["cases"][0]["truncated"] and result["warnings"]):
            sys.exit(f"{tag}: output is missing, and nothing says so: {str(result)[-2000:]}")
    print(f"{tag}: {len(results)} answers, {failed} of them farm_error")
    return failed


def check_within_a_batch(disk, ask, work):
    """The disk fills up after the first answers and is freed after some more."""
    batch = requests("batch", 3 * EACH)
    out = work / "batch" / "results.jsonl"

    def answers():
        return out.read_bytes().count(b"\n") if out.exists() else 0

    results = []
    asking = threading.Thread(target=lambda: results.extend(ask("batch", batch)))
    asking.start()
    farm.wait_until(lambda: answers() > 4, 120, "the first answers")
    disk.fill()
    farm.wait_until(lambda: answers() > len(batch) // 2, 120, "answers while the disk is full")
    disk.free()
    asking.join()
    check("full within a batch", results, needs_disk={"files", "large"})


def main():
    farm.needs_root()
    with tempfile.TemporaryDirectory(prefix="full-disk-") as name, small_disk.Disk(pathlib.Path(name, "disk"), ROOM) as disk:
        work = pathlib.Path(name)
        work.chmod(0o755)
        up = subprocess.Popen([farm.program("gradefarm"), "up", "--workers", "2", "--canary-interval", "0s", "--metrics", "off",
                               "--blob-dir", disk.path / "blobs", "--bad-cases", disk.path / "bad",
                               "--bad-cases-filter", "fault:none,fault:farm", "--bad-cases-max-bytes", "8MiB"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=open(work / "log", "w"), text=True)

        def ask(tag, wanted):
            return farm.grade(wanted, work / tag, brokers=brokers, broker_kind="embedded", timeout=280,
                              options=["--blob-dir", disk.path / "blobs"])

        try:
            brokers = next(line.split()[1] for line in up.stdout if line.startswith("bootstrap"))
            grader = farm.descendants(up.pid)[0]
            disk.fill()
            needing = {"files", "large"}
            if check("full", ask("full", requests("full")), needing) != 2 * EACH:
                sys.exit("the disk was not full: large requests and files went through")
            disk.free()
            check_within_a_batch(disk, ask, work)
            check("room again", ask("room", requests("room")))
            if farm.descendants(up.pid)[0] != grader:
                sys.exit("the grader is not the one that was started")
            if not re.search("bad case", (work / "log").read_text()):
                sys.exit("nobody was told that bad cases were lost")
        except SystemExit:
            print((work / "log").read_text()[-3000:])
            raise
        finally:
            up.terminate()
            up.wait()
    print("whoever needed a full disk ended right or as farm_error, and all else was judged")


if __name__ == "__main__":
    main()
