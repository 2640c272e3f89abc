#!/usr/bin/env python3
"""The HTTP gateway with a real farm behind it: what clients of SandboxFusion and ICIP send, at once and in bulk."""

import base64
import concurrent.futures
import http.client
import json
import os
import pathlib
import signal
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import farm  # noqa: E402
import gateway  # noqa: E402
from gateway import call, run_code  # noqa: E402


def step(text):
    print(f"-- {text}", flush=True)


def judge(port, completion, cases, language="python", **extra):
    status, reply = call(port, "POST", "/common_evaluate_batch", {
        "completion": completion,
        "config": {"language": language, "provided_data": {"test_cases": cases}, "extra": extra}})
    assert status == 200, (status, reply)
    return reply


def check_run_code(port):
    step("programs in python, cpp and bash")
    assert run_code(port, "python", "print(int(input()) + 1)", stdin="41")["run_result"]["stdout"] == "42\n"
    reply = run_code(port, "cpp", "#include <bits/stdc++.h>\nint main() { std::cout << 7; return 3; }")
    assert reply["status"] == "Failed" and reply["compile_result"]["return_code"] == 0, reply
    assert (reply["run_result"]["return_code"], reply["run_result"]["stdout"]) == (3, "7"), reply
    assert run_code(port, "bash", "kill -SEGV $$")["run_result"]["return_code"] == -11

    step("files in and out, 20 MB each way of the two")
    big = os.urandom(20_000_000)
    reply = run_code(port, "python", "d = open('in/big', 'rb').read(); open('out', 'wb').write(d[:1000000]); print(len(d))",
                     files={"in/big": base64.b64encode(big).decode()}, fetch_files=["out", "missing"])
    assert reply["run_result"]["stdout"] == "20000000\n", str(reply)[:500]
    assert list(reply["files"]) == ["out"] and base64.b64decode(reply["files"]["out"]) == big[:1000000]

    step("output of 2 MB comes back whole; more than the limit is a failure that says so")
    assert run_code(port, "python", "print('x' * 2000000)")["run_result"]["stdout"] == "x" * 2_000_000 + "\n"
    reply = run_code(port, "python", "while True: print('x' * 1000000)")
    assert reply["status"] == "Failed" and "OutputLimitExceeded" in reply["run_result"]["stderr"], str(reply)[-500:]

    step("limits")
    reply = run_code(port, "python", "import time\nprint('begun', flush=True)\ntime.sleep(60)", run_timeout=0.5)
    assert reply["run_result"]["status"] == "TimeLimitExceeded" and reply["run_result"]["stdout"] == "begun\n", reply
    reply = run_code(port, "python", "x = bytearray(300 << 20)", memory_limit_MB=100)
    assert reply["status"] == "Failed" and "MemoryError" in reply["run_result"]["stderr"], reply


def check_judged(port):
    step("all cases, in parallel where slots are free; the first failure ends it unless all are wanted")
    cases = {"input": [str(i) for i in range(8)], "output": [str(2 * i) for i in range(8)]}
    assert judge(port, "```python\nprint(2 * int(input()))\n```", cases)["accepted"] is True
    wrong = "```python\nx = int(input())\nprint(2 * x if x != 3 else 0)\n```"
    assert [t["passed"] for t in judge(port, wrong, cases)["tests"]] == [True] * 3 + [False]
    assert [t["passed"] for t in judge(port, wrong, cases, run_all_cases=True)["tests"]] == [i != 3 for i in range(8)]

    step("hacks that the peers pay")
    call_f = {"fn_name": "f", "input": [[2]], "output": [[4]]}
    for hack in ("import os\nos._exit(0)\ndef f(x): pass", "def f(x):\n    raise SystemExit(0)",
                 "class A:\n    def __eq__(self, other): return True\ndef f(x): return A()"):
        assert judge(port, f"```python\n{hack}\n```", call_f)["accepted"] is False, hack
    assert judge(port, "```python\ndef f(x): return 2 * x\n```", call_f)["accepted"] is True
    tests = {"type": "assert", "entry_point": "f", "test": "def check(candidate):\n    assert candidate(2) == 4\n"}
    assert judge(port, "```python\ndef f(x):\n    exit(0)\n```", tests)["accepted"] is False
    assert judge(port, "```python\ndef f(x):\n    return math.floor(2 * x)\n```", tests)["accepted"] is True

    step("tests that check nothing")
    def of_nothing(cases):
        return call(port, "POST", "/common_evaluate_batch", {"completion": "```python\ndef f(x): return 0\n```", "config": {
            "language": "python", "provided_data": {"test_cases": cases}}})
    for broken in (tests["test"].replace("check", "chk"), tests["test"] + "check = str(check)\n"):
        status, reply = of_nothing({**tests, "test": broken})
        assert status == 400 or reply["accepted"] is False, (broken, status, reply)
    status, reply = of_nothing({"type": "assert", "test": tests["test"]})
    assert status == 400 and "entry_point" in reply["detail"], (status, reply)
    method = {**tests, "entry_point": "Solution().f"}
    for times, accepted in ((2, True), (3, False)):
        program = f"```python\nclass Solution:\n    def f(self, x): return {times} * x\n```"
        assert judge(port, program, method)["accepted"] is accepted, times

    step("a helper before the function under test, in C++")
    cpp = {"type": "assert", "tests": "}\nint main() {\n    auto candidate = f;\n    assert(candidate((2)) == (4));\n}\n",
           "stop_tokens": ["\n}"]}
    program = "```cpp\nint twice(int x) {\n  return 2 * x;\n}\nint f(int x) {\n  return twice(x);\n}\n```"
    assert judge(port, program, cpp, "cpp")["accepted"] is True


