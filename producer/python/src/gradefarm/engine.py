"""Engine: one connection to Kafka and the thread that polls it. Publishes (again), matches replies to futures, resolves
each request once. What callers see is farm.py.

Threads: callers publish from their own thread; one daemon thread reads replies, serves delivery reports, and does what
is due by time. `_lock` guards `_pending` and what belongs to it; futures are resolved outside of it. Lock order:
journal, then `_lock`.
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import confluent_kafka
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined,unused-ignore]

from . import blobs
from .encoding import encode_json
from .errors import (
    BrokerError,
    FarmClosedError,
    FarmError,
    ForkedError,
    GradeTimeoutError,
    InvalidRequestError,
    StateFileError,
)
from .futures import GradeFuture
from .journal import Journal, Saved, Snapshot
from .messages import SCHEMA_VERSION, Result
from .outstanding import Outstanding
from .pending import PUBLISHING, Pending
from .window import Window

T = TypeVar("T")
OnFarmError = Literal["raise", "mask", "retry"]

_log = logging.getLogger("gradefarm")
_kafka_log = logging.getLogger("gradefarm.kafka")



class _OncePerSpell(logging.Filter):
    """librdkafka says several times a second that a broker is away: the same line passes once in so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        line = record.getMessage().partition(" (after ")[0]
        now = time.monotonic()
        if now - self._said.get(line, -self._seconds) < self._seconds:
            return False
        if len(self._said) > 1000:
            self._said.clear()
        self._said[line] = now
        return True


_kafka_log.addFilter(_OncePerSpell(30.0))
_kafka_log.addHandler(logging.NullHandler())  # in a program without logging set up, `gradefarm` says what matters

_CANCELS = "grading.cancels"
_CANCELLED_IDS = 1000  # of one record
_REPLY_RETENTION_MS = "3600000"  # longer than any client waits
# The broker's own. By a grader's clock answers would be refused where that is an hour ahead of the broker's
# (message.timestamp.after.max.ms), and removed unread where it is behind by the retention.
_REPLY_TIMESTAMP_TYPE = "LogAppendTime"
_POLL = 0.05  # how late a delivery report, or the end, may be noticed when no replies come
_BATCH = 1000
_MIN_SCAN = 0.1
_SCAN_PER_ENTRY = 2e-5  # so that scans cost a few percent of a core, however many wait
_RETRY_DELAY = 0.5  # doubled by each further failure
_MAX_RETRY_DOUBLINGS = 4
_BLOB_PATIENCE = 2.0  # a result is published after its blob is stored; shared file systems show it late
_FLUSH_ON_CLOSE = 1.0
_PERMANENT = {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG_SIZE, KafkaError.TOPIC_AUTHORIZATION_FAILED,
              KafkaError.CLUSTER_AUTHORIZATION_FAILED, KafkaError.INVALID_RECORD, KafkaError.TOPIC_EXCEPTION,
              KafkaError._FATAL}
# Properties that a consumer would warn about.
_OF_PRODUCERS = ("acks", "batch.", "compression.", "delivery.timeout", "enable.idempotence", "linger.", "message.send",
                 "message.timeout", "partitioner", "queue.buffering", "queuing.strategy", "request.required",
                 "request.timeout", "retries", "sticky.", "transaction")


@dataclass(frozen=True, slots=True)
class Options:
    """As farm.py documents them; None: the default for the kind of broker."""

    brokers: str
    trainer: str
    pool: str
    broker_kind: Literal["auto", "apache", "embedded"]
    reply_topic: str
    reply_partitions: int
    blob_dir: str | os.PathLike[str] | None
    inline_limit: int | None
    max_outstanding_bytes: int | None
    max_outstanding_requests: int
    resubmit_after: float | None
    request_timeout: float
    connect_timeout: float
    on_farm_error: OnFarmError
    farm_error_retries: int
    state_file: str | os.PathLike[str] | None
    acknowledge: Literal["auto", "manual"]
    max_result_bytes: int
    kafka_config: dict[str, Any]


