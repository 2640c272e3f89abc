"""Trainers that die and come back, brokers that go away, Ctrl-C: in processes of their own."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import pytest
from conftest import REPOSITORY, request
from scripted_grader import accepted

from gradefarm import Farm, InvalidRequestError, StateFileError

pytestmark = pytest.mark.kafka
HERE = pathlib.Path(__file__).parent


def trainer(*arguments):
    return subprocess.run([sys.executable, HERE / "trainer_for_kill.py", *map(str, arguments)], capture_output=True,
                          text=True, timeout=100, cwd=HERE)


def test_a_killed_trainer_gets_the_rest_of_its_answers_once_and_nothing_is_graded_again(
        brokers, pool, make_grader, tmp_path):
    count, take = 6000, 1000  # 5,000 outstanding: half of them answered and not taken, half of them not answered
    state, log = tmp_path / "state", tmp_path / "taken"
    answered_in_first_life = take + (count - take) // 2
    held = []

    def script(body, headers):
        if len(grader.graded) <= answered_in_first_life or second_life:
            return accepted(body)
        held.append(headers)
        return None

    second_life = []
    grader = make_grader(script)
    assert trainer(brokers, pool, state, log, "first", count, take).returncode == -signal.SIGKILL
    assert len(log.read_text().split()) == take
    second_life.append(True)
    # Some answers arrive while nobody is there, the rest after the restart.
    for headers in held:
        grader.reply(headers, accepted({"request_id": headers["request_id"].decode(), "trainer": pool}))
    grader.flush()

    again = trainer(brokers, pool, state, log, "again")

    assert again.returncode == 0, again.stderr
    assert again.stdout.strip() == str(count - take)
    assert sorted(log.read_text().split()) == sorted(f"r{i}" for i in range(count))
    assert set(grader.graded.values()) == {1}
    assert not state.exists()  # nothing is left to resume


def test_what_was_not_delivered_before_the_end_is_sent_after_it(brokers, pool, make_farm, make_grader, tmp_path):
    from gradefarm.journal import Journal, Saved, Snapshot
    topic = f"grading.replies.{pool}"
    journal = Journal(tmp_path / "state", trainer=pool, pool=pool, reply_topic=topic)
    journal.rewrite(lambda: Snapshot("earlier:", {}))
    body = make_farm()._encoded(request("r")).value
    journal.submitted(Saved("r", pool, 0, body))
    journal.close(remove=False)
    grader = make_grader()

    farm = make_farm(state_file=tmp_path / "state")

    assert farm.submit(request("r", trainer=pool)).result(20).accepted  # the future of the earlier life
    assert farm.resumed["r"].done()
    assert grader.graded == {"r": 1}


def test_the_same_id_with_another_content_is_refused_after_a_restart(make_farm, tmp_path):
    first = make_farm(state_file=tmp_path / "state")
    first.submit(request("r"))
    first.close()

    with pytest.raises(InvalidRequestError, match=r"request r .*another content"):
        make_farm(state_file=tmp_path / "state").submit(request("r", code="other"))


def test_an_answer_counts_as_received_when_it_was_taken_or_acknowledged(make_farm, make_grader, tmp_path):
    make_grader()
    farm = make_farm(state_file=tmp_path / "auto")
    taken, untaken = farm.submit(request("taken")), farm.submit(request("untaken"))
    taken.result(20)
    farm.drain(20)
    farm.close()
    with make_farm(state_file=tmp_path / "auto") as again:
        assert set(again.resumed) == {"untaken"}
        assert again.resumed["untaken"].result(20).accepted
    assert untaken.done()

    manual = make_farm(state_file=tmp_path / "manual", acknowledge="manual")
    for name in ("kept", "lost"):
        manual.submit(request(name)).result(20)
    manual.acknowledge("kept")
    manual.close()
    with make_farm(state_file=tmp_path / "manual", acknowledge="manual") as again:
        assert set(again.resumed) == {"lost"}


def test_a_state_file_serves_one_farm_at_a_time_and_one_trainer(make_farm, tmp_path):
    first = make_farm(state_file=tmp_path / "state").open()
    with pytest.raises(StateFileError, match=r"in use"):
        make_farm(state_file=tmp_path / "state").open()
    first.submit(request("r"))
    first.close()
    with pytest.raises(StateFileError, match=r"of trainer"):
        make_farm(state_file=tmp_path / "state", trainer="another").open()


CTRL_C = """
import sys, threading, time, os
from conftest import request
from gradefarm import Farm
try:
    with Farm(sys.argv[1], trainer=sys.argv[2], pool=sys.argv[2]) as farm:
        futures = [farm.submit(request(f"r{i}")) for i in range(100)]
        print("waiting", flush=True)
        farm.grade_many([request(f"s{i}") for i in range(100)], progress=False)
except KeyboardInterrupt:
    # A joined thread's task is in /proc for a moment longer: the kernel wakes the joiner before it is gone.
    deadline = time.monotonic() + 5
    while len(os.listdir("/proc/self/task")) > 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    print(threading.active_count(), len(os.listdir("/proc/self/task")), flush=True)
"""


def test_ctrl_c_leaves_no_thread_behind(brokers, pool):
    with subprocess.Popen([sys.executable, "-c", CTRL_C, brokers, pool], stdout=subprocess.PIPE, text=True,
                          cwd=HERE) as process:
        assert process.stdout.readline() == "waiting\n"
        time.sleep(0.2)  # into grade_many(): no event tells that, and either way the same must come out
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert out.split() == ["1", "1"]
    assert process.returncode == 0


WITHOUT_CLOSE = """
import sys
from conftest import request
from gradefarm import Farm
Farm(sys.argv[1], trainer=sys.argv[2], pool=sys.argv[2]).submit(request("r"))
"""


def test_a_program_that_forgets_to_close_ends_all_the_same(brokers, pool):
    done = subprocess.run([sys.executable, "-c", WITHOUT_CLOSE, brokers, pool], timeout=30, cwd=HERE)
    assert done.returncode == 0


@pytest.mark.kafka_real
@pytest.mark.timeout(300)
@pytest.mark.skipif("GRADEFARM_TEST_KAFKA_DIR" not in os.environ, reason="needs a broker that can be stopped")
def test_a_batch_completes_though_the_broker_is_away_for_30_seconds(brokers, pool, make_grader):
    folder, port = os.environ["GRADEFARM_TEST_KAFKA_DIR"], brokers.rpartition(":")[2]

    def kafka(action):
        subprocess.run([REPOSITORY / "deploy/kafka/kafka.sh", action, "--nodes", "1", "--dir", folder, "--port", port],
                       check=True, capture_output=True)

    grader = make_grader()
    half = threading.Event()
    results = []
    with Farm(brokers, trainer=pool, pool=pool, max_outstanding_requests=50, resubmit_after=5) as farm:
        requests = [request(f"r{i}") for i in range(3000)]

        def batch():
            results.extend(farm.grade_many(requests, progress=lambda done, total: done > 500 and half.set()))

        thread = threading.Thread(target=batch)
        thread.start()
        assert half.wait(60)
        kafka("stop")
        try:
            time.sleep(30)
        finally:
            kafka("start")
        thread.join(150)
    assert [result.request_id for result in results] == [f"r{i}" for i in range(3000)]
    assert all(result.accepted for result in results)
    assert len(grader.graded) == 3000
