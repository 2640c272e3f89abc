"""The parts that need no broker: values, blobs, pending requests, the window, the journal, the progress bar."""

from __future__ import annotations

import errno
import io
import json
import logging
import math
import os
import random
import re
import subprocess
import sys
import threading

import pytest
from conftest import REPOSITORY

from gradefarm import Farm, InvalidRequestError, StateFileError, __version__, blobs, decode_value, encode_value
from gradefarm.journal import Journal, Saved, Snapshot, parse
from gradefarm.pending import PUBLISHING, TO_PUBLISH, WAITING, Entry, Pending
from gradefarm.progress import Bar
from gradefarm.window import Window

# --- values -----------------------------------------------------------------------------------------------------------


def table():
    """Rows of the table of values in schemas/README.md whose first column is a Python literal."""
    text = (REPOSITORY / "schemas" / "README.md").read_text()
    rows = re.findall(r"^\| `(.+?)` \| `(.+?)` \| (?:same|`(.+?)`) \|$", text.split("\n## Values\n")[1], re.MULTILINE)
    names = {"nan": math.nan, "inf": math.inf}
    return [(eval(python, names), json.loads(wire), json.loads(back) if back else None) for python, wire, back in rows]


@pytest.mark.parametrize(("value", "wire", "back"), table(), ids=repr)
def test_values_are_written_and_read_as_the_table_says(value, wire, back):
    ours = json.loads(json.dumps(encode_value(value)))
    assert decode_value(wire) == value or math.isnan(value)
    # An integer beyond 64 bits may be spelled either way.
    assert ours in (wire, back) or decode_value(ours) == value


def test_the_table_is_found():
    assert len(table()) > 15


def test_tags_are_what_json_cannot_say():
    assert encode_value([(1,), {2}, b"\0", {3: 4}, {"$a": 5}, {"a": 6}, math.nan, "\ud800", True]) == [
        {"$tuple": [1]}, {"$set": [2]}, {"$bytes": "AA=="}, {"$dict": [[3, 4]]}, {"$dict": [["$a", 5]]}, {"a": 6},
        {"$float": "nan"}, {"$str": "7aCA"}, True]


@pytest.mark.parametrize("value", [object(), len, [lambda: 0]])
def test_what_has_no_form_is_refused(value):
    with pytest.raises(InvalidRequestError, match="no form"):
        encode_value(value)


@pytest.mark.parametrize("wire", [{"$new": 1}, {"$tuple": [], "a": 1}, {"$bytes": "?"}, {"$float": "big"},
                                  {"$int": "x"}])
def test_what_is_no_value_is_a_value_error(wire):
    with pytest.raises(ValueError):  # noqa: PT011
        decode_value(wire)


# --- requests ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", [{"request_id": ""}, {"request_id": 5}, {"request_id": "é" * 129}, {"trainer": "a/b"},
                                  {"step": math.nan}, {"group": "\ud800"}, {"metadata": object()},
                                  {"deadline_unix_ms": "soon"}])
def test_what_cannot_be_sent_is_refused_before_it_is(wire):
    with pytest.raises(InvalidRequestError):
        Farm("127.0.0.1:9", trainer="t")._encoded(wire)


def test_the_same_request_is_the_same_bytes_whoever_fills_in_the_trainer():
    farm = Farm("127.0.0.1:9", trainer="t")
    given = {"submission": {}, "trainer": "t", "request_id": "r", "schema_version": 1}
    assert farm._encoded(given).value == farm._encoded({"request_id": "r", "submission": {}}).value


# --- blobs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 128 * 1024, 128 * 1024 + 1, 1_000_000])
@pytest.mark.parametrize("with_zstd", [True, False])
def test_blobs_come_back_as_they_were(tmp_path, monkeypatch, size, with_zstd):
    content = os.urandom(size)
    store = blobs.BlobStore(tmp_path / "store")
    with monkeypatch.context() as patch:
        if not with_zstd:
            patch.setattr(blobs, "zstandard", None)
        reference = store.put(content)
    assert store.put(content) == reference
    assert store.get(reference, 1 << 30) == content
    assert [path.name for path in (tmp_path / "store").rglob("*") if path.is_file()] == [reference["sha256"] + ".zst"]


def test_blobs_that_are_wrong_are_refused(tmp_path):
    store = blobs.BlobStore(tmp_path)
    reference = store.put(b"content")
    with pytest.raises(blobs.BlobUnreadable, match="too large"):
        store.get(reference, 3)
    with pytest.raises(blobs.BlobUnreadable, match="not below"):
        store.get({**reference, "location": "file:../x"}, 100)
    with pytest.raises(blobs.BlobMissing):
        store.get({**reference, "location": "file:00/x"}, 100)
    (tmp_path / reference["location"][5:]).write_bytes(b"damage")
    with pytest.raises(blobs.BlobUnreadable, match="damaged"):
        store.get(reference, 100)


