"""Farm: what a trainer uses. Submits evaluation requests to graders over Kafka and tells each one's result once,
whatever happens to brokers and graders meanwhile."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import ctypes
import functools
import itertools
import os
import queue
import re
import secrets
import threading
import time
import weakref
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Literal

from .encoding import mapping_json, request_json
from .engine import Engine, OnFarmError, Options, Stats, lane_of
from .errors import (
    BatchError,
    FarmClosedError,
    FarmError,
    ForkedError,
    GradefarmError,
    GradeTimeoutError,
    InvalidRequestError,
)
from .futures import GradeFuture
from .messages import Request, Result, check_request_id
from .outstanding import Outstanding
from .progress import Progress, reporter

AnyRequest = Request | Mapping[str, Any]
_NAME = re.compile(r"[A-Za-z0-9._-]+")


class Farm:
    """A client of one pool of graders. All members are safe to call from any thread and any event loop.

    Connects at the first use, or on entering `with` / `async with`. After fork() the child gets a client of its own at
    its first use (not with a state file: two processes cannot share one), and futures that it inherited fail.

    Requests are `Request` objects or mappings of the same shape (schemas/evaluation_request.schema.json).
    """

    def __init__(
        self,
        brokers: str,
        *,
        trainer: str,
        pool: str = "cpu",
        broker_kind: Literal["auto", "apache", "embedded"] = "auto",
        reply_topic: str | None = None,
        reply_partitions: int = 4,
        blob_dir: str | os.PathLike[str] | None = None,
        inline_limit: int | None = None,
        max_outstanding_bytes: int | None = None,
        max_outstanding_requests: int = 16_384,
        resubmit_after: float | None = None,
        request_timeout: float = 1800.0,
        connect_timeout: float = 10.0,
        on_farm_error: OnFarmError = "raise",
        farm_error_retries: int = 3,
        state_file: str | os.PathLike[str] | None = None,
        acknowledge: Literal["auto", "manual"] = "auto",
        max_result_bytes: int = 256 << 20,
        kafka_config: Mapping[str, Any] | None = None,
    ) -> None:
        for what, name in (("trainer", trainer), ("pool", pool)):
            if not _NAME.fullmatch(name) or len(name) > 232:
                raise InvalidRequestError(f"{what} {name!r} cannot be part of a topic name: use letters, digits, '.', "
                                          "'_', '-', at most 232")
        if pool.endswith((".high", ".low")):
            raise InvalidRequestError(f"pool {pool!r} would be a lane of another pool")
        reply_topic = reply_topic or f"grading.replies.{trainer}"
        if not _NAME.fullmatch(reply_topic) or not reply_topic.startswith("grading.replies.") or len(reply_topic) < 17:
            raise InvalidRequestError(f"reply topic {reply_topic!r} is not below grading.replies.: graders would not "
                                      "answer there")
        if on_farm_error not in ("raise", "mask", "retry"):
            raise InvalidRequestError(f"on_farm_error is 'raise', 'mask' or 'retry', not {on_farm_error!r}")
        if broker_kind not in ("auto", "apache", "embedded"):
            raise InvalidRequestError(f"broker_kind is 'auto', 'apache' or 'embedded', not {broker_kind!r}")
        if acknowledge not in ("auto", "manual"):
            raise InvalidRequestError(f"acknowledge is 'auto' or 'manual', not {acknowledge!r}")
        self._options = Options(
            brokers=brokers, trainer=trainer, pool=pool, broker_kind=broker_kind, reply_topic=reply_topic,
            reply_partitions=reply_partitions, blob_dir=blob_dir, inline_limit=inline_limit,
            max_outstanding_bytes=max_outstanding_bytes, max_outstanding_requests=max_outstanding_requests,
            resubmit_after=resubmit_after, request_timeout=request_timeout, connect_timeout=connect_timeout,
            on_farm_error=on_farm_error, farm_error_retries=farm_error_retries, state_file=state_file,
            acknowledge=acknowledge, max_result_bytes=max_result_bytes, kafka_config=dict(kafka_config or {}))
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._closed = False
        self._forked = False
        self._begin_session()
        _farms.add(self)

    def _begin_session(self) -> None:
        self._session = secrets.token_hex(6)
        self._counter = itertools.count()

    # --- lifecycle ----------------------------------------------------------------------------------------------------

    def open(self) -> Farm:
        """Connects, which the first use does otherwise. Raises BrokerError, StateFileError."""
        self._opened()
        return self

    def _opened(self) -> Engine:
        engine = self._engine
        if engine is not None:
            return engine
        if self._closed:  # also below: without waiting for who closes it
            raise FarmClosedError("the Farm is closed")
        with self._lock:
            if self._closed:
                raise FarmClosedError("the Farm is closed")
            if self._forked and self._options.state_file is not None:
                raise ForkedError("this Farm was made before fork(), and its state file belongs to the parent: make "
                                  "another Farm in the child, with a state file of its own")
            if self._engine is None:
                self._engine = Engine(self._options)
            return self._engine

    def close(self) -> None:
        """Ends the client's threads. Unanswered futures fail with FarmClosedError; with a state file, the next Farm of
        that file gets their answers. Idempotent."""
        with self._lock:
            engine = self._engine
            if engine is not None and engine.on_own_thread():
                raise RuntimeError("a Farm cannot be closed in a callback of its own futures")
            self._closed = True
            self._engine = None
        if engine is not None:
            engine.close()

    async def aclose(self) -> None:
        await asyncio.to_thread(self.close)

    def __enter__(self) -> Farm:
        return self.open()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    async def __aenter__(self) -> Farm:
        await asyncio.to_thread(self.open)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:
        await self.aclose()

    # --- one request --------------------------------------------------------------------------------------------------

    def submit(self, request: AnyRequest, *, timeout: float | None = None) -> GradeFuture:
        """Publishes a request; blocks while the window of outstanding requests is full.

        `timeout` (seconds; default: the Farm's request_timeout) bounds the wait for room, and then the wait for the
        answer. Raises InvalidRequestError, GradeTimeoutError (no room), FarmClosedError, BrokerError, StateFileError.
        In a done callback of a future it never blocks, and may exceed the window.
        """
        engine = self._engine or self._opened()
        entry = self._encoded(request)
        if len(entry.value) > engine.inline_limit:
            engine.store(entry)
        return (engine.known(entry) if engine.resumed else None) or self._submit(engine, entry, timeout)

    def _submit(self, engine: Engine, entry: Outstanding, timeout: float | None) -> GradeFuture:
        size = len(entry.value)
        if not engine.window.try_enter(size):
            if engine.on_own_thread():
                engine.window.enter_beyond(size)
            else:
                self._wait_for_room(engine, entry, timeout)
        return engine.start(entry, timeout)

    def _wait_for_room(self, engine: Engine, entry: Outstanding, timeout: float | None) -> None:
        room = threading.Event()
        ticket = engine.window.queue(len(entry.value), room.set)
        patience = self._options.request_timeout if timeout is None else timeout
        try:
            woken = room.wait(patience) and not engine.closing
        except BaseException:
            engine.window.withdraw(ticket)
            raise
        if not woken:
            engine.window.withdraw(ticket)
            self._no_room(engine, entry, patience)

    def _no_room(self, engine: Engine, entry: Outstanding, patience: float) -> None:
        if engine.closing:
            raise FarmClosedError("the Farm is closed")
        message = (f"request {entry.request_id}: no room within {patience:g} s for another outstanding request; is a "
                   f"grader running for pool {self._options.pool}?")
        raise GradeTimeoutError(message, Result(entry.request_id, entry.trainer, "farm_error", "farm",
                                                message=message))

    async def submit_async(self, request: AnyRequest, *, timeout: float | None = None) -> GradeFuture:
        """As submit(), for coroutines: waits for room without blocking the event loop."""
        engine = self._engine
        if engine is None:
            engine = await asyncio.to_thread(self._opened)
        entry = self._encoded(request)
        if len(entry.value) > engine.inline_limit:
            await asyncio.to_thread(engine.store, entry)
        future = engine.known(entry)
        if future is not None:
            return future
        if not engine.window.try_enter(len(entry.value)):
            await self._wait_for_room_async(engine, entry, timeout)
        return engine.start(entry, timeout)

    async def _wait_for_room_async(self, engine: Engine, entry: Outstanding, timeout: float | None) -> None:
        loop = asyncio.get_running_loop()
        room = asyncio.Event()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(room.set)

        ticket = engine.window.queue(len(entry.value), wake)
        patience = self._options.request_timeout if timeout is None else timeout
        try:
            await asyncio.wait_for(room.wait(), patience)
        except asyncio.TimeoutError:
            engine.window.withdraw(ticket)
            self._no_room(engine, entry, patience)
        except BaseException:
            engine.window.withdraw(ticket)
            raise
        if engine.closing:
            engine.window.withdraw(ticket)
            self._no_room(engine, entry, patience)

    async def grade(self, request: AnyRequest, *, timeout: float | None = None) -> Result:
        """The result of one request. Cancelling the task means that nobody waits any more."""
        return await (await self.submit_async(request, timeout=timeout))

    def _encoded(self, request: AnyRequest) -> Outstanding:
        if isinstance(request, Request):
            request_id, trainer, deadline = request.request_id, request.trainer, request.deadline_unix_ms or 0
            step, priority = request.step, request.priority
        else:
            request_id, trainer = request.get("request_id"), request.get("trainer")
            deadline = request.get("deadline_unix_ms") or 0
            step, priority = request.get("step"), request.get("priority")
        if request_id is None:
            request_id = f"{self._session}-{next(self._counter)}"
        else:
            check_request_id(request_id)
        if trainer is None:
            trainer = self._options.trainer
        elif not isinstance(trainer, str) or not _NAME.fullmatch(trainer):
            raise InvalidRequestError(f"request {request_id}: trainer {trainer!r} cannot be part of a topic name")
        if not isinstance(deadline, int):
            raise InvalidRequestError(f"request {request_id}: deadline_unix_ms is {deadline!r}, not an integer")
        try:
            value = (request_json(request, request_id, trainer) if isinstance(request, Request)
                     else mapping_json(request, request_id, trainer))
        except InvalidRequestError:
            raise
        except (TypeError, ValueError, AttributeError, RecursionError) as error:
            raise InvalidRequestError(f"request {request_id} cannot be written as JSON: {error}") from error
        return Outstanding(request_id, trainer, value, deadline, step, lane_of(priority))

    # --- many requests ------------------------------------------------------------------------------------------------

    def as_completed(self, items: Iterable[AnyRequest | GradeFuture], *, timeout: float | None = None) -> Completed:
        """Futures in the order in which they are done, for `for` and `async for`.

        Requests among the items are submitted as room permits, while earlier answers are handed out; `timeout` is that
        of submit()."""
        return Completed(self, items, timeout)

    def grade_many(self, requests: Iterable[AnyRequest], *, timeout: float | None = None,
                   progress: Progress = None) -> list[Result]:
        """The results of all requests, in their order.

        `progress`: a bar on stderr (True), none (False), a bar if stderr is a terminal (None), or a function that is
        called with (done, total) in this thread. Waits for all; then raises BatchError where a farm error is to raise.
        """
        batch = _Batch(requests, progress)
        try:
            for future in self._completed(batch.submitted(self), timeout):
                batch.settle(future)
        except BaseException:
            batch.abandon()
            raise
        return batch.results()

    async def grade_many_async(self, requests: Iterable[AnyRequest], *, timeout: float | None = None,
                               progress: Progress = None) -> list[Result]:
        """As grade_many(), for coroutines."""
        batch = _Batch(requests, progress)
        try:
            async for future in self._completed_async(batch.submitted(self), timeout):
                batch.settle(future)
        except BaseException:
            batch.abandon()
            raise
        return batch.results()

    def _completed(self, items: Iterable[AnyRequest | GradeFuture | _Slot],
                   timeout: float | None) -> Iterator[GradeFuture]:
        done: queue.SimpleQueue[GradeFuture] = queue.SimpleQueue()
        outstanding = 0
        for item in items:
            if isinstance(item, GradeFuture):
                future = item
            else:
                slot = item if isinstance(item, _Slot) else _Slot(item)
                engine = self._opened()
                entry = self._encoded(slot.request)
                engine.store(entry)
                known = engine.known(entry)
                if known is not None:
                    future = known
                else:
                    entered = engine.window.try_enter(len(entry.value))
                    while outstanding and not entered:
                        yield done.get()  # the answers of this loop make the room that it waits for
                        outstanding -= 1
                        entered = engine.window.try_enter(len(entry.value))
                    future = engine.start(entry, timeout) if entered else self._submit(engine, entry, timeout)
                slot.take(future)
            future.add_done_callback(done.put)
            outstanding += 1
            while not done.empty():
                yield done.get()
                outstanding -= 1
        for _ in range(outstanding):
            yield done.get()

    async def _completed_async(self, items: Iterable[AnyRequest | GradeFuture | _Slot],
                               timeout: float | None) -> AsyncIterator[GradeFuture]:
        loop = asyncio.get_running_loop()
        done: asyncio.Queue[GradeFuture] = asyncio.Queue()

        def put(future: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(done.put_nowait, future)

        outstanding = 0
        for item in items:
            if isinstance(item, GradeFuture):
                future = item
            else:
                slot = item if isinstance(item, _Slot) else _Slot(item)
                submitting = asyncio.ensure_future(self.submit_async(slot.request, timeout=timeout))
                try:
                    await asyncio.sleep(0)  # mostly there is room, and it is done now
                    while not submitting.done() and outstanding:
                        getting = asyncio.ensure_future(done.get())
                        await asyncio.wait({submitting, getting}, return_when=asyncio.FIRST_COMPLETED)
                        if getting.done():
                            outstanding -= 1
                            yield getting.result()
                        else:
                            getting.cancel()
                    future = await submitting
                except BaseException:
                    submitting.cancel()
                    raise
                slot.take(future)
            future.add_done_callback(put)
            outstanding += 1
            while not done.empty():
                outstanding -= 1
                yield done.get_nowait()
        for _ in range(outstanding):
            yield await done.get()

    # --- the rest -----------------------------------------------------------------------------------------------------

    @property
    def resumed(self) -> dict[str, GradeFuture]:
        """With a state file: what an earlier process submitted and whose answer it did not take, by request_id.
        submit() of one of these requests returns the future that is here."""
        return dict(self._opened().resumed)

    def acknowledge(self, *request_ids: str) -> None:
        """With acknowledge="manual": these answers are safe with the caller, and a restart need not tell them again."""
        self._opened().acknowledge(list(request_ids))

    def cancel(self, *, step: int | None = None, request_ids: Iterable[str] | None = None) -> int:
        """Takes back what is outstanding: the requests of a step, or those with these ids. How many there were.

        On return their futures have results with the verdict `cancelled`. Graders are told: they kill what runs and
        begin nothing of it any more, also where its future was cancelled before. Other clients' requests are not meant,
        nor is what is submitted afterwards, whatever its step or id."""
        if (step is None) == (request_ids is None):
            raise InvalidRequestError("cancel() takes either step or request_ids")
        engine = self._opened()
        if step is not None:
            return len(engine.cancel(lambda entry: entry.step == step))
        wanted = frozenset(request_ids or ())
        return len(engine.cancel(lambda entry: entry.request_id in wanted))

    def drain(self, timeout: float | None = None) -> bool:
        """Waits until nothing is outstanding. Whether that came about within `timeout` seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        engine = self._opened()
        while engine.window.requests:
            if engine.closing or (end is not None and time.monotonic() >= end):
                return False
            time.sleep(0.02)
        return True

    def stats(self) -> Stats:
        return self._opened().stats()

    def _after_fork(self) -> None:
        self._lock = threading.Lock()
        engine, self._engine = self._engine, None
        self._forked = True
        self._begin_session()
        if engine is not None:
            # Their threads do not exist here: destroying them would wait for these for ever.
            for handle in (engine, *engine.forget_in_child()):
                ctypes.pythonapi.Py_IncRef(ctypes.py_object(handle))


class Completed:
    """What Farm.as_completed() returns: iterable once, by `for` or by `async for`."""

    def __init__(self, farm: Farm, items: Iterable[AnyRequest | GradeFuture], timeout: float | None) -> None:
        self._farm, self._items, self._timeout = farm, items, timeout

    def __iter__(self) -> Iterator[GradeFuture]:
        return self._farm._completed(self._items, self._timeout)

    def __aiter__(self) -> AsyncIterator[GradeFuture]:
        return self._farm._completed_async(self._items, self._timeout)


class _Slot:
    """A request on its way to a future, and who wants to know that future."""

    __slots__ = ("request", "take")

    def __init__(self, request: AnyRequest, take: Callable[[GradeFuture], None] = lambda future: None) -> None:
        self.request = request
        self.take = take


class _Batch:
    """The results of grade_many(), by position."""

    def __init__(self, requests: Iterable[AnyRequest], progress: Progress) -> None:
        self._requests = list(requests)
        self._places: dict[GradeFuture, list[int]] = {}
        self._results: list[Result | None] = [None] * len(self._requests)
        self._first_error: FarmError | None = None
        self._errors = self._done = 0
        self._report = reporter(progress)
        self._report(0, len(self._requests))

    def submitted(self, farm: Farm) -> Iterator[_Slot]:
        for place, request in enumerate(self._requests):
            yield _Slot(request, functools.partial(self._take, place))

    def _take(self, place: int, future: GradeFuture) -> None:
        self._places.setdefault(future, []).append(place)

    def settle(self, future: GradeFuture) -> None:
        try:
            result = future.result()
        except FarmError as error:
            result = error.result
            self._errors += 1
            self._first_error = self._first_error or error
        self._results[self._places[future].pop()] = result
        self._done += 1
        self._report(self._done, len(self._requests))

    def abandon(self) -> None:
        for future in self._places:
            future.cancel()

    def results(self) -> list[Result]:
        results = [result for result in self._results if result is not None]
        if self._first_error is not None:
            raise BatchError(f"{self._errors} of {len(results)} requests met a fault of the farm; the first: "
                             f"{self._first_error}", self._first_error.result, results)
        return results


_farms: weakref.WeakSet[Farm] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for farm in list(_farms):
        farm._after_fork()


def _at_exit() -> None:
    for farm in list(_farms):
        with contextlib.suppress(GradefarmError):  # a state file that cannot be written must not keep the others open
            farm.close()


os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(_at_exit)