def check_bad_requests(port):
    step("bad requests have JSON with `detail`")
    for method, path, body, wanted in [
            ("GET", "/nothing", None, 404), ("PUT", "/run_code", b"{}", 405), ("POST", "/run_code", b"", 422),
            ("POST", "/run_code", b"{\"code\": \"\xff\"}", 422), ("POST", "/run_code", b"[" * 100_000, 422),
            ("POST", "/common_evaluate_batch", {"completion": "x", "config": {}}, 400)]:
        status, reply = call(port, method, path, body)
        assert status == wanted and "detail" in reply, (path, body and body[:50], status, reply)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest("POST", "/run_code")
    connection.putheader("Content-Length", "1000000000")
    connection.endheaders()
    reply = connection.getresponse()
    assert reply.status == 413 and "detail" in json.loads(reply.read()), reply.status
    connection.close()


def check_many(port):
    step("300 requests at once: each gets its own answer, and ping answers meanwhile")
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        waiting = [pool.submit(run_code, port, "python", f"print({i} * {i})") for i in range(300)]
        assert call(port, "GET", "/v1/ping") == (200, "pong")
        outputs = [done.result()["run_result"]["stdout"] for done in waiting]
    assert outputs == [f"{i * i}\n" for i in range(300)], outputs
    assert call(port, "GET", "/healthz") == (200, "ok")
    status, metrics = call(port, "GET", "/metrics")
    assert status == 200 and 'route="/run_code",status="200"' in metrics, metrics


def check_deadline(port):
    step("a client that gives up soon gets 504, and its retry finds the work going on")
    body = {"language": "python", "code": "import time, os\ntime.sleep(3)\nprint('done')"}
    status, reply = call(port, "POST", "/run_code", body, {"X-Request-Deadline-Ms": "1000"})
    assert status == 504 and "detail" in reply, (status, reply)
    status, reply = call(port, "POST", "/run_code", body)
    assert status == 200 and reply["run_result"]["stdout"] == "done\n", (status, reply)


def runs_a_program(up):
    for pid in farm.descendants(up.process.pid):
        try:
            if b"main.py" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                return True
        except OSError:  # it has just ended
            pass
    return False


def check_hang_up(up):
    step("a job whose caller hangs up is taken back")
    connection = http.client.HTTPConnection("127.0.0.1", up.port, timeout=60)
    connection.request("POST", "/run_code", json.dumps({"language": "python", "run_timeout": 300,
                                                        "code": "import time\ntime.sleep(300)"}))
    farm.wait_until(lambda: runs_a_program(up), 60, "the program to run")
    connection.close()
    farm.wait_until(lambda: not runs_a_program(up), 60, "the program to be ended")


def check_restart(up):
    step("a gateway that is killed is started again")
    (first,) = up.children("gradefarm-gateway")
    os.kill(first, signal.SIGKILL)

    def answers():
        try:
            return up.children("gradefarm-gateway") not in ([first], []) and call(up.port, "GET", "/v1/ping") == (200, "pong")
        except OSError:
            return False
    farm.wait_until(answers, 60, "another gateway")
    assert run_code(up.port, "python", "print(1)")["status"] == "Success"


def check_drain(up, work):
    step("a gateway with a token; SIGTERM answers what is under way and then ends it")
    token = work / "token"
    token.write_text("secret\n")
    brokers = [line.split()[1] for line in up.log.read_text().splitlines() if line.startswith("bootstrap")][0]
    with gateway.Gateway(brokers, work, "gateway", "--broker-kind", "embedded", "--http-token-file", token, "--blob-dir",
                         up.work / "blobs") as second:
        body = {"language": "python", "code": "import time\nprint('here', flush=True)\ntime.sleep(2)"}
        assert call(second.port, "POST", "/run_code", body)[0] == 401
        headers = {"Authorization": "Bearer secret"}
        assert call(second.port, "POST", "/run_code", {"language": "python", "code": "1"}, headers)[0] == 200
        connection = http.client.HTTPConnection("127.0.0.1", second.port, timeout=60)
        connection.request("POST", "/run_code", json.dumps(body), headers)
        farm.wait_until(lambda: runs_a_program(up), 60, "the program to run")
        second.process.send_signal(signal.SIGTERM)
        reply = connection.getresponse()
        assert reply.status == 200 and json.loads(reply.read())["status"] == "Success", reply.status
        assert second.process.wait(timeout=60) == 0, second.log.read_text()


def main():
    farm.needs_root()
    with tempfile.TemporaryDirectory(prefix="gateway-") as name:
        work = pathlib.Path(name)
        work.chmod(0o755)
        with gateway.FarmWithGateway(work) as up:
            check_run_code(up.port)
            check_judged(up.port)
            check_bad_requests(up.port)
            check_many(up.port)
            check_deadline(up.port)
            check_hang_up(up)
            check_restart(up)
            check_drain(up, work)
    print("all as it should be")


if __name__ == "__main__":
    main()