# --- pending ----------------------------------------------------------------------------------------------------------


def pending_with(*names, resubmit_after=10.0):
    pending = Pending(resubmit_after)
    entries = [Entry(name, "t", b"{}", 0) for name in names]
    for entry in entries:
        assert pending.add(entry, 0.0, 1000.0)
        pending.begin(entry)
        pending.delivered(entry, 0.0)
    return pending, entries


def due(pending, now):
    return [entry.request_id for entry in pending.take_due(now)[0]]


def test_a_long_queue_alone_is_no_reason_to_publish_again():
    pending, (a, b, _) = pending_with("a", "b", "c")
    pending.saw_answer(a, 9.0)
    pending.remove(a)
    assert due(pending, 15.0) == []
    pending.saw_answer(b, 15.0)
    pending.remove(b)
    assert due(pending, 20.0) == []
    assert due(pending, 25.0) == ["c"]  # nothing at all was answered for as long


def test_an_answer_to_a_later_request_is_a_sign_of_loss():
    pending, (_, b) = pending_with("a", "b")
    pending.saw_answer(b, 9.5)
    pending.remove(b)
    assert due(pending, 9.9) == []
    assert due(pending, 10.0) == ["a"]


def test_each_further_copy_waits_twice_as_long():
    pending, (a,) = pending_with("a")
    times, now = [], 0
    while now < 400:
        now += 1
        if due(pending, now):
            times.append(now)
            pending.delivered(a, now)
    assert times == [10, 30, 70, 150, 230, 310, 390]


def test_what_failed_is_published_again_when_it_is_due_and_what_timed_out_is_gone():
    pending, (a,) = pending_with("a")
    pending.publish_at(a, 5.0)
    assert a.state == TO_PUBLISH
    assert due(pending, 4.9) == []
    assert due(pending, 5.0) == ["a"]
    pending.delivered(a, 5.0)
    assert a.state == WAITING
    assert a.attempts == 2
    assert pending.take_timed_out(999.0) == []
    assert pending.take_timed_out(1000.0) == [a]
    assert not pending.entries


def test_an_id_is_admitted_once_at_a_time():
    pending, (a,) = pending_with("a")
    assert not pending.add(Entry("a", "t", b"", 0), 0.0, 1.0)
    pending.remove(a)
    assert pending.was_answered("a")
    assert pending.add(Entry("a", "t", b"", 0), 0.0, 1.0)


def test_what_is_not_looked_at_would_have_had_nothing_to_do():
    rng = random.Random(1)
    looks_seldom, looks_always = Pending(10.0), Pending(10.0)
    both = (looks_seldom, looks_always)
    names = iter(range(10**6))
    asked = 0
    for now in range(3000):
        busy = now % 60 < 10
        for _ in range(rng.randrange(3) if busy else 0):
            name, timeout = str(next(names)), rng.choice([5.0, 100.0])
            for pending in both:
                entry = Entry(name, "t", b"", 0)
                if int(name) % 3:
                    pending.begin(entry)
                pending.add(entry, now, timeout)
        if looks_always.entries:
            name = rng.choice(list(looks_always.entries))
            action = rng.randrange(4) if busy else 1
            when = now + rng.randrange(20)
            for pending in both:
                entry = pending.entries[name]
                if action == 0:
                    pending.publish_at(entry, when)
                elif action == 1 and entry.state == PUBLISHING:
                    pending.delivered(entry, now)
                elif action == 2:
                    pending.saw_answer(entry, now)
                    pending.remove(entry)
        looks_always._none_due_before = looks_always._none_expires_before = 0
        took = []
        for pending in both:
            due, copies = pending.take_due(now)
            took.append(([e.request_id for e in due], copies, [e.request_id for e in pending.take_timed_out(now)]))
        assert took[0] == took[1]
        asked += bool(took[0][0])
    assert asked > 50


# --- window -----------------------------------------------------------------------------------------------------------


def test_the_window_is_left_in_the_order_of_waiting():
    window = Window(max_bytes=10, max_requests=100)
    woken = []
    assert window.try_enter(8)
    first = window.queue(9, lambda: woken.append("first"))
    window.queue(1, lambda: woken.append("second"))
    assert not window.try_enter(1)  # there is room, and others were first
    window.leave(8)
    assert woken == ["first", "second"]
    window.withdraw(first)  # granted, and not wanted any more
    assert (window.bytes, window.requests) == (1, 1)


def test_one_request_larger_than_the_window_goes_alone():
    window = Window(max_bytes=10, max_requests=100)
    assert window.try_enter(50)
    assert not window.try_enter(1)


def test_who_leaves_the_line_lets_the_next_go():
    window = Window(max_bytes=10, max_requests=100)
    woken = threading.Event()
    assert window.try_enter(5)
    large = window.queue(9, lambda: None)
    window.queue(5, woken.set)
    window.withdraw(large)
    assert woken.is_set()


