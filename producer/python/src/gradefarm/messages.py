"""The messages of schemas/evaluation_{request,result}.schema.json as dataclasses; tests/test_schemas.py holds them
against those files. schemas/README.md says what each member means.

What is None is absent on the wire, so that the farm's defaults hold. Where the wire has a text and a base64 spelling,
the field takes `str` or `bytes`.
"""

from __future__ import annotations

import base64
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal

from .errors import InvalidRequestError
from .values import decode_value, encode_value

SCHEMA_VERSION = 1

Verdict = Literal[
    "accepted", "wrong_answer", "runtime_error", "time_limit", "memory_limit", "output_limit", "compile_error",
    "rejected", "expired", "cancelled", "farm_error"]
CaseVerdict = Literal[
    "accepted", "wrong_answer", "runtime_error", "time_limit", "memory_limit", "output_limit", "compile_error",
    "rejected", "expired", "cancelled", "farm_error", "not_run"]
Fault = Literal["none", "submission", "request", "farm"]
Priority = Literal["high", "normal", "low"]
ComparisonMode = Literal["lines", "exact", "strip", "tokens", "float", "sandboxfusion", "unordered_lines"]
CaseIsolation = Literal["process", "shared"]
Isolation = Literal["none", "reduced", "full"]
Integrity = Literal["exit_status", "sentinel", "isolated"]
MinIntegrity = Literal["any", "exit_status", "sentinel", "isolated"]
Encoding = Literal["utf8", "base64"]

Text = str | bytes


_names_of: dict[Any, tuple[str, ...]] = {}


def _names(kind: Any) -> tuple[str, ...]:
    names = _names_of.get(kind)
    if names is None:
        names = _names_of[kind] = tuple(f.name for f in fields(kind))
    return names


class _Plain:
    """Members of the dataclass that are not None, as they are."""

    __slots__ = ()

    def to_wire(self) -> dict[str, Any]:
        wire = {}
        for name in _names(type(self)):
            value = getattr(self, name)
            if value is not None:
                wire[name] = value
        return wire


def _put_text(wire: dict[str, Any], name: str, value: Text | None) -> None:
    if value is None:
        return
    if isinstance(value, str):
        wire[name] = value
    else:
        wire[name + "_base64"] = base64.b64encode(value).decode()


def _files(files: Mapping[str, Text]) -> dict[str, str]:
    return {path: base64.b64encode(content.encode() if isinstance(content, str) else content).decode()
            for path, content in files.items()}


# --- request ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Submission:
    """Untrusted. Exactly one of `code`, `completion` and `entry_file` says what the program is."""

    language: str
    code: str | None = None
    completion: str | None = None
    continues_prompt: bool | None = None
    files: Mapping[str, Text] | None = None
    entry_file: str | None = None

    def to_wire(self) -> dict[str, Any]:
        wire: dict[str, Any] = {"language": self.language}
        if self.code is not None:
            wire["code"] = self.code
        if self.completion is not None:
            wire["completion"] = self.completion
        if self.continues_prompt is not None:
            wire["continues_prompt"] = self.continues_prompt
        if self.files is not None:
            wire["files"] = _files(self.files)
        if self.entry_file is not None:
            wire["entry_file"] = self.entry_file
        return wire


@dataclass(slots=True)
class StdinCase:
    stdin: Text | None = None
    stdout: Text | None = None  # may be None only where a checker decides

    def to_wire(self) -> dict[str, Any]:
        wire: dict[str, Any] = {}
        _put_text(wire, "stdin", self.stdin)
        _put_text(wire, "stdout", self.stdout)
        return wire


@dataclass(slots=True)
class OutputComparison(_Plain):
    mode: ComparisonMode | None = None
    float_rel: float | None = None
    float_abs: float | None = None


@dataclass(slots=True)
class Checker(_Plain):
    """Decides instead of the comparison: argv is input, expected, actual; exit 0 accepts, 1 refuses."""

    language: str
    code: str


