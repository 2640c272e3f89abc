"""What can go wrong, by whose fault it is. A submission's failure is never an exception: it is a Result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .messages import Result


class GradefarmError(Exception):
    """Base of everything that this package raises on its own account."""


class InvalidRequestError(GradefarmError, ValueError):
    """The request cannot be sent: the caller's fault, told before anything was published."""


class BrokerError(GradefarmError):
    """The broker cannot be reached, or lacks a topic. The text names the address or the topic."""


class StateFileError(GradefarmError):
    """The state file is damaged, of another trainer, in use by another process, or cannot be written."""


class FarmClosedError(GradefarmError):
    """The Farm was closed before the answer came, or before the call."""


class ForkedError(GradefarmError):
    """The future belongs to the parent of this process: the answer goes there."""


class FarmError(GradefarmError):
    """The farm failed to judge: says nothing about the submission, and is no score of 0.

    `result` is the result as the farm gave it (`score` is None); `request_id` names the request.
    """

    def __init__(self, message: str, result: Result) -> None:
        super().__init__(message)
        self.result = result
        self.request_id = result.request_id

    def __reduce__(self) -> tuple[Any, ...]:  # BaseException's own way calls the class with the message alone
        return type(self), (str(self), self.result)


class GradeTimeoutError(FarmError, TimeoutError):
    """No answer within the request's time. The text names the request."""


class BatchError(FarmError):
    """At least one request of a batch met a fault of the farm. `results` has all, in order; score is None."""

    def __init__(self, message: str, result: Result, results: Sequence[Result]) -> None:
        super().__init__(message, result)
        self.results = list(results)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.result, self.results)
