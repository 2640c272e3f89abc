"""gradefarm: submit code to a grading farm, and await verdicts. README.md has the guide.

    with Farm("kafka:9092", trainer="run-17") as farm:
        result = farm.submit(Request(Submission("python", code="print(int(input()) + 1)"),
                                     StdinStdout([StdinCase("1\\n", "2\\n")]))).result()
"""

from .engine import Stats
from .errors import (
    BatchError,
    BrokerError,
    FarmClosedError,
    FarmError,
    ForkedError,
    GradefarmError,
    GradeTimeoutError,
    InvalidRequestError,
    StateFileError,
)
from .farm import Farm
from .futures import GradeFuture
from .messages import (
    Assert,
    CallCase,
    CaseResult,
    Checker,
    CompileResult,
    Evaluation,
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
from .values import Opaque, decode_value, encode_value

__version__ = "0.1.0"

__all__ = [
    "Assert",
    "BatchError",
    "BrokerError",
    "CallCase",
    "CaseResult",
    "Checker",
    "CompileResult",
    "Evaluation",
    "Farm",
    "FarmClosedError",
    "FarmError",
    "ForkedError",
    "FunctionCall",
    "GradeFuture",
    "GradeTimeoutError",
    "GradefarmError",
    "GraderInfo",
    "InvalidRequestError",
    "Limits",
    "Notebook",
    "Opaque",
    "OutputComparison",
    "Policy",
    "Request",
    "Result",
    "Run",
    "Signature",
    "StateFileError",
    "Stats",
    "StdinCase",
    "StdinStdout",
    "Submission",
    "TestSuite",
    "Timings",
    "ValueComparison",
    "__version__",
    "decode_value",
    "encode_value",
]
