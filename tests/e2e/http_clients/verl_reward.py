"""verl's reward function for SandboxFusion, loaded apart from the rest of verl, which wants torch: its verdicts of programs
of every kind, and a farm so busy that it meets 504s before its answers."""

import importlib.util
import json
import pathlib
import sys
import threading
import time

import requests

MEMORY_MB = 256
STATUSES = []  # of every reply that verl got

SQUARE = "```python\nprint(int(input()) ** 2)\n```"
TWO = {"inputs": ["3\n", "5\n"], "outputs": ["9\n", "25\n"]}
# (what is asked, completion, cases, score, status of the first case as verl reads it)
VERDICTS = [
    ("right", SQUARE, TWO, 1.0, "success"),
    ("right, in a fence of no language", SQUARE.replace("python", ""), TWO, 1.0, "success"),
    ("right in one case of two", "```python\nprint(int(input()) + 6)\n```", TWO, 0.5, "success"),
    ("wrong", "```python\nprint(7)\n```", TWO, 0.0, "wrong_answer"),
    ("a trailing space is wrong", "```python\nprint(int(input()) ** 2, '')\n```", TWO, 0.0, "wrong_answer"),
    ("newlines at the end are not", "```python\nprint(int(input()) ** 2, end='\\n\\n\\n')\n```", TWO, 1.0, "success"),
    ("an exception", "```python\nprint(int(input()) ** 2)\nraise ValueError\n```", TWO, 0.0, "runtime_error"),
    ("no Python", "```python\nprint(((\n```", TWO, 0.0, "runtime_error"),
    ("too slow", "```python\nwhile True: pass\n```", TWO, 0.0, "timeout"),
    ("too large", "```python\nx = bytearray(1 << 30)\nprint(int(input()) ** 2)\n```", TWO, 0.0, "runtime_error"),
    ("output of 300 KB", "```python\nprint('x' * 300000)\n```", {"inputs": [""], "outputs": ["x" * 300_000]}, 1.0, "success"),
    ("a function", "```python\ndef square(x):\n    return x * x\n```",
     {"inputs": ["3", "5"], "outputs": ["9", "25"], "fn_name": "square"}, 1.0, "success"),
    ("asserts", "```python\ndef square(x):\n    return x * x\n```",
     {"inputs": [""], "outputs": [None], "assert_case": ["assert square(3) == 9"]}, 1.0, "success"),
    ("asserts that fail", "```python\ndef square(x):\n    return x + 6\n```",
     {"inputs": [""], "outputs": [None], "assert_case": ["assert square(4) == 16"]}, 0.0, "runtime_error"),
]


def load():
    """The package verl.utils.reward_score.sandbox_fusion under a name of its own."""
    (folder,) = (path for path in map(pathlib.Path, sys.path) if (path / "verl").is_dir())
    folder = folder / "verl" / "utils" / "reward_score" / "sandbox_fusion"
    spec = importlib.util.spec_from_file_location("verl_sandbox_fusion", folder / "__init__.py",
                                                  submodule_search_locations=[str(folder)])
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def count_statuses():
    send = requests.post

    def post(*arguments, **options):
        reply = send(*arguments, **options)
        STATUSES.append(reply.status_code)
        return reply
    requests.post = post


def score(verl, url, completion, cases, timeout):
    return verl.compute_score(f"{url}/run_code", threading.Semaphore(64), MEMORY_MB, completion, cases, continuous=True,
                              timeout=timeout)


def check_verdicts(verl, url):
    for what, completion, cases, wanted, status in VERDICTS:
        got, metadata = score(verl, url, completion, json.dumps(cases), 3)
        assert (got, metadata[0].get("status")) == (wanted, status), (what, got, metadata[0])
    assert set(STATUSES) <= {200, 504}, set(STATUSES)  # 504 where this host is slow
    STATUSES.clear()


def check_busy(verl, url):
    """All slots are taken for longer than verl waits for one reply (12 s)."""
    blocks = [threading.Thread(target=requests.request, args=["POST", f"{url}/run_code"], kwargs={"json": {
        "language": "python", "code": f"import time\ntime.sleep(20)\nprint({i})", "run_timeout": 60}}) for i in range(2)]
    for block in blocks:
        block.start()
    while "gradefarm_http_jobs{pool=\"cpu\"} 2" not in requests.get(f"{url}/metrics").text:
        time.sleep(0.1)
    got, metadata = score(verl, url, SQUARE, TWO, 1)
    for block in blocks:
        block.join()
    assert got == 1.0, (STATUSES, metadata)
    print(f"a busy farm answered {STATUSES.count(504)} times with 504, and then right")


def main(url):
    verl = load()
    count_statuses()
    check_verdicts(verl, url)
    check_busy(verl, url)


main(sys.argv[1])
