"""What a client has asked and was not told yet. Pure: no Kafka, no clock (every call is told the time), no threads (the
caller locks). The rule is that of producer/pending.h, so that both clients load a farm alike:

An entry goes TO_PUBLISH → PUBLISHING → WAITING and leaves by exactly one of remove() and take_timed_out(). A waiting
entry is published again when its answer is overdue *and* there is a sign that it was lost: a request published later
was answered already, or nothing at all was answered for as long. A long queue alone is neither, so a busy farm is not
handed the same work twice. Each further copy waits twice as long as the one before, up to eight times.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

TO_PUBLISH, PUBLISHING, WAITING = range(3)
MAX_BACKOFF_FACTOR = 8
REMEMBERED_ANSWERS = 65_536
_NEVER = float("inf")


class Entry:
    __slots__ = ("abandoned", "added", "attempts", "copies", "deadline_unix_ms", "due", "failures", "farm_errors",
                 "first_sequence", "generation", "lane", "last_sequence", "request_id", "state", "step", "timeout",
                 "trainer", "value")

    def __init__(self, request_id: str, trainer: str, value: bytes, deadline_unix_ms: int,
                 step: int | None = None, lane: str = "") -> None:
        self.request_id = request_id
        self.trainer = trainer
        self.step = step
        self.lane = lane  # what the name of its topic ends with
        self.value = value  # of the record: the request's JSON, or the envelope of its blob
        self.deadline_unix_ms = deadline_unix_ms  # 0: none
        self.state = TO_PUBLISH
        # How often the client had taken requests back: an id that was taken back and is asked again is another request,
        # whose answers are its own.
        self.generation = 0
        self.attempts = 0  # publishes that were begun
        self.copies = 0  # that were delivered
        self.failures = 0  # deliveries that failed
        self.farm_errors = 0  # answers that were farm errors
        self.first_sequence = 0
        self.last_sequence = 0
        self.abandoned = False  # nobody waits: not published again, its answer is dropped
        self.added = 0.0  # this and the next two by Pending.add()
        self.due = 0.0  # TO_PUBLISH: not before this; WAITING: when it was delivered
        self.timeout = 0.0


E = TypeVar("E", bound=Entry)


class Pending(Generic[E]):
    def __init__(self, resubmit_after: float) -> None:
        self._resubmit_after = resubmit_after
        self.entries: dict[str, E] = {}
        self._sequence = 0
        self._highest_answered = 0
        self._last_answer = -_NEVER
        self._answered: OrderedDict[str, None] = OrderedDict()
        # Before these times no entry has anything to do, so that nobody looks at each: lower bounds, because an entry
        # that left leaves its time behind.
        self._none_due_before = _NEVER
        self._none_expires_before = _NEVER

    def __len__(self) -> int:
        return len(self.entries)

    def add(self, entry: E, now: float, timeout: float) -> bool:
        """False: the same id is under way."""
        if entry.request_id in self.entries:
            return False
        self.entries[entry.request_id] = entry
        entry.added = entry.due = now
        entry.timeout = timeout
        due = now if entry.state == TO_PUBLISH else now + self._resubmit_after
        if due < self._none_due_before:
            self._none_due_before = due
        if now + timeout < self._none_expires_before:
            self._none_expires_before = now + timeout
        return True

    def begin(self, entry: Entry) -> None:
        """The entry is being published now; delivered() or failed() tells its fate."""
        entry.state = PUBLISHING
        entry.attempts += 1
        self._sequence += 1
        entry.last_sequence = self._sequence
        if entry.attempts == 1:
            entry.first_sequence = self._sequence

    def resume(self, entry: Entry, now: float) -> None:
        """An entry that an earlier process had delivered."""
        self.begin(entry)
        self.delivered(entry, now)

    @staticmethod
    def delivered(entry: Entry, now: float) -> None:
        entry.copies += 1
        entry.failures = 0
        entry.due = now
        entry.state = WAITING

    def publish_at(self, entry: Entry, when: float) -> None:
        entry.due = when
        entry.state = TO_PUBLISH
        self._none_due_before = min(self._none_due_before, when)

    def take_due(self, now: float) -> tuple[list[E], int]:
        """What has to be published now, each begun; and how many of them are further copies."""
        due: list[E] = []
        copies = 0
        if now < self._none_due_before:
            return due, copies
        soonest = now + self._resubmit_after  # what is published meanwhile is not overdue before
        for entry in self.entries.values():
            if entry.abandoned or entry.state == PUBLISHING:
                continue
            when = entry.due if entry.state == TO_PUBLISH else self._overdue_from(entry)
            if now < when:
                soonest = min(soonest, when)
            elif entry.state == TO_PUBLISH:
                due.append(entry)
            elif self._seems_lost(entry, now):
                due.append(entry)
                copies += 1
            else:
                soonest = now
        self._none_due_before = soonest
        for entry in due:
            self.begin(entry)
        return due, copies

    def _overdue_from(self, entry: Entry) -> float:
        return entry.due + self._resubmit_after * min(1 << min(max(entry.copies - 1, 0), 30), MAX_BACKOFF_FACTOR)

    def _seems_lost(self, entry: Entry, now: float) -> bool:
        return self._highest_answered > entry.last_sequence or now - self._last_answer >= self._resubmit_after

    def saw_answer(self, entry: Entry, now: float) -> None:
        """An answer came, whatever becomes of it."""
        # Of its first copy: the answer may belong to any.
        self._highest_answered = max(self._highest_answered, entry.first_sequence)
        self._last_answer = now

    def remove(self, entry: Entry) -> None:
        if self.entries.pop(entry.request_id, None) is not None:
            self._answered[entry.request_id] = None
            if len(self._answered) > REMEMBERED_ANSWERS:
                self._answered.popitem(last=False)

    def was_answered(self, request_id: str) -> bool:
        return request_id in self._answered

    def take_timed_out(self, now: float) -> list[E]:
        if now < self._none_expires_before:
            return []
        late = [entry for entry in self.entries.values() if now >= entry.added + entry.timeout]
        for entry in late:
            del self.entries[entry.request_id]
        self._none_expires_before = min(
            (entry.added + entry.timeout for entry in self.entries.values()), default=_NEVER)
        return late
