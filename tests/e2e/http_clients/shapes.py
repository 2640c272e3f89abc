"""What clients send that are not on PyPI, in their own words and read by their own rules: coder1, MindSpeed-RL's tool, ROLL and
ICIP's fork of verl."""

import sys

import requests


def post(url, path, body, timeout=60):
    reply = requests.post(url + path, json=body, timeout=timeout)
    assert reply.headers["Content-Type"] == "application/json", reply.headers
    assert reply.status_code == 200, (reply.status_code, reply.text)
    return reply.json()


def coder1(url):
    body = {"language": "python", "code": "print(input()[::-1])", "stdin": "abc", "run_timeout": 5}
    reply = post(url, "/run_code", body, timeout=60)
    assert reply["status"] == "Success" and isinstance(reply["message"], str), reply
    assert reply["run_result"]["stdout"] == "cba\n", reply
    reply = post(url, "/run_code", {**body, "code": "import sys\nprint('out')\nsys.exit('err')", "memory_limit_MB": 512, "files": {}})
    assert reply["status"] == "Failed", reply
    assert (reply["run_result"]["stdout"], reply["run_result"]["stderr"]) == ("out\n", "err\n"), reply


def mindspeed_tool(url):
    body = {"compile_timeout": 30, "run_timeout": 30, "code": "1 / 0", "stdin": None, "memory_limit_MB": 1024,
            "language": "python", "files": {}, "fetch_files": []}
    run = post(url, "/run_code", body, timeout=70)["run_result"]
    assert run["status"] == "Finished" and "ZeroDivisionError" in run["stdout"] + run["stderr"], run


def roll(url):
    body = {"compile_timeout": 30, "run_timeout": 30, "language": "cpp", "stdin": "3\n", "expected_stdout": "9\n",
            "code": "#include <iostream>\nint main() { int x; std::cin >> x; std::cout << x * x << '\\n'; }"}
    reply = post(url, "/run_code", body)
    assert reply["status"] == "Success" and reply["run_result"]["stdout"].strip() == "9", reply


def icip_fork(url):
    cases = {"type": "stdin_stdout", "input": ["1\n", "2\n", "x\n"], "output": ["1\n", "4\n", "9\n"], "fn_name": None}
    body = {"completion": "Here it is.\n```python\nprint(int(input()) ** 2)\n```\nDone.",
            "config": {"language": "python", "compile_timeout": 30, "run_timeout": 30, "provided_data": {"test_cases": cases},
                       "extra": {"run_all_cases": True, "total_timeout": 30}}}
    reply = post(url, "/common_evaluate_batch", body, timeout=70)
    assert reply["accepted"] is False, reply
    assert [test["passed"] for test in reply["tests"]] == [True, True, False], reply
    cases["input"][2] = "3\n"
    assert post(url, "/common_evaluate_batch", body, timeout=70)["accepted"] is True
    function = {"type": "function_call", "fn_name": "add", "input": [[1, 2], ["a", "b"]], "output": [[3], ["ab"]]}
    body["completion"] = "```python\ndef add(a, b):\n    return a + b\n```"
    body["config"]["provided_data"] = {"test_cases": function}
    assert post(url, "/common_evaluate_batch", body, timeout=70)["accepted"] is True


def main(url):
    for client in (coder1, mindspeed_tool, roll, icip_fork):
        client(url)


main(sys.argv[1])
