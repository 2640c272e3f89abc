"""The dataclasses against schemas/*.schema.json and the golden examples: fields, words, what is required."""

from __future__ import annotations

import dataclasses
import json
import typing

import jsonschema
import pytest
from conftest import REPOSITORY

from gradefarm import messages
from gradefarm.messages import (
    Assert,
    CallCase,
    CaseResult,
    Checker,
    CompileResult,
    FunctionCall,
    GraderInfo,
    Limits,
    Notebook,
    OutputComparison,
    Policy,
    Request,
    Result,
    Run,
    Signature,
    StdinCase,
    StdinStdout,
    Submission,
    TestSuite,
    Timings,
    ValueComparison,
)

SCHEMAS = REPOSITORY / "schemas"
REQUEST = json.loads((SCHEMAS / "evaluation_request.schema.json").read_text())
RESULT = json.loads((SCHEMAS / "evaluation_result.schema.json").read_text())
DEFINED = REQUEST["definitions"]
VALID = sorted((SCHEMAS / "examples" / "valid").glob("*.json"))


def part(schema, *path):
    for name in path:
        schema = schema["properties"][name]
    return schema


PAIRS = [
    (Request, REQUEST), (Submission, DEFINED["submission"]), (StdinStdout, DEFINED["stdin_stdout"]),
    (StdinCase, DEFINED["stdin_case"]), (OutputComparison, part(DEFINED["stdin_stdout"], "comparison")),
    (Checker, part(DEFINED["stdin_stdout"], "checker")), (FunctionCall, DEFINED["function_call"]),
    (CallCase, DEFINED["call_case"]), (ValueComparison, part(DEFINED["function_call"], "comparison")),
    (Signature, part(DEFINED["function_call"], "signature")), (Assert, DEFINED["assert"]),
    (TestSuite, DEFINED["test_suite"]), (Notebook, DEFINED["notebook"]), (Run, DEFINED["run"]),
    (Limits, DEFINED["limits"]), (Policy, DEFINED["policy"]), (Result, RESULT),
    (CompileResult, part(RESULT, "compile")), (CaseResult, RESULT["definitions"]["case"]),
    (Timings, part(RESULT, "timings")), (GraderInfo, part(RESULT, "grader")),
]
# The Farm fills these in, or the class says them by its name; bytes take the other spelling.
NOT_FIELDS = {"schema_version", "type", "stdin_base64", "stdout_base64"}
FILLED_IN = {Request: {"schema_version", "request_id", "trainer"}, Result: {"schema_version"}}
WORDS = {
    ("verdict", Result): messages.Verdict, ("verdict", CompileResult): messages.Verdict,
    ("verdict", CaseResult): messages.CaseVerdict, ("fault", Result): messages.Fault,
    ("priority", Request): messages.Priority, ("mode", OutputComparison): messages.ComparisonMode,
    ("case_isolation", Policy): messages.CaseIsolation, ("min_isolation", Policy): messages.Isolation,
    ("min_integrity", Policy): messages.MinIntegrity, ("isolation", Result): messages.Isolation,
    ("integrity", Result): messages.Integrity, ("encoding", CaseResult): messages.Encoding,
}


@pytest.mark.parametrize(("kind", "schema"), PAIRS, ids=lambda value: getattr(value, "__name__", ""))
def test_fields_are_the_members_of_the_schema(kind, schema):
    assert {f.name for f in dataclasses.fields(kind)} == set(schema["properties"]) - NOT_FIELDS


@pytest.mark.parametrize(("kind", "schema"), PAIRS, ids=lambda value: getattr(value, "__name__", ""))
def test_what_the_schema_requires_has_no_default(kind, schema):
    without_default = {f.name for f in dataclasses.fields(kind)
                       if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING}
    assert without_default == set(schema.get("required", [])) - {"type"} - FILLED_IN.get(kind, set())