@dataclass(slots=True)
class StdinStdout:
    """The program reads stdin and its stdout is compared."""

    type: ClassVar[str] = "stdin_stdout"
    cases: Sequence[StdinCase]
    comparison: OutputComparison | None = None
    checker: Checker | None = None

    def to_wire(self) -> dict[str, Any]:
        wire: dict[str, Any] = {"type": "stdin_stdout", "cases": [case.to_wire() for case in self.cases]}
        if self.comparison is not None:
            wire["comparison"] = self.comparison.to_wire()
        if self.checker is not None:
            wire["checker"] = self.checker.to_wire()
        return wire


@dataclass(slots=True)
class CallCase:
    """Python values, tagged on the wire (values.py)."""

    expected: Any
    args: Sequence[Any] | None = None
    kwargs: Mapping[str, Any] | None = None

    def to_wire(self) -> dict[str, Any]:
        wire: dict[str, Any] = {"expected": encode_value(self.expected)}
        if self.args is not None:
            wire["args"] = [encode_value(value) for value in self.args]
        if self.kwargs is not None:
            wire["kwargs"] = {name: encode_value(value) for name, value in self.kwargs.items()}
        return wire


@dataclass(slots=True)
class ValueComparison(_Plain):
    float_rel: float | None = None
    float_abs: float | None = None
    unordered: bool | None = None


@dataclass(slots=True)
class Signature(_Plain):
    """Types in the submission's language, where it cannot deduce them."""

    params: Sequence[str] | None = None
    returns: str | None = None


@dataclass(slots=True)
class FunctionCall:
    """`entry_point` (a function, or Class.method) is called with the arguments of each case."""

    type: ClassVar[str] = "function_call"
    entry_point: str
    cases: Sequence[CallCase]
    comparison: ValueComparison | None = None
    signature: Signature | None = None

    def to_wire(self) -> dict[str, Any]:
        wire: dict[str, Any] = {"type": "function_call", "entry_point": self.entry_point,
                                "cases": [case.to_wire() for case in self.cases]}
        if self.comparison is not None:
            wire["comparison"] = self.comparison.to_wire()
        if self.signature is not None:
            wire["signature"] = self.signature.to_wire()
        return wire


@dataclass(slots=True)
class Assert(_Plain):
    """Tests that raise or abort when the submission is wrong."""

    type: ClassVar[str] = "assert"
    tests: str
    entry_point: str | None = None
    prompt: str | None = None
    stop_tokens: Sequence[str] | None = None

    def to_wire(self) -> dict[str, Any]:
        return {"type": "assert", **_Plain.to_wire(self)}


@dataclass(slots=True)
class TestSuite:
    """A test runner of the language over trusted test files."""

    __test__: ClassVar[bool] = False  # pytest must not collect it
    type: ClassVar[str] = "test_suite"
    files: Mapping[str, Text]
    expected_tests: Sequence[str]

    def to_wire(self) -> dict[str, Any]:
        return {"type": "test_suite", "files": _files(self.files), "expected_tests": list(self.expected_tests)}


@dataclass(slots=True)
class Notebook(_Plain):
    """Cells run in one kernel, in order."""

    type: ClassVar[str] = "notebook"
    cells: Sequence[str]
    cell_timeout_ms: int | None = None

    def to_wire(self) -> dict[str, Any]:
        return {"type": "notebook", **_Plain.to_wire(self)}


@dataclass(slots=True)
class Run:
    """Runs the program and returns what it did; nothing is judged."""

    type: ClassVar[str] = "run"
    stdin: Text | None = None
    args: Sequence[str] | None = None
    env: Mapping[str, str] | None = None
    fetch_files: Sequence[str] | None = None

    def to_wire(self) -> dict[str, Any]:
        wire: dict[str, Any] = {"type": "run"}
        _put_text(wire, "stdin", self.stdin)
        if self.args is not None:
            wire["args"] = list(self.args)
        if self.env is not None:
            wire["env"] = dict(self.env)
        if self.fetch_files is not None:
            wire["fetch_files"] = list(self.fetch_files)
        return wire