# --- journal ----------------------------------------------------------------------------------------------------------


def journal_in(folder, **changes):
    return Journal(folder / "state", **{"trainer": "t", "pool": "cpu", "reply_topic": "grading.replies.t", **changes})


def test_a_line_for_which_there_was_no_room_hides_none_of_the_next(tmp_path, monkeypatch):
    journal = journal_in(tmp_path)
    journal.rewrite(lambda: Snapshot("mine:", {}))
    write = os.write

    def half(fd, data):
        if len(data) < 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(fd, data[:len(data) // 2])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(StateFileError, match="No space"):
        journal.submitted(Saved("a", "t", 9, b"body"))
    monkeypatch.setattr(os, "write", write)
    journal.submitted(Saved("b", "t", 9, b"body"))
    journal.close(remove=False)

    recovered = journal_in(tmp_path).recovered
    assert recovered is not None
    assert list(recovered.requests) == ["b"]


def test_a_journal_tells_what_is_left(tmp_path):
    journal = journal_in(tmp_path)
    journal.rewrite(lambda: Snapshot("mine:", {0: 5, 1: 7}))
    for name in ("a", "b", "c"):
        journal.submitted(Saved(name, "t", 9, f"body\n{name}".encode()))
    journal.delivered(["b", "c"])
    journal.taken("c")
    journal.close(remove=False)

    left = journal_in(tmp_path).recovered

    assert (left.correlation, left.offsets) == ("mine:", {0: 5, 1: 7})
    assert list(left.requests.values()) == [Saved("a", "t", 9, b"body\na", False), Saved("b", "t", 9, b"body\nb", True)]


def test_a_journal_that_was_cut_short_anywhere_tells_what_came_before(tmp_path):
    journal = journal_in(tmp_path)
    journal.rewrite(lambda: Snapshot("mine:", {}))
    header = (tmp_path / "state").stat().st_size
    journal.submitted(Saved("a", "t", 0, b"body a"))
    first = (tmp_path / "state").stat().st_size
    journal.submitted(Saved("b", "t", 0, b"body b"))
    content = (tmp_path / "state").read_bytes()
    for end in range(header, len(content)):
        assert list(parse(content[:end])[1].requests) == (["a"] if end >= first else [])


def test_a_journal_stays_about_as_large_as_what_is_outstanding(tmp_path):
    journal = journal_in(tmp_path)
    journal.rewrite(lambda: Snapshot("mine:", {}))
    rewritten = 0
    for i in range(3000):
        journal.submitted(Saved(f"r{i}", "t", 0, b"x" * 2000))
        journal.taken(f"r{i}")
        if journal.wants_rewrite():
            rewritten += 1
            journal.rewrite(lambda: Snapshot("mine:", {}))
    assert rewritten > 2
    assert (tmp_path / "state").stat().st_size < 1_100_000


@pytest.mark.parametrize("content", [b"", b"{}\n", b"[1]\n", b"not json\n", b'{"gradefarm_state": 2}\n'])
def test_a_file_that_is_no_state_file_is_not_overwritten(tmp_path, content):
    (tmp_path / "state").write_bytes(content)
    with pytest.raises(StateFileError, match="cannot be read"):
        journal_in(tmp_path)
    assert (tmp_path / "state").read_bytes() == content


# --- progress ---------------------------------------------------------------------------------------------------------


def test_the_bar_ends_with_a_full_line():
    stream = io.StringIO()
    bar = Bar(stream)
    for done in range(1001):
        bar(done, 1000)
    lines = stream.getvalue().split("\r")
    assert "[" + "#" * 30 + "] 1000/1000" in lines[-1]
    assert lines[-1].endswith("\n")
    assert len(lines) < 100


# --- logs -------------------------------------------------------------------------------------------------------------


def test_a_broker_that_is_away_is_said_once_and_not_many_times_a_second():
    seen = []
    log = logging.getLogger("gradefarm.kafka")
    handler = logging.Handler()
    handler.emit = lambda record: seen.append(record.getMessage())
    log.addHandler(handler)
    try:
        for tenth in range(20):
            log.error("FAIL connect to a failed (after %dms in state CONNECT)", tenth)
            log.error("FAIL connect to b failed (after %dms in state CONNECT)", tenth)
    finally:
        log.removeHandler(handler)
    assert seen == [f"FAIL connect to {name} failed (after 0ms in state CONNECT)" for name in "ab"]


# --- the package ------------------------------------------------------------------------------------------------------


def test_the_version_is_that_of_the_project():
    root = (REPOSITORY / "producer/python/pyproject.toml").read_text()
    assert f'version = "{__version__}"' in root


def test_importing_needs_nothing_but_the_one_dependency():
    code = ("import sys\n"
            "for name in ('zstandard', 'orjson', 'numpy', 'jsonschema'): sys.modules[name] = None\n"
            "import gradefarm; print(gradefarm.__version__)")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
