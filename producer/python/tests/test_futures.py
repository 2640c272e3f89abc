"""GradeFuture against what concurrent.futures and asyncio do with a future, before and after it has a condition."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import pickle
import threading

import pytest

from gradefarm import BatchError, CaseResult, FarmError, GradeFuture, GradeTimeoutError, Result

RESULT = Result("r", "t", "accepted", "none")
ERROR = FarmError("no", RESULT)
PATIENCE = 60


class Told:
    """The client of futures, as the Farm is."""

    def __init__(self) -> None:
        self.taken: list[GradeFuture] = []
        self.cancelled: list[GradeFuture] = []

    def on_taken(self, future: GradeFuture) -> None:
        self.taken.append(future)

    def on_cancel(self, future: GradeFuture) -> None:
        self.cancelled.append(future)


def futures(count: int) -> list[GradeFuture]:
    return [GradeFuture(str(i), Told()) for i in range(count)]


def later(action, *arguments) -> threading.Thread:
    thread = threading.Thread(target=action, args=arguments)
    thread.start()
    return thread


@pytest.mark.parametrize("settled_first", [True, False])
@pytest.mark.parametrize("outcome", [RESULT, ERROR])
def test_who_waits_by_a_condition_gets_the_outcome_early_or_late(settled_first, outcome):
    (future,) = futures(1)
    assert (future.done(), future.cancelled(), future.running()) == (False, False, False)
    if settled_first:
        future._settle(outcome)
    thread = None if settled_first else later(future._settle, outcome)
    if outcome is RESULT:
        assert future.result(PATIENCE) is RESULT
        assert future.exception(PATIENCE) is None
    else:
        with pytest.raises(FarmError, match="no"):
            future.result(PATIENCE)
        assert future.exception(PATIENCE) is ERROR
    assert future.done()
    if thread:
        thread.join()


def test_a_wait_that_ends_early_leaves_the_future_as_it_was():
    (future,) = futures(1)
    with pytest.raises(concurrent.futures.TimeoutError):
        future.result(0)
    future._settle(RESULT)
    assert future.result(0) is RESULT


def test_callbacks_run_once_each_in_order_whenever_they_were_added():
    (future,) = futures(1)
    ran = []
    future.add_done_callback(lambda f: ran.append(("bare", f)))
    assert not future.running()  # asks the base class, which makes the condition
    future.add_done_callback(lambda f: ran.append(("with condition", f)))
    future._settle(RESULT)
    future.add_done_callback(lambda f: ran.append(("late", f)))
    assert ran == [("bare", future), ("with condition", future), ("late", future)]


def test_a_callback_that_raises_does_not_keep_the_next_from_running():
    (future,) = futures(1)
    ran = []
    future.add_done_callback(lambda f: 1 / 0)
    future.add_done_callback(ran.append)
    future._settle(RESULT)
    assert ran == [future]


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError()])
@pytest.mark.parametrize("condition", [False, True])
def test_a_callback_that_wants_to_exit_does_not_end_the_thread_that_resolves(error, condition):
    def leave(_):
        raise error

    (future,) = futures(1)
    ran = []
    future.add_done_callback(leave)
    future.add_done_callback(ran.append)
    if condition:
        assert not future.running()
    resolved = []
    thread = threading.Thread(target=lambda: resolved.append(future._settle(RESULT)))
    thread.start()
    thread.join()
    assert ran == [future]
    assert resolved == [None]


def test_the_first_outcome_counts():
    for condition in (False, True):
        (future,) = futures(1)
        ran = []
        future.add_done_callback(ran.append)
        if condition:
            assert not future.running()
        future._settle(RESULT)
        future._settle(ERROR)
        assert future.result() is RESULT
        assert ran == [future]


def test_a_cancelled_future_stays_cancelled_and_tells_its_owner_once():
    (future,) = futures(1)
    ran = []
    future.add_done_callback(ran.append)
    assert future.cancel()
    assert future.cancel()
    future._settle(RESULT)
    assert future.cancelled()
    assert future.done()
    assert ran == [future] == future._owner.cancelled
    with pytest.raises(concurrent.futures.CancelledError):
        future.result()


def test_a_settled_future_cannot_be_cancelled():
    (future,) = futures(1)
    future._settle(RESULT)
    assert not future.cancel()
    assert not future.cancelled()
    assert future._owner.cancelled == []


def test_the_owner_hears_once_that_the_answer_was_taken():
    (future,) = futures(1)
    future._tells_taken = True
    future._settle(RESULT)
    assert future._owner.taken == []
    future.result()
    future.result()
    assert future._owner.taken == [future]


def test_wait_and_as_completed_of_the_standard_library_take_them():
    many = futures(20)
    many[0]._settle(RESULT)
    thread = later(lambda: [future._settle(RESULT) for future in many[1:10]])
    assert set(concurrent.futures.as_completed(many[:10], PATIENCE)) == set(many[:10])
    done, pending = concurrent.futures.wait(many, PATIENCE, concurrent.futures.FIRST_COMPLETED)
    assert (done, pending) == (set(many[:10]), set(many[10:]))
    thread.join()


def test_several_event_loops_await_one_future():
    (future,) = futures(1)
    waiting = threading.Barrier(4)
    got = []

    async def take() -> Result:
        task = asyncio.ensure_future(future)
        await asyncio.sleep(0)
        await asyncio.to_thread(waiting.wait, PATIENCE)
        return await task

    threads = [later(lambda: got.append(asyncio.run(take()))) for _ in range(3)]
    waiting.wait(PATIENCE)
    future._settle(RESULT)
    for thread in threads:
        thread.join()
    assert got == [RESULT] * 3


def test_settling_waiting_and_calling_back_at_once_lose_nothing():
    for _ in range(20):
        many = futures(100)
        called, results = [], []
        start = threading.Barrier(4)

        def settle(many=many, start=start):
            start.wait()
            for future in many:
                future._settle(RESULT)

        def add(many=many, start=start, called=called):
            start.wait()
            for future in many:
                future.add_done_callback(called.append)

        def wait(many=many, start=start, results=results):
            start.wait()
            results.extend(future.result(PATIENCE) for future in reversed(many))

        def ask(many=many, start=start):
            start.wait()
            for future in many:
                repr(future)  # makes the condition

        threads = [later(action) for action in (settle, add, wait, ask)]
        for thread in threads:
            thread.join()
        assert len(called) == len(many)
        assert set(called) == set(many)
        assert results == [RESULT] * len(many)


def test_after_fork_a_future_fails_whoever_held_its_locks():
    from gradefarm import futures as module

    bare, waited, done = futures(3)
    waited.running()
    done._settle(RESULT)
    with module._bare, waited._condition:
        child = os.fork()
        if child == 0:
            ok = False
            try:
                for future in (bare, waited, done):
                    future._fail_in_child(ERROR)
                ok = bare.exception(0) is waited.exception(0) is ERROR and done.result(0) is RESULT
            finally:
                os._exit(0 if ok else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_errors_and_results_survive_pickling():
    case = CaseResult(0, "wrong_answer")
    result = Result("r", "t", "farm_error", "farm", cases=[case])
    for error in (FarmError("no", result), GradeTimeoutError("late", result), BatchError("some", result, [result] * 2)):
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert again.result == result
        assert again.request_id == "r"
        assert getattr(again, "results", None) == getattr(error, "results", None)
    assert not pickle.loads(pickle.dumps(case)).has_actual