Evaluation = StdinStdout | FunctionCall | Assert | TestSuite | Notebook | Run


@dataclass(slots=True)
class Limits(_Plain):
    """None: the default of the language, then of the farm."""

    compile_cpu_ms: int | None = None
    compile_memory_bytes: int | None = None
    run_cpu_ms: int | None = None
    run_wall_ms: int | None = None
    total_wall_ms: int | None = None
    memory_bytes: int | None = None
    stack_bytes: int | None = None
    output_bytes: int | None = None
    return_output_bytes: int | None = None
    processes: int | None = None
    open_files: int | None = None
    tmpfs_bytes: int | None = None
    tmpfs_inodes: int | None = None


@dataclass(slots=True)
class Policy(_Plain):
    run_all_cases: bool | None = None
    case_isolation: CaseIsolation | None = None
    min_isolation: Isolation | None = None
    min_integrity: MinIntegrity | None = None
    cache: bool | None = None


@dataclass(slots=True)
class Request:
    """What a trainer asks. `request_id` and `trainer` are filled in by the Farm where they are None."""

    submission: Submission
    evaluation: Evaluation
    request_id: str | None = None
    trainer: str | None = None
    step: int | None = None
    group: str | None = None
    priority: Priority | None = None
    deadline_unix_ms: int | None = None
    environment: str | None = None
    limits: Limits | None = None
    policy: Policy | None = None
    metadata: Mapping[str, Any] | None = None

    def to_wire(self) -> dict[str, Any]:
        wire: dict[str, Any] = {"schema_version": SCHEMA_VERSION}
        if self.request_id is not None:
            wire["request_id"] = self.request_id
        if self.trainer is not None:
            wire["trainer"] = self.trainer
        if self.step is not None:
            wire["step"] = self.step
        if self.group is not None:
            wire["group"] = self.group
        if self.priority is not None:
            wire["priority"] = self.priority
        if self.deadline_unix_ms is not None:
            wire["deadline_unix_ms"] = self.deadline_unix_ms
        if self.environment is not None:
            wire["environment"] = self.environment
        wire["submission"] = self.submission.to_wire()
        wire["evaluation"] = self.evaluation.to_wire()
        if self.limits is not None:
            wire["limits"] = self.limits.to_wire()
        if self.policy is not None:
            wire["policy"] = self.policy.to_wire()
        if self.metadata is not None:
            wire["metadata"] = self.metadata
        return wire


# --- result -----------------------------------------------------------------------------------------------------------


def _known(kind: type, wire: Mapping[str, Any]) -> dict[str, Any]:
    """The members that the dataclass knows; null is absent."""
    return {name: wire[name] for name in _names(kind) if wire.get(name) is not None}


@dataclass(slots=True)
class CompileResult:
    verdict: Verdict
    exit_code: int | None = None
    signal: int | None = None
    cpu_ms: int = 0
    wall_ms: int = 0
    stdout: str = ""
    stderr: str = ""
    cached: bool = False


class _Nothing(enum.Enum):
    NOTHING = 0  # one and the same, pickled too


_NOTHING: Any = _Nothing.NOTHING


