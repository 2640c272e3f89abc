"""Rows of public data sets as evaluation requests, and as the plain programs that a bare toolchain can run."""

import gzip
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import farm  # noqa: E402


def rows(name):
    """The rows of datasets/<name>.jsonl.gz, or a skip where the shared test data is not there."""
    with gzip.open(farm.shared("datasets", f"{name}.jsonl.gz"), "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def request(request_id, language, submission, evaluation, **rest):
    return {"schema_version": 1, "request_id": request_id, "trainer": "conformance",
            "submission": {"language": language, **submission}, "evaluation": evaluation, **rest}


def last_function(source, language):
    """The name of the function that a prompt ends with.

    >>> last_function("def a():\\n  pass\\ndef b(x: int) -> int:\\n", "python")
    'b'
    >>> last_function("#include<x>\\nvector<float> f(vector<float> v, int n){\\n", "cpp")
    'f'
    """
    pattern = r"^def\s+(\w+)\s*\(" if language == "python" else r"(\w+)\s*\([^()]*\)\s*\{"
    return re.findall(pattern, source, re.MULTILINE)[-1]


def humaneval_x(row, language, solution=None):
    """HumanEval-X: a prompt that the solution continues, and tests that run when the program does."""
    return request(row["task_id"], language,
                   {"code": row["canonical_solution"] if solution is None else solution, "continues_prompt": True},
                   {"type": "assert", "prompt": row["prompt"], "tests": row["test"],
                    "entry_point": last_function(row["prompt"], language)})


def mbxp(row, language, solution=None):
    """MBXP: the same; the Python tests define check(candidate) and leave the call to the grader."""
    tests = row["test"] + (f"\n\ncheck({row['entry_point']})\n" if language == "python" else "")
    return request(row["task_id"], language,
                   {"code": row["canonical_solution"] if solution is None else solution, "continues_prompt": True},
                   {"type": "assert", "prompt": row["prompt"], "tests": tests, "entry_point": row["entry_point"]})


def code_contests(row, language, solution):
    """CodeContests as SandboxFusion ships it: a list of inputs and outputs."""
    cases = [{"stdin": case["input"]["stdin"], "stdout": case["output"]["stdout"]} for case in json.loads(row["test"])]
    return request(f"code_contests/{row['id']}", language, {"code": solution},
                   {"type": "stdin_stdout", "cases": cases})


def program(request):
    """What an assert request amounts to without any grader."""
    submission, evaluation = request["submission"], request["evaluation"]
    return evaluation["prompt"] + submission["code"] + "\n" + evaluation["tests"]


# Name of the data set: language and converter.
ASSERT_SETS = {
    "humaneval_x_python": ("python", humaneval_x),
    "humaneval_x_cpp": ("cpp", humaneval_x),
    "mbxp_python": ("python", mbxp),
    "mbxp_cpp": ("cpp", mbxp),
}
