"""GradeFuture: the answer to one request, for threads and for any event loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import os
import threading
from collections.abc import Callable, Generator
from concurrent.futures._base import CANCELLED, CANCELLED_AND_NOTIFIED, FINISHED, PENDING
from typing import Any, Protocol

from .messages import Result


class Owner(Protocol):
    """The client of a future."""

    def on_taken(self, future: GradeFuture) -> None:
        """The answer was taken, for the first time."""

    def on_cancel(self, future: GradeFuture) -> None:
        """Nobody waits any more."""


_log = logging.getLogger("gradefarm")

_CANCELLED = (CANCELLED, CANCELLED_AND_NOTIFIED)
_DONE = (*_CANCELLED, FINISHED)

# Guards all futures that have no condition yet, for a few instructions that neither call out nor take another lock.
# Reentrant: the garbage collector or a signal handler may come in between and finalize what uses another future.
_bare = threading.RLock()


class GradeFuture(concurrent.futures.Future[Result]):
    """A concurrent.futures.Future that can also be awaited, from any event loop and from several.

    Done callbacks run on the farm's thread: they must not block. cancel() means that nobody waits any more; the farm
    may still grade what was published.

    Most of a Future's price is its Condition, and few are waited for by one: a batch and an event loop add a callback,
    and whoever comes late finds it done. So it is made when the base class first asks for it. Without it the members
    are guarded by `_bare`, from then on by the Condition, as the base class does it.
    """

    _state = PENDING
    _result: Result | None = None
    _exception: BaseException | None = None
    _made_condition: threading.Condition | None = None
    _done_callbacks: list[Callable[[Any], object]] | None = None
    _tells_taken = False

    def __init__(self, request_id: str, owner: Owner | None = None) -> None:
        # Not that of the base class: its members have their first values in the class above.
        self.request_id = request_id
        self._owner = owner

    @property
    def _condition(self) -> threading.Condition:  # type: ignore[override]
        if self._made_condition is not None:
            return self._made_condition
        made = threading.Condition()
        waiters: list[Any] = []
        callbacks: list[Callable[[Any], object]] = []
        with _bare:
            if self._made_condition is None:
                self._waiters = waiters
                self._done_callbacks = self._done_callbacks or callbacks
                self._made_condition = made
            return self._made_condition

    def __await__(self) -> Generator[Any, None, Result]:
        return asyncio.wrap_future(self).__await__()

    # Of one member, whose last value is final: needs no lock.
    def done(self) -> bool:
        return self._state in _DONE

    def cancelled(self) -> bool:
        return self._state in _CANCELLED

    def add_done_callback(self, fn: Callable[[Any], object]) -> None:
        callbacks = [fn]
        with _bare:
            if self._made_condition is None and self._state == PENDING:
                if self._done_callbacks is None:
                    self._done_callbacks = callbacks
                else:
                    self._done_callbacks.append(fn)
                return
        super().add_done_callback(fn)

    def result(self, timeout: float | None = None) -> Result:
        try:
            if self._state == FINISHED and self._exception is None and self._result is not None:
                return self._result
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
        error, result = (outcome, None) if isinstance(outcome, BaseException) else (None, outcome)
        with _bare:
            bare = self._made_condition is None and self._state == PENDING
            if bare:
                self._exception, self._result = error, result
                self._state = FINISHED
        if bare:
            if self._done_callbacks is not None:
                self._invoke_callbacks()
            return
        with contextlib.suppress(concurrent.futures.InvalidStateError):
            if result is None:
                self.set_exception(error)
            else:
                self.set_result(result)

    def _invoke_callbacks(self) -> None:
        # The base class lets pass what is no Exception: sys.exit() in a callback would end the farm's thread, and
        # everybody would wait for ever. Where it is the caller's own thread, a Ctrl-C is the caller's.
        for callback in self._done_callbacks or ():
            try:
                callback(self)
            except BaseException as error:
                if not isinstance(error, Exception) and threading.current_thread() is threading.main_thread():
                    raise
                _log.exception("gradefarm: a done callback of request %s failed", self.request_id)

    def _fail_in_child(self, error: BaseException) -> None:
        """After fork(): the thread that held the lock may not exist here, and the callbacks are the parent's."""
        self._made_condition = None
        self._done_callbacks = None
        self._owner = None
        if self._state == PENDING:
            self._settle(error)


def _after_fork_in_child() -> None:
    global _bare
    _bare = threading.RLock()  # the thread that held it may not exist here


os.register_at_fork(after_in_child=_after_fork_in_child)