@dataclass(slots=True)
class Stats:
    """Counts since the client was opened."""

    submitted: int = 0
    answered: int = 0
    resubmitted: int = 0  # further copies of what was delivered and not answered
    delivery_retries: int = 0
    farm_error_retries: int = 0
    timed_out: int = 0
    cancelled: int = 0  # taken back by cancel()
    duplicate_answers: int = 0
    unknown_answers: int = 0
    unreadable_answers: int = 0
    outstanding: int = 0
    outstanding_bytes: int = 0


@dataclass(slots=True)
class _Untaken:
    """An answer that nobody has taken yet: where a restart would find it."""

    saved: Saved
    partition: int = -1  # -1: nowhere, the client itself resolved it
    offset: int = 0


@dataclass(slots=True)
class _BlobWait:
    entry: Outstanding
    reference: dict[str, Any]
    partition: int
    offset: int
    until: float


@dataclass(slots=True)
class _CatchUp:
    """A restart: what an earlier process did not get delivered is held until the replies up to `ends` are read."""

    ends: dict[int, int] = field(default_factory=dict)
    held: list[Outstanding] = field(default_factory=list)


def _member_of(value: bytes, name: str, kind: type[T]) -> T | None:
    """Of the value of a record; an envelope says nothing of it."""
    try:
        member = json.loads(value).get(name)
    except (ValueError, AttributeError):
        return None
    return member if type(member) is kind else None


def _asked(correlation: bytes | None, base: bytes) -> tuple[str, int] | None:
    """The id and the generation (Entry.generation) that a correlation of ours names."""
    if correlation is None or not correlation.startswith(base):
        return None
    number, colon, request_id = correlation[len(base):].partition(b":")
    if not colon or (number and not (number.startswith(b".") and number[1:].isdigit())):
        return None
    return request_id.decode(errors="replace"), int(number[1:] or 0)


def _await_next_millisecond() -> None:
    """A cancel means what was published in its millisecond, too. Bounded where the clock is set back meanwhile."""
    cancelled, end = time.time_ns() // 1_000_000, time.monotonic() + 0.01
    while time.time_ns() // 1_000_000 <= cancelled and time.monotonic() < end:
        time.sleep(0.0002)


def lane_of(priority: object) -> str:
    """What the name of the topic ends with; what is no priority is said by whoever grades it."""
    return f".{priority}" if priority in ("high", "low") else ""