@dataclass(slots=True)
class CaseResult:
    index: int
    verdict: CaseVerdict
    cpu_ms: int = 0
    wall_ms: int = 0
    throttled_ms: int = 0
    memory_bytes: int = 0
    exit_code: int | None = None
    signal: int | None = None
    stdout: str = ""
    stderr: str = ""
    stdout_bytes: int = 0
    truncated: bool = False
    encoding: Encoding = "utf8"
    actual: Any = field(default=_NOTHING, repr=False)  # as on the wire; returned() decodes it
    message: str = ""
    attempts: int = 1

    def stdout_raw(self) -> bytes:
        return base64.b64decode(self.stdout) if self.encoding == "base64" else self.stdout.encode()

    def stderr_raw(self) -> bytes:
        return base64.b64decode(self.stderr) if self.encoding == "base64" else self.stderr.encode()

    @property
    def has_actual(self) -> bool:
        """Whether the function came back with something; None is something."""
        return self.actual is not _NOTHING

    def returned(self) -> Any:
        """function_call: the value that came back. Raises LookupError where nothing did."""
        if not self.has_actual:
            raise LookupError(f"case {self.index} returned nothing")
        return decode_value(self.actual)

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> CaseResult:
        known = _known(cls, wire)
        if "actual" in wire:
            known["actual"] = wire["actual"]
        return cls(**known)


@dataclass(slots=True)
class Timings:
    queue_ms: int = 0
    compile_ms: int = 0
    run_ms: int = 0
    total_ms: int = 0


@dataclass(slots=True)
class GraderInfo:
    id: str = ""
    version: str = ""
    environment: str = ""


@dataclass(slots=True)
class Result:
    """What the farm answers. `score` is None where the fault is the request's or the farm's: that is no reward.

    Words may appear that are not in the Literal types; decide by `fault` then, whose four words are closed.
    """

    request_id: str
    trainer: str
    verdict: Verdict
    fault: Fault
    step: int | None = None
    group: str | None = None
    message: str = ""
    score: float | None = None
    passed: int = 0
    total: int = 0
    stopped_early: bool = False
    cached: bool = False  # an earlier result on the same bytes, as policy.cache allows
    integrity: Integrity | None = None
    isolation: Isolation | None = None
    compile: CompileResult | None = None
    cases: list[CaseResult] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)  # base64, as on the wire
    timings: Timings = field(default_factory=Timings)
    grader: GraderInfo = field(default_factory=GraderInfo)
    warnings: list[str] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def accepted(self) -> bool:
        return self.fault == "none"

    @property
    def masked(self) -> bool:
        """Whether this result has to be left out of the loss: it says nothing about the submission."""
        return self.score is None

    def file(self, path: str) -> bytes:
        return base64.b64decode(self.files[path])

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Result:
        """Raises ValueError where `wire` is no result of this version."""
        try:
            if wire["schema_version"] != SCHEMA_VERSION:
                raise ValueError(f"schema_version {wire['schema_version']!r} is not {SCHEMA_VERSION}")
            known = _known(cls, wire)
            if known["fault"] not in ("none", "submission", "request", "farm"):
                raise ValueError(f"fault {known['fault']!r} is not a word of version {SCHEMA_VERSION}")
            if known["fault"] in ("request", "farm"):
                known.pop("score", None)  # whatever it says: this is no reward
            if "compile" in known:
                known["compile"] = CompileResult(**_known(CompileResult, known["compile"]))
            if "cases" in known:
                known["cases"] = [CaseResult.from_wire(case) for case in known["cases"]]
            if "timings" in known:
                known["timings"] = Timings(**_known(Timings, known["timings"]))
            if "grader" in known:
                known["grader"] = GraderInfo(**_known(GraderInfo, known["grader"]))
            return cls(**known)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"not a result: {type(error).__name__} {error}") from error


def check_request_id(request_id: object) -> str:
    """The id, if it can be one. Raises InvalidRequestError."""
    if not isinstance(request_id, str):
        raise InvalidRequestError(f"request_id is {type(request_id).__name__}, not a string")
    try:
        size = len(request_id.encode())
    except UnicodeEncodeError as error:
        raise InvalidRequestError("request_id is not valid Unicode") from error
    if not 1 <= size <= 256 or "\0" in request_id:
        raise InvalidRequestError(f"request_id has {size} bytes, not 1 to 256")
    return request_id