@pytest.mark.parametrize(("kind", "schema"), PAIRS, ids=lambda value: getattr(value, "__name__", ""))
def test_words_are_those_of_the_schema(kind, schema):
    for name, member in schema["properties"].items():
        if "enum" in member and name not in NOT_FIELDS:
            words = WORDS[name, kind]
            assert set(typing.get_args(words)) == set(member["enum"])
            hint = typing.get_type_hints(kind)[name]
            assert hint == words or words in typing.get_args(hint)
        if name == "type" and kind is not Request:
            assert [kind.type] == member["enum"]


def requests():
    code = Submission("python", code="x")
    case = StdinCase("é\n", b"\xff")
    yield Request(code, StdinStdout([case, StdinCase(stdout="1")], OutputComparison("float", 0.1, 0.2),
                                    Checker("python", "exit(0)")))
    yield Request(Submission("cpp", files={"a/b.h": b"\0", "m.cc": "int é;"}, entry_file="m.cc"),
                  FunctionCall("Solution.f", [CallCase((1, {2: b"x"}), args=[{1}, 2**70, float("inf")],
                                                       kwargs={"k": None})],
                               ValueComparison(0, 1e-9, True), Signature(["int"], "int")))
    yield Request(Submission("python", completion="```python\nx\n```", continues_prompt=True),
                  Assert("assert True", "f", "def f():", ["\n}"]))
    yield Request(code, TestSuite({"test_x.py": "def test(): pass"}, ["test_x.py::test"]))
    yield Request(code, Notebook(["1"], 5))
    yield Request(code, Run(b"\xff", ["-v"], {"A": "b"}, ["out.txt"]), request_id="i", trainer="t", step=1, group="g",
                  priority="high", deadline_unix_ms=1, environment="sha256:0",
                  limits=Limits(**{f.name: 1 for f in dataclasses.fields(Limits)}),
                  policy=Policy(True, "shared", "full", "isolated", True), metadata={"any": [1]})


@pytest.mark.parametrize("request_", list(requests()), ids=lambda request: type(request.evaluation).__name__)
def test_what_is_sent_is_valid(request_):
    wire = json.loads(json.dumps({**request_.to_wire(), "request_id": "r", "trainer": "t"}))
    jsonschema.Draft4Validator(REQUEST).validate(wire)
    assert wire["evaluation"]["type"] == request_.evaluation.type


@pytest.mark.parametrize("path", [path for path in VALID if path.name.startswith("result")], ids=lambda path: path.stem)
def test_golden_results_are_read(path):
    wire = json.loads(path.read_text())

    result = Result.from_wire(wire)

    assert (result.verdict, result.fault) == (wire["verdict"], wire["fault"])
    assert len(result.cases) == len(wire.get("cases", []))
    assert (result.score is None) == (result.fault in ("request", "farm") or wire.get("score") is None)


def test_there_are_golden_results():
    assert [path for path in VALID if path.name.startswith("result")]


@pytest.mark.parametrize("fault", ["farm", "request"])
def test_a_score_beside_a_fault_of_farm_or_request_is_not_believed(fault):
    wire = {"schema_version": 1, "request_id": "r", "trainer": "t", "verdict": "farm_error", "fault": fault, "score": 0}
    assert Result.from_wire(wire).score is None
    assert Result.from_wire(wire).masked


@pytest.mark.parametrize("wire", [{}, [], None, {"schema_version": 2}, {"schema_version": 1, "request_id": "r"},
                                  {"schema_version": 1, "request_id": "r", "trainer": "t", "verdict": "x",
                                   "fault": "?"},
                                  {"schema_version": 1, "request_id": "r", "trainer": "t", "verdict": "accepted",
                                   "fault": "none", "cases": [3]}])
def test_what_is_no_result_is_a_value_error(wire):
    with pytest.raises(ValueError):  # noqa: PT011
        Result.from_wire(wire)


def test_unknown_members_and_words_are_read():
    result = Result.from_wire({"schema_version": 1, "request_id": "r", "trainer": "t", "verdict": "new_word",
                               "fault": "submission", "score": 0.5, "new": 1,
                               "cases": [{"index": 0, "verdict": "new_word", "new": 2, "actual": None}]})
    assert (result.verdict, result.score) == ("new_word", 0.5)
    assert result.cases[0].has_actual
    assert result.cases[0].returned() is None
