"""The Farm against a broker and a scripted grader: the embedded broker, or Apache Kafka (conftest.py)."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import threading
import time

import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition
from conftest import request
from scripted_grader import ScriptedGrader, accepted, farm_error, make_topic

from gradefarm import (
    BatchError,
    BrokerError,
    Farm,
    FarmClosedError,
    FarmError,
    ForkedError,
    GradeTimeoutError,
    InvalidRequestError,
    StateFileError,
)

pytestmark = pytest.mark.kafka


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def test_a_request_gets_its_answer_with_the_headers_of_the_contract(make_farm, make_grader, pool):
    grader = make_grader(lambda body, headers: accepted(body, step=body["step"], metadata=body["metadata"]))
    farm = make_farm()

    result = farm.submit(request("r1", step=7, deadline_unix_ms=99, metadata={"k": "ü"})).result(20)

    assert (result.verdict, result.score, result.step, result.metadata) == ("accepted", 1.0, 7, {"k": "ü"})
    (headers,) = grader.headers
    assert headers.pop("kafka_correlationId").endswith(b":r1")
    assert headers == {"kafka_replyTopic": f"grading.replies.{pool}".encode(), "request_id": b"r1",
                       "attempt": b"1", "deadline_unix_ms": b"99"}


def test_mappings_are_requests_too_and_ids_are_filled_in(make_farm, make_grader):
    make_grader()
    wire = request().to_wire()

    first, second = make_farm().grade_many([wire, wire], progress=False)

    assert first.accepted
    assert first.request_id != second.request_id
    assert "request_id" not in wire


def test_results_of_a_batch_are_in_order_and_progress_counts_to_the_end(make_farm, make_grader):
    make_grader()
    seen = []
    ids = [f"r{i}" for i in range(500)]

    results = make_farm().grade_many([request(i) for i in ids], progress=lambda done, total: seen.append((done, total)))

    assert [result.request_id for result in results] == ids
    assert seen == [(done, 500) for done in range(501)]


def test_several_event_loops_and_threads_share_a_farm(make_farm, make_grader):
    make_grader()
    farm = make_farm()
    answers = []

    def loop(name):
        async def grade_all():
            return await asyncio.gather(*(farm.grade(request(f"{name}-{i}")) for i in range(100)))
        answers.extend(result.request_id for result in asyncio.run(grade_all()))

    threads = [threading.Thread(target=loop, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == sorted(f"{name}-{i}" for name in "abcd" for i in range(100))


def test_as_completed_gives_every_future_once_also_when_the_window_is_small(make_farm, make_grader):
    make_grader()
    farm = make_farm(max_outstanding_requests=5)

    async def ids():
        requests = [request(f"async-{i}") for i in range(60)]
        return sorted([future.result().request_id async for future in farm.as_completed(requests)])

    sync = sorted(future.result().request_id for future in farm.as_completed(request(f"s-{i}") for i in range(60)))
    assert sync == sorted(f"s-{i}" for i in range(60))
    assert asyncio.run(ids()) == sorted(f"async-{i}" for i in range(60))


def test_async_batch_and_context_manager(make_farm, make_grader):
    make_grader()

    async def run():
        async with make_farm(max_outstanding_requests=3) as farm:
            return await farm.grade_many_async([request(f"r{i}") for i in range(30)], progress=False)

    assert [result.request_id for result in asyncio.run(run())] == [f"r{i}" for i in range(30)]


def test_submit_waits_while_the_window_is_full_and_goes_on_with_the_first_answer(make_farm, make_grader):
    grader = make_grader()
    grader.paused.set()
    farm = make_farm(max_outstanding_bytes=1000)
    farm.submit(request("big", code="#" * 800))
    submitted = threading.Event()
    thread = threading.Thread(target=lambda: (farm.submit(request("next", code="#" * 800)), submitted.set()))
    thread.start()

    assert not submitted.wait(0.3)
    assert farm.stats().outstanding_bytes < 2000
    grader.paused.clear()

    thread.join(20)
    assert submitted.is_set()


def test_no_room_in_time_is_an_error_that_names_the_request(make_farm):
    farm = make_farm(max_outstanding_requests=1)
    farm.submit(request("first"))

    with pytest.raises(GradeTimeoutError, match=r"second.*no room"):
        farm.submit(request("second"), timeout=0.2)
    with pytest.raises(GradeTimeoutError, match=r"third.*no room"):
        asyncio.run(farm.grade(request("third"), timeout=0.2))
    assert farm.stats().outstanding == 1


def test_a_callback_may_submit_though_the_window_is_full(make_farm, make_grader):
    make_grader()
    farm = make_farm(max_outstanding_requests=1)
    later = []
    farm.submit(request("a")).add_done_callback(
        lambda _: later.extend([farm.submit(request("b")), farm.submit(request("c"))]))

    wait_until(lambda: len(later) == 2)
    assert [future.result(20).request_id for future in later] == ["b", "c"]


@pytest.mark.parametrize("policy", ["raise", "mask", "retry"])
def test_a_farm_error_is_never_a_score(make_farm, make_grader, policy):
    grader = make_grader(lambda body, headers: farm_error(body))
    farm = make_farm(on_farm_error=policy, farm_error_retries=1)

    future = farm.submit(request("r"))

    if policy == "mask":
        assert (future.result(20).score, future.result().masked, future.result().fault) == (None, True, "farm")
    else:
        with pytest.raises(FarmError, match=r"request r: the farm failed.*no memory") as caught:
            future.result(20)
        assert caught.value.result.score is None
    assert grader.graded["r"] == (2 if policy == "retry" else 1)


def test_a_farm_error_that_goes_away_is_retried_under_the_same_id(make_farm, make_grader):
    make_grader(lambda body, headers: farm_error(body) if headers["attempt"] == b"1" else accepted(body))

    assert make_farm(on_farm_error="retry").submit(request("r")).result(20).accepted


def test_a_request_that_ended_its_graders_is_not_asked_again(make_farm, make_grader):
    def script(body, headers):
        grader.reply(headers, farm_error(body), (("given_up", b"1"),))

    grader = make_grader(script)

    with pytest.raises(FarmError):
        make_farm(on_farm_error="retry").submit(request("r")).result(20)
    assert grader.graded["r"] == 1


def test_a_batch_with_a_farm_error_raises_after_all_and_has_the_rest(make_farm, make_grader):
    make_grader(lambda body, headers: farm_error(body) if body["request_id"] == "r3" else accepted(body))

    with pytest.raises(BatchError, match=r"1 of 10 requests") as caught:
        make_farm().grade_many([request(f"r{i}") for i in range(10)], progress=False)

    assert [result.score for result in caught.value.results] == [1.0] * 3 + [None] + [1.0] * 6


def test_a_request_that_is_never_answered_times_out_with_an_error_that_names_it(make_farm, pool):
    with pytest.raises(GradeTimeoutError, match=rf"request nobody: no answer within 0.3 s.*pool {pool}") as caught:
        make_farm().submit(request("nobody"), timeout=0.3).result(20)
    assert caught.value.request_id == "nobody"
    assert caught.value.result.score is None


def test_a_lost_request_is_published_again_under_its_id_and_second_answers_are_dropped(make_farm, make_grader):
    def script(body, headers):
        return None if headers["attempt"] == b"1" else accepted(body)

    grader = make_grader(script)
    farm = make_farm(resubmit_after=3)

    future = farm.submit(request("r"))

    assert future.result(20).accepted
    assert farm.stats().resubmitted == 1
    assert [headers["attempt"] for headers in grader.headers] == [b"1", b"2"]
    grader.reply(grader.headers[0], accepted({"request_id": "r", "trainer": "t"}))
    wait_until(lambda: farm.stats().duplicate_answers == 1)


def test_answers_to_others_and_nonsense_are_counted_and_dropped(make_farm, make_grader):
    grader = make_grader(lambda body, headers: b"no json")
    farm = make_farm()
    future = farm.submit(request("r"))
    wait_until(lambda: farm.stats().unreadable_answers == 1)
    another = {**grader.headers[0], "kafka_correlationId": b"another:r"}
    grader.reply(another, accepted({"request_id": "r", "trainer": "t"}))
    wait_until(lambda: farm.stats().unknown_answers == 1)
    assert not future.done()


def test_an_id_that_is_under_way_is_refused(make_farm):
    farm = make_farm()
    farm.submit(request("r"))
    with pytest.raises(InvalidRequestError, match=r"request r is under way"):
        farm.submit(request("r"))
    assert farm.stats().outstanding == 1


def test_large_requests_and_results_travel_as_blobs(make_farm, make_grader, tmp_path):
    from gradefarm.blobs import BlobStore, envelope
    store = BlobStore(tmp_path / "blobs")

    def script(body, headers):
        whole = json.loads(store.get(body["blob"], 1 << 30))
        result = accepted(whole, message=whole["submission"]["code"])
        return envelope(body["request_id"], body["trainer"], store.put(json.dumps(result).encode()))

    grader = make_grader(script)
    farm = make_farm(blob_dir=tmp_path / "blobs", inline_limit=10_000)

    assert farm.submit(request("r", code="é" * 20_000)).result(20).message == "é" * 20_000
    assert grader.graded == {"r": 1}


def test_a_large_request_without_a_blob_directory_is_refused_by_name(make_farm):
    with pytest.raises(InvalidRequestError, match=r"request r has 19 KiB.*blob_dir"):
        make_farm(inline_limit=10_000).submit(request("r", code="x" * 20_000))


def test_a_cancelled_task_frees_its_room_and_its_late_answer_is_dropped(make_farm, make_grader):
    grader = make_grader()
    grader.paused.set()
    farm = make_farm().open()

    async def impatient():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(farm.grade(request("r")), 0.1)

    asyncio.run(impatient())
    assert farm.stats().outstanding == 0
    grader.paused.clear()
    wait_until(lambda: farm.stats().answered == 1)
    assert farm.stats().outstanding == 0


def test_closing_fails_what_is_unanswered_and_leaves_no_thread(make_farm):
    before = set(threading.enumerate())
    farm = make_farm().open()
    future = farm.submit(request("r"))

    farm.close()

    with pytest.raises(FarmClosedError, match=r"request r"):
        future.result(0)
    with pytest.raises(FarmClosedError):
        farm.submit(request("s"))
    assert set(threading.enumerate()) == before


def test_a_callback_that_meets_a_closing_farm_is_told_so_and_does_not_hang(make_farm, make_grader):
    make_grader()
    farm = make_farm()
    entered, errors = threading.Event(), []

    def callback(_):
        entered.set()
        wait_until(lambda: farm._closed)
        for call in (lambda: farm.submit(request("s")), farm.stats):
            try:
                call()
            except FarmClosedError as error:
                errors.append(error)

    farm.submit(request("r")).add_done_callback(callback)
    assert entered.wait(20)
    farm.close()
    assert len(errors) == 2


def test_closing_where_the_state_file_cannot_be_written_leaves_nobody_waiting(make_farm, tmp_path, monkeypatch):
    farm = make_farm(state_file=tmp_path / "state")
    future = farm.submit(request("r"))

    def fail(_):
        raise StateFileError("state file: No space left on device")

    monkeypatch.setattr(farm._engine._journal, "rewrite", fail)
    with pytest.raises(StateFileError, match="No space"):
        farm.close()
    with pytest.raises(FarmClosedError):
        future.result(20)


def test_a_farm_is_not_closed_by_its_own_callback(make_farm, make_grader):
    make_grader()
    farm = make_farm()
    told = []

    def callback(_):
        try:
            farm.close()
        except RuntimeError as error:
            told.append(error)

    farm.submit(request("r")).add_done_callback(callback)
    wait_until(lambda: told)
    assert farm.submit(request("s")).result(20).accepted


def test_closing_wakes_who_waits_for_room(make_farm):
    farm = make_farm(max_outstanding_requests=1)
    farm.submit(request("r"))
    errors = []

    def submit():
        try:
            farm.submit(request("s"))
        except FarmClosedError as error:
            errors.append(error)

    thread = threading.Thread(target=submit)
    thread.start()
    wait_until(lambda: farm._engine.window._waiting)
    farm.close()
    thread.join(20)
    assert len(errors) == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # fork() with threads: what is tested
def test_after_fork_the_child_has_a_client_of_its_own(make_farm, make_grader):
    grader = make_grader()
    farm = make_farm()
    assert farm.submit(request("before")).result(20).accepted
    grader.paused.set()
    inherited = farm.submit(request("inherited"))

    gc.collect()  # else it is the child that destroys clients of earlier tests, whose threads it does not have
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with pytest.raises(ForkedError, match=r"inherited"):
                inherited.result(5)
            mine = farm.submit(request("child"))
            code = 0 if mine.result(20).accepted else 2
            farm.close()
        finally:
            os._exit(code)
    grader.paused.clear()

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert inherited.result(20).accepted
    assert farm.submit(request("after")).result(20).accepted


def test_a_priority_has_its_own_topic(make_farm, make_grader, brokers, pool):
    for lane in (".high", ".low"):
        make_topic(brokers, f"grading.requests.{pool}{lane}")
    graders = {name: ScriptedGrader(brokers, pool + lane) for name, lane in (
        ("normal", ""), ("high", ".high"), ("low", ".low"))}
    try:
        farm = make_farm()
        for name in graders:
            assert farm.submit(request(name, priority=name)).result(20).accepted
        assert farm.submit({"request_id": "mapping", "priority": "high",
                            "submission": {"language": "python", "code": ""},
                            "evaluation": {"type": "run"}}).result(20).accepted
    finally:
        for grader in graders.values():
            grader.close()
    assert {name: set(grader.graded) for name, grader in graders.items()} == {
        "normal": {"normal"}, "high": {"high", "mapping"}, "low": {"low"}}


def test_cancel_resolves_the_futures_of_a_step_and_tells_the_graders(make_farm, make_grader, brokers, pool):
    with contextlib.suppress(KafkaException):  # it is there already
        make_topic(brokers, "grading.cancels", 1)
    cancels = Consumer({"bootstrap.servers": brokers, "group.id": "test", "auto.offset.reset": "earliest",
                        "log_level": 2})
    known = cancels.list_topics("grading.cancels", timeout=10).topics["grading.cancels"].partitions
    cancels.assign([TopicPartition("grading.cancels", partition, 0) for partition in known])
    told = []

    def hear():
        message = cancels.poll(0.05)
        if message is not None and message.error() is None:
            cancel = json.loads(message.value())
            if cancel["trainer"] == pool:
                told.append(cancel)

    grader = make_grader()
    grader.paused.set()
    farm = make_farm()
    of_3 = [farm.submit(request(f"a{i}", step=3)) for i in range(500)]
    of_4 = farm.submit(request("b", step=4))
    by_id = farm.submit({"request_id": "c", "submission": {"language": "python", "code": ""},
                         "evaluation": {"type": "run"}})

    assert farm.cancel(step=3) == 500
    assert all(future.done() for future in of_3)
    assert {future.result(0).verdict for future in of_3} == {"cancelled"}
    assert all(future.result(0).masked and future.result(0).step == 3 for future in of_3)
    assert farm.cancel(request_ids=["c", "unknown"]) == 1
    assert by_id.result(0).verdict == "cancelled"
    assert farm.cancel(step=3) == 0
    assert not of_4.done()
    assert farm.stats().outstanding == 1

    def both():
        hear()
        return len(told) == 2

    wait_until(both)
    cancels.close()
    ids = [f"a{i}" for i in range(500)]  # not the step, which may be that of other clients, too
    assert {"schema_version": 1, "trainer": pool, "request_ids": ids} in told
    assert {"schema_version": 1, "trainer": pool, "request_ids": ["c"]} in told
    grader.paused.clear()
    assert of_4.result(20).accepted  # and what comes late for the others finds nobody
    assert farm.submit(request("a0", step=3)).result(20).accepted
    with pytest.raises(InvalidRequestError):
        farm.cancel()


def test_an_answer_to_what_was_taken_back_is_not_one_to_what_is_asked_again(make_farm, make_grader):
    grader = make_grader(lambda body, headers: None)
    farm = make_farm()
    first = farm.submit(request("r", step=3))
    wait_until(lambda: len(grader.headers) == 1)
    assert farm.cancel(step=3) == 1
    again = farm.submit(request("r", step=3))
    wait_until(lambda: len(grader.headers) == 2)
    body = {"request_id": "r", "trainer": "t"}

    grader.reply(grader.headers[0], accepted(body, metadata={"which": "first"}))
    wait_until(lambda: farm.stats().duplicate_answers == 1)
    grader.reply(grader.headers[1], accepted(body, metadata={"which": "again"}))

    assert first.result(0).verdict == "cancelled"
    assert again.result(20).metadata == {"which": "again"}


def test_what_is_taken_back_is_resolved_whatever_is_raised_meanwhile(make_farm, make_grader, monkeypatch):
    grader = make_grader(lambda body, headers: None)
    farm = make_farm()
    futures = [farm.submit(request(f"r{i}", step=3)) for i in range(5)]
    wait_until(lambda: len(grader.headers) == 5)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(farm._engine, "_publish_cancels", interrupt)
    futures[0].add_done_callback(interrupt)
    futures[2].add_done_callback(interrupt)
    with pytest.raises(KeyboardInterrupt):
        farm.cancel(step=3)

    assert [future.result(0).verdict for future in futures] == ["cancelled"] * 5


def test_a_broker_that_is_not_there_is_named():
    with pytest.raises(BrokerError, match=r"no broker answers at 127.0.0.1:9"):
        Farm("127.0.0.1:9", trainer="t", connect_timeout=0.5).open()


@pytest.mark.parametrize("options", [{"trainer": "a/b"}, {"trainer": ""}, {"trainer": "t", "pool": "x y"},
                                     {"trainer": "t", "pool": "cpu.high"},
                                     {"trainer": "t", "reply_topic": "grading.requests.cpu"},
                                     {"trainer": "t", "on_farm_error": "zero"}])
def test_options_that_cannot_work_are_refused_at_once(options):
    with pytest.raises(InvalidRequestError):
        Farm("127.0.0.1:9", **options)
