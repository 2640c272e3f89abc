"""GradeFuture: the answer to one request, for threads and for any event loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Generator
from typing import Any, Protocol

from .messages import Result


class Owner(Protocol):
    """The client of a future."""

    def on_taken(self, future: GradeFuture) -> None:
        """The answer was taken, for the first time."""

    def on_cancel(self, future: GradeFuture) -> None:
        """Nobody waits any more."""


class GradeFuture(concurrent.futures.Future[Result]):
    """A concurrent.futures.Future that can also be awaited, from any event loop and from several.

    Done callbacks run on the farm's thread: they must not block. cancel() means that nobody waits any more; the farm
    may still grade what was published.
    """

    def __init__(self, request_id: str) -> None:
        super().__init__()
        self.request_id = request_id
        self._owner: Owner | None = None
        self._tells_taken = False

    def __await__(self) -> Generator[Any, None, Result]:
        return asyncio.wrap_future(self).__await__()

    def result(self, timeout: float | None = None) -> Result:
        try:
            return super().result(timeout)
        finally:
            self._taken()

    def exception(self, timeout: float | None = None) -> BaseException | None:
        error = super().exception(timeout)
        if error is not None:
            self._taken()
        return error

    def cancel(self) -> bool:
        was_done = self.done()
        cancelled = super().cancel()
        if cancelled and not was_done and self._owner is not None:
            self._owner.on_cancel(self)
        return cancelled

    def _taken(self) -> None:
        if self._tells_taken and self._owner is not None and self.done() and not self.cancelled():
            self._tells_taken = False
            self._owner.on_taken(self)

    def _settle(self, outcome: Result | BaseException) -> None:
        """Resolves it, unless it was cancelled meanwhile."""
        try:
            if isinstance(outcome, BaseException):
                self.set_exception(outcome)
            else:
                self.set_result(outcome)
        except concurrent.futures.InvalidStateError:
            pass

    def _fail_in_child(self, error: BaseException) -> None:
        """After fork(): the thread that held the lock may not exist here, and the callbacks are the parent's."""
        self._condition = threading.Condition()
        self.__dict__["_done_callbacks"] = []
        self._owner = None
        self._settle(error)