class Engine:
    def __init__(self, options: Options) -> None:
        """Connects: blocks ≤ about 4 × connect_timeout. Raises BrokerError, StateFileError."""
        self._options = options
        self._request_topic = f"grading.requests.{options.pool}"
        self._lock = threading.Lock()
        self._closing = False
        self._forked = False
        self._stats = Stats()
        self._last_failure = ""
        self._down = False
        self._acknowledges = options.state_file is not None and options.acknowledge == "auto"
        self._delivered_ids: list[str] = []
        self._untaken: dict[str, _Untaken] = {}
        self._blob_waits: list[_BlobWait] = []
        self._catch_up = _CatchUp()
        self._next_scan = 0.0
        self._now = time.monotonic()  # about: when the thread last looked
        self.resumed: dict[str, GradeFuture] = {}

        embedded = self._connect()
        inline = options.inline_limit or (256 << 10 if embedded else 900 << 10)
        self.inline_limit = inline
        self.window = Window(options.max_outstanding_bytes or (8 << 20 if embedded else 64 << 20),
                             options.max_outstanding_requests)
        self._pending: Pending[Outstanding] = Pending(options.resubmit_after or (15.0 if embedded else 180.0))
        self._blobs = blobs.BlobStore(options.blob_dir) if options.blob_dir is not None else None
        self._journal: Journal | None = None
        if options.state_file is not None:
            self._journal = Journal(options.state_file, trainer=options.trainer, pool=options.pool,
                                    reply_topic=options.reply_topic)
        try:
            recovered = self._journal.recovered if self._journal else None
            # Of this client alone: ids of another one on the same reply topic may equal ours.
            self._correlation = recovered.correlation if recovered else secrets.token_hex(8) + ":"
            self._correlation_base = self._correlation.removesuffix(":")
            self._correlation_bytes = self._correlation_base.encode()
            # Of what is asked next. After a restart nobody knows what was taken back before.
            self._generation = (1 + max((saved.generation for saved in recovered.requests.values()), default=0)
                                if recovered else 0)
            self._position = self._read_replies(recovered)
            if recovered:
                self._resume(recovered)
            if self._journal:
                self._journal.rewrite(self._snapshot)
        except BaseException:
            if self._journal:
                self._journal.close(remove=False)
            raise
        self._thread = threading.Thread(target=self._run, name="gradefarm", daemon=True)
        self._thread.start()

    # --- connecting ---------------------------------------------------------------------------------------------------

    def _config(self, more: dict[str, Any], *, publishes: bool) -> dict[str, Any]:
        theirs = {name: value for name, value in self._options.kafka_config.items()
                  if publishes or not name.startswith(_OF_PRODUCERS)}
        return {"bootstrap.servers": self._options.brokers, "client.id": "gradefarm-python", "logger": _kafka_log,
                "error_cb": self._on_kafka_error, "topic.metadata.refresh.interval.ms": 10_000, **more, **theirs}

    def _on_kafka_error(self, error: KafkaError) -> None:
        _kafka_log.info("%s", error.str())
        if error.code() == KafkaError._ALL_BROKERS_DOWN and not self._down:
            self._down = True
            _log.warning("gradefarm: no broker answers at %s; waiting for it", self._options.brokers)

    def _retried(self, what: str, attempt: Callable[[], T]) -> T:
        """A topic that was made a moment ago may have no leader yet on the broker that is asked."""
        end = time.monotonic() + self._options.connect_timeout
        while True:
            try:
                return attempt()
            except KafkaException as error:
                if time.monotonic() >= end:
                    raise BrokerError(f"{what} at {self._options.brokers}: {error.args[0].str()}") from error
            time.sleep(0.1)

    def _partitions(self, topic: str) -> list[int]:
        """Of a topic that exists; asking makes it where the broker makes topics on demand."""
        found = self._producer.list_topics(topic, timeout=self._options.connect_timeout).topics[topic]
        if found.error is not None:
            raise KafkaException(found.error)
        return sorted(found.partitions)

    def _connect(self) -> bool:
        options = self._options
        window = options.max_outstanding_bytes or 64 << 20
        self._producer = Producer(self._config({
            "acks": "all", "enable.idempotence": True, "linger.ms": 5,
            "compression.type": "zstd", "compression.level": 1,  # of 3: 40 % more CPU, 6 to 10 % fewer bytes
            "delivery.timeout.ms": 60_000, "message.max.bytes": 2 << 20, "sticky.partitioning.linger.ms": 0,
            "partitioner": "consistent_random",
            "queue.buffering.max.messages": min(max(100_000, 2 * options.max_outstanding_requests), 10_000_000),
            "queue.buffering.max.kbytes": min(max(262_144, window // 512), 2_000_000)}, publishes=True))
        try:
            cluster = self._producer.list_topics(timeout=options.connect_timeout)
        except KafkaException as error:
            raise BrokerError(f"no broker answers at {options.brokers}: {error.args[0].str()}") from error
        kind = options.broker_kind
        embedded = kind == "embedded" or (kind == "auto" and str(cluster.cluster_id).startswith("mockCluster"))
        if not embedded and self._request_topic not in cluster.topics:
            raise BrokerError(f"topic {self._request_topic} is missing at {options.brokers}: start a grader for pool "
                              f"{options.pool}, or create the topic with `gradefarm topics create`")
        self._retried(f"topic {self._request_topic}", lambda: self._partitions(self._request_topic))
        self._lanes: dict[str, str] = {}
        for lane in (".high", ".low"):
            with contextlib.suppress(KafkaException):  # where it is missing the normal one has to do
                self._partitions(self._request_topic + lane)
                self._lanes[lane] = self._request_topic + lane
        with contextlib.suppress(KafkaException):  # it makes a first cancel quick; where it is missing nobody hears
            self._partitions(_CANCELS)
        if not embedded and options.reply_topic not in cluster.topics:
            self._create_reply_topic()
        return embedded

    def _create_reply_topic(self) -> None:
        options = self._options
        topic = NewTopic(options.reply_topic, num_partitions=options.reply_partitions, replication_factor=-1,
                         config={"retention.ms": _REPLY_RETENTION_MS, "message.timestamp.type": _REPLY_TIMESTAMP_TYPE})
        admin = AdminClient(self._config({}, publishes=True))
        try:
            admin.create_topics([topic], operation_timeout=options.connect_timeout)[options.reply_topic].result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise BrokerError(f"create topic {options.reply_topic}: {error.args[0].str()}") from error

    def _read_replies(self, recovered: Snapshot | None) -> dict[int, int]:
        """Assigns the consumer; the offsets that it reads next. New requests are answered at or after them."""
        topic = self._options.reply_topic
        self._consumer = Consumer(self._config({
            "group.id": "gradefarm-tail",  # librdkafka wants one; nothing is ever joined or committed
            "enable.auto.commit": False, "enable.auto.offset.store": False, "auto.offset.reset": "earliest",
            "queued.min.messages": 10_000, "queued.max.messages.kbytes": 65_536}, publishes=False))
        start: dict[int, int] = {}
        for partition in self._retried(f"topic {topic}", lambda: self._partitions(topic)):
            place = TopicPartition(topic, partition)
            low, end = self._retried(f"offsets of {topic}", functools.partial(
                self._consumer.get_watermark_offsets, place, timeout=self._options.connect_timeout, cached=False))
            saved = recovered.offsets.get(partition, end) if recovered else end
            # Beyond the end: the topic was made anew since.
            start[partition] = max(saved, low) if saved <= end else low
            if start[partition] < end:
                self._catch_up.ends[partition] = end
        self._consumer.assign([TopicPartition(topic, partition, offset) for partition, offset in start.items()])
        return start

    def _resume(self, recovered: Snapshot) -> None:
        now = time.monotonic()
        for saved in recovered.requests.values():
            entry = Outstanding(saved.request_id, saved.trainer, saved.value, saved.deadline_unix_ms,
                                _member_of(saved.value, "step", int), lane_of(_member_of(saved.value, "priority", str)))
            entry.generation = saved.generation
            entry._owner = self
            entry._tells_taken = self._acknowledges
            self._pending.add(entry, now, self._options.request_timeout)
            self.window.enter_beyond(len(entry.value))
            self.resumed[saved.request_id] = entry
            if saved.delivered:
                self._pending.resume(entry, now)
            else:
                self._pending.publish_at(entry, float("inf"))
                self._catch_up.held.append(entry)

    # --- submitting ---------------------------------------------------------------------------------------------------

    @property
    def closing(self) -> bool:
        return self._closing

    def on_own_thread(self) -> bool:
        return threading.get_ident() == self._thread.ident

    def store(self, entry: Outstanding) -> None:
        """What does not fit a record goes to the blob directory: an envelope instead. May block on the disk."""
        if len(entry.value) <= self.inline_limit:
            return
        if self._blobs is None:
            raise InvalidRequestError(
                f"request {entry.request_id} has {len(entry.value) >> 10} KiB, more than the "
                f"{self.inline_limit >> 10} KiB that fit a record: give the Farm a blob_dir that it shares with the "
                "graders")
        try:
            reference = self._blobs.put(entry.value)
        except OSError as error:
            raise InvalidRequestError(f"request {entry.request_id}: store its blob: {error}") from error
        entry.value = blobs.envelope(entry.request_id, entry.trainer, reference)

    def known(self, asked: Outstanding) -> GradeFuture | None:
        """The future of a request that an earlier process submitted; the first to ask gets it."""
        future = self.resumed.get(asked.request_id)
        if future is None:
            return None
        with self._lock:
            entry = self._pending.entries.get(asked.request_id)
            untaken = self._untaken.get(asked.request_id)
            value = entry.value if entry else untaken.saved.value if untaken else None
        if value is None:
            return None
        if value != asked.value:
            raise InvalidRequestError(f"request {asked.request_id} is under way since before the restart, with "
                                      "another content")
        return future

    def start(self, entry: Outstanding, timeout: float | None) -> GradeFuture:
        """Publishes a request that has its room in the window. Does not block."""
        entry._owner = self
        entry._tells_taken = self._acknowledges
        try:
            with self._lock:
                if self._closing:
                    raise FarmClosedError("the Farm is closed")
                entry.generation = self._generation
                self._pending.begin(entry)
                if entry.request_id in self._untaken or not self._pending.add(
                        entry, time.monotonic(), self._options.request_timeout if timeout is None else timeout):
                    raise InvalidRequestError(f"request {entry.request_id} is under way already: ids must be unique")
                self._stats.submitted += 1
            if self._journal:
                try:
                    self._journal.submitted(self._saved(entry))
                except BaseException:
                    with self._lock:
                        self._pending.entries.pop(entry.request_id, None)
                    raise
        except BaseException:
            self.window.leave(len(entry.value))
            raise
        self._publish(entry)
        return entry

    @staticmethod
    def _saved(entry: Outstanding) -> Saved:
        return Saved(entry.request_id, entry.trainer, entry.deadline_unix_ms, entry.value, entry.copies > 0,
                     entry.generation)

    def _publish(self, entry: Outstanding) -> None:
        request_id, value = entry.request_id, entry.value
        if not value:  # answered or given up since it was found due
            return
        # Each header costs 1 to 2 µs in three threads: what the body says, and the first attempt, are left out.
        correlation = f"{self._correlation_base}.{entry.generation}:" if entry.generation else self._correlation
        headers: dict[str, str | bytes | None] = {
            "kafka_replyTopic": self._options.reply_topic, "kafka_correlationId": correlation + request_id,
            "request_id": request_id, "attempt": str(entry.attempts)}
        if entry.deadline_unix_ms:
            headers["deadline_unix_ms"] = str(entry.deadline_unix_ms)
        topic = self._lanes.get(entry.lane, self._request_topic)
        try:
            # topic, value, key, partition (any), callback, on_delivery (the callback's other name), timestamp (now),
            # headers: by place, because names cost a quarter of the call.
            self._producer.produce(topic, value, request_id, -1, entry, None, 0, headers)
        except BufferError:
            with self._lock:
                self._pending.publish_at(entry, time.monotonic() + _POLL)
        except KafkaException as error:
            self._not_delivered(entry, error.args[0])

    def cancel(self, chosen: Callable[[Outstanding], bool]) -> list[Outstanding]:
        """Takes back what is outstanding and chosen: resolved as `cancelled` on return. An answer that comes yet is
        dropped. Graders are told first: what a caller asks again once it knows is published later, and not meant."""
        with self._lock:
            taken = [entry for entry in self._pending.entries.values() if chosen(entry)]
            for entry in taken:
                self._pending.remove(entry)
                self._keep_untaken(entry, -1, 0)
            self._stats.cancelled += len(taken)
            self._generation += 1
        try:
            if taken:
                self._publish_cancels(taken)
                _await_next_millisecond()
        finally:  # nobody else knows them any more
            self._take_back(taken)
        return taken

    def _take_back(self, taken: list[Outstanding]) -> None:
        """Resolves all, whatever is raised while one of them is: Ctrl-C, or a callback of a caller."""
        left = iter(taken)
        try:
            for entry in left:
                self._resolve(entry, Result(entry.request_id, entry.trainer, "cancelled", "request", step=entry.step,
                                            message="taken back"))
        finally:
            rest = list(left)
            if rest:
                self._take_back(rest)

    def _publish_cancels(self, taken: list[Outstanding]) -> None:
        """By id: a step may be that of other clients of the same trainer, too."""
        of: dict[str, list[str]] = {}
        for entry in taken:
            of.setdefault(entry.trainer, []).append(entry.request_id)
        for trainer, ids in of.items():
            for start in range(0, len(ids), _CANCELLED_IDS):
                self._publish_cancel({"trainer": trainer, "request_ids": ids[start:start + _CANCELLED_IDS]})

    def _publish_cancel(self, wanted: dict[str, Any]) -> None:
        """Tells every grader. A cancel that is lost costs work, not answers: nobody waits for them any more."""
        producer = getattr(self, "_producer", None)
        if producer is None:  # another thread has closed the Farm
            return
        try:
            producer.produce(_CANCELS, encode_json({"schema_version": SCHEMA_VERSION, **wanted}).encode())
        except (BufferError, KafkaException) as error:
            _log.warning("gradefarm: graders were not told of a cancel: %s", error)

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        consumer, producer = self._consumer, self._producer
        while not self._closing:
            try:
                message = consumer.poll(_POLL)
                if message is not None:
                    self._on_message(message)
                    for message in consumer.consume(_BATCH, 0):
                        self._on_message(message)
                producer.poll(0)
                self._now = now = time.monotonic()
                if now >= self._next_scan:
                    self._scan(now)
                if self._journal:
                    self._write_journal(self._journal)
            except StateFileError as error:
                _log.error("%s", error)
                time.sleep(_POLL)
            except Exception:  # a bug of ours or of a callback must not end the thread: everybody would wait for ever
                _log.exception("gradefarm: unexpected error in the client's thread")
                time.sleep(_POLL)

    def _write_journal(self, journal: Journal) -> None:
        if self._delivered_ids:
            ids, self._delivered_ids = self._delivered_ids, []
            journal.delivered(ids)
        if journal.wants_rewrite():
            journal.rewrite(self._snapshot)

    def _snapshot(self) -> Snapshot:
        with self._lock:
            offsets = dict(self._position)
            answers = [(untaken.partition, untaken.offset) for untaken in self._untaken.values()]
            answers += [(wait.partition, wait.offset) for wait in self._blob_waits]
            for partition, offset in answers:
                if partition in offsets:
                    offsets[partition] = min(offsets[partition], offset)
            requests = {request_id: untaken.saved for request_id, untaken in self._untaken.items()}
            requests.update((entry.request_id, self._saved(entry)) for entry in self._pending.entries.values())
            return Snapshot(self._correlation, offsets, requests)

    def on_delivery(self, entry: Outstanding, error: KafkaError | None) -> None:
        if error is not None:
            self._not_delivered(entry, error)
            return
        self._last_failure = ""
        if self._down:
            self._down = False
            _log.warning("gradefarm: a broker answers again at %s", self._options.brokers)
        if entry.state == PUBLISHING:
            Pending.delivered(entry, self._now)
        if self._journal:
            self._delivered_ids.append(entry.request_id)

    def _not_delivered(self, entry: Outstanding, error: KafkaError) -> None:
        if self._closing:
            return
        if error.code() in _PERMANENT:
            # Not the request's fault: what does not fit a record was refused before.
            self._give_up(entry, f"publish to {self._request_topic}: {error.str()}")
            return
        with self._lock:
            self._last_failure = str(error.str())
            self._stats.delivery_retries += 1
            entry.failures += 1
            delay = _RETRY_DELAY * (1 << min(entry.failures - 1, _MAX_RETRY_DOUBLINGS))
            self._pending.publish_at(entry, time.monotonic() + delay)

    def _on_message(self, message: Any) -> None:
        if message.error() is not None:
            _kafka_log.info("replies: %s", message.error().str())
            return
        partition, offset = message.partition(), message.offset()
        try:
            self._on_reply(message, partition, offset)
        finally:
            self._position[partition] = offset + 1

    def _on_reply(self, message: Any, partition: int, offset: int) -> None:
        headers = dict(message.headers() or ())
        asked = _asked(headers.get("kafka_correlationId"), self._correlation_bytes)
        if asked is None:
            self._stats.unknown_answers += 1
            return
        request_id, generation = asked
        entry = self._pending.entries.get(request_id)
        if entry is not None and entry.generation != generation:  # to what was taken back
            self._stats.duplicate_answers += 1
            return
        if entry is None:
            if request_id in self._untaken or self._pending.was_answered(request_id):
                self._stats.duplicate_answers += 1
            else:
                self._stats.unknown_answers += 1
            return
        value = message.value() or b""
        reference = blobs.reference_in(value)
        if reference is not None:
            wait = _BlobWait(entry, reference, partition, offset, time.monotonic() + _BLOB_PATIENCE)
            if not self._fetch(wait):
                self._blob_waits.append(wait)
            return
        try:
            result = Result.from_wire(json.loads(value))
        except ValueError as error:
            self._stats.unreadable_answers += 1
            _log.warning("gradefarm: unreadable answer to %s: %s", request_id, error)
            return
        self._answered(entry, result, partition, offset, given_up="given_up" in headers)

    def _fetch(self, wait: _BlobWait) -> bool:
        """False: the blob is not there yet."""
        entry = wait.entry
        try:
            if self._blobs is None:
                raise blobs.BlobUnreadable(f"the result came as a blob ({wait.reference.get('location')}), and this "
                                           "client has no blob directory: give the Farm that of the graders")
            content = self._blobs.get(wait.reference, self._options.max_result_bytes)
            result = Result.from_wire(json.loads(content))
        except blobs.BlobMissing:
            if time.monotonic() < wait.until:
                return False
            # The grader remembers its answers and publishes this one again.
            with self._lock:
                self._stats.unreadable_answers += 1
                if entry.request_id in self._pending.entries:
                    self._pending.publish_at(entry, time.monotonic())
            return True
        except (blobs.BlobUnreadable, ValueError) as error:
            result = self._farm_error(entry, f"read the result: {error}")
        self._answered(entry, result, wait.partition, wait.offset)
        return True

    @staticmethod
    def _farm_error(entry: Outstanding, message: str) -> Result:
        step = group = None
        try:  # echo what the request says about itself; an envelope says nothing
            wire = json.loads(entry.value)
            step, group = wire.get("step"), wire.get("group")
        except ValueError:
            pass
        return Result(request_id=entry.request_id, trainer=entry.trainer, verdict="farm_error", fault="farm", step=step,
                      group=group, message=message)

    def _answered(self, entry: Outstanding, result: Result, partition: int, offset: int, *,
                  given_up: bool = False) -> None:
        """`given_up`: asked again it would end graders again."""
        options = self._options
        with self._lock:
            if self._pending.entries.get(entry.request_id) is not entry:
                self._stats.duplicate_answers += 1
                return
            now = time.monotonic()
            self._pending.saw_answer(entry, now)
            if (result.fault == "farm" and options.on_farm_error == "retry" and not entry.abandoned and not given_up
                    and entry.farm_errors < options.farm_error_retries):
                # Under the same id: graders do not remember a farm error as an answer.
                delay = _RETRY_DELAY * (1 << min(entry.farm_errors, _MAX_RETRY_DOUBLINGS))
                entry.farm_errors += 1
                self._stats.farm_error_retries += 1
                self._pending.publish_at(entry, now + delay)
                return
            self._pending.remove(entry)
            self._stats.answered += 1
            self._keep_untaken(entry, partition, offset)
        outcome: Result | BaseException = result
        if result.fault == "farm" and options.on_farm_error != "mask":
            tries = f" (after {entry.farm_errors} more tries)" if entry.farm_errors else ""
            outcome = FarmError(f"request {entry.request_id}: the farm failed{tries}: {result.message}", result)
        self._resolve(entry, outcome)

    def _give_up(self, entry: Outstanding, why: str) -> None:
        with self._lock:
            if self._pending.entries.get(entry.request_id) is not entry:
                return
            self._pending.remove(entry)
            self._keep_untaken(entry, -1, 0)
        self._fail(entry, f"request {entry.request_id}: {why}", FarmError)

    def _fail(self, entry: Outstanding, message: str, kind: type[FarmError]) -> None:
        result = self._farm_error(entry, message)
        self._resolve(entry, result if self._options.on_farm_error == "mask" else kind(message, result))

    def _keep_untaken(self, entry: Outstanding, partition: int, offset: int) -> None:
        if self._journal:
            saved = self._saved(entry)
            saved.delivered = saved.delivered or partition >= 0
            self._untaken[entry.request_id] = _Untaken(saved, partition, offset)

    def _resolve(self, entry: Outstanding, outcome: Result | BaseException) -> None:
        size = len(entry.value)
        entry.value = b""  # its future may be kept for long
        if entry.abandoned:
            self.on_taken(entry)
            return
        self.window.leave(size)
        entry._settle(outcome)
        if entry.cancelled():
            self.on_taken(entry)

    def _scan(self, now: float) -> None:
        for wait in list(self._blob_waits):
            if self._fetch(wait):
                self._blob_waits.remove(wait)
        self._let_go_when_caught_up(now)
        with self._lock:
            due, copies = self._pending.take_due(now)
            self._stats.resubmitted += copies
            late = self._pending.take_timed_out(now)
            for entry in late:
                self._stats.timed_out += 1
                self._keep_untaken(entry, -1, 0)
            self._next_scan = now + max(_MIN_SCAN, len(self._pending) * _SCAN_PER_ENTRY)
        for entry in due:
            self._publish(entry)
        for entry in late:
            message = (f"request {entry.request_id}: no answer within {entry.timeout:g} s; is a grader running for "
                       f"pool {self._options.pool}?")
            if self._last_failure:
                message += f" The last publish failed: {self._last_failure}"
            self._fail(entry, message, GradeTimeoutError)

    def _let_go_when_caught_up(self, now: float) -> None:
        catch_up = self._catch_up
        if not catch_up.held or any(self._position[p] < end for p, end in catch_up.ends.items()):
            return
        with self._lock:
            for entry in catch_up.held:
                if entry.request_id in self._pending.entries:
                    self._pending.publish_at(entry, now)
        catch_up.held.clear()

    # --- ends ---------------------------------------------------------------------------------------------------------

    def on_taken(self, future: GradeFuture) -> None:
        try:
            self._taken(future.request_id)
        except StateFileError as error:  # the answer is there all the same; a restart gives it once more
            _log.error("request %s was answered, but %s", future.request_id, error)

    def _taken(self, request_id: str) -> None:
        with self._lock:
            if self._untaken.pop(request_id, None) is None:
                return
        if self._journal:
            self._journal.taken(request_id)

    def acknowledge(self, request_ids: list[str]) -> None:
        for request_id in request_ids:
            self._taken(request_id)

    def on_cancel(self, future: GradeFuture) -> None:
        with self._lock:
            entry = self._pending.entries.get(future.request_id)
            if entry is None or entry is not future or entry.abandoned:
                return
            entry.abandoned = True
            size = len(entry.value)
            if not self._journal:
                entry.value = b""
        self.window.leave(size)

    def stats(self) -> Stats:
        with self._lock:
            copy = Stats(**{name: getattr(self._stats, name) for name in Stats.__slots__})
            copy.outstanding, copy.outstanding_bytes = self.window.requests, self.window.bytes
            return copy

    def close(self) -> None:
        """Joins the thread; what is unanswered fails with FarmClosedError, or stays in the state file. Idempotent."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
        self.window.wake_all()
        self._thread.join()
        if self._journal:
            self._producer.flush(_FLUSH_ON_CLOSE)  # what was promised to the state file may as well be graded meanwhile
        self._producer.purge()
        self._producer.flush(_FLUSH_ON_CLOSE)
        self._consumer.close()
        rest = list(self._pending.entries.values())
        failed: StateFileError | None = None
        if self._journal:
            try:
                if rest or self._untaken:
                    self._journal.rewrite(self._snapshot)
            except StateFileError as error:  # what was there before is kept; nobody is to wait for an answer
                failed = error
            finally:
                self._journal.close(remove=not rest and not self._untaken)
        for entry in rest:
            if entry.abandoned:
                continue
            entry._tells_taken = False
            entry._settle(FarmClosedError(f"request {entry.request_id}: the Farm was closed before the answer came"))
        # librdkafka's own threads end with its handles.
        del self._producer, self._consumer
        if failed:
            raise failed

    def forget_in_child(self) -> tuple[Any, ...]:
        """After fork(): resolves the inherited futures; returns what must never be destroyed in this process."""
        self._closing = self._forked = True
        self._lock = threading.Lock()
        if self._journal:
            self._journal.forget_in_child()
        for entry in self._pending.entries.values():
            entry._fail_in_child(ForkedError(
                f"request {entry.request_id} was submitted before fork(): its answer goes to the parent"))
        return (getattr(self, "_producer", None), getattr(self, "_consumer", None))


KAFKA_CLIENT_VERSION = f"confluent-kafka {confluent_kafka.version()}, librdkafka {confluent_kafka.libversion()[0]}"
