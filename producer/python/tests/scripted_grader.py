"""What the tests talk to: librdkafka's mock cluster, and a grader that answers as a test tells it.

Also a program: `python scripted_grader.py` runs both, accepts everything, and prints the address; it ends with its
stdin.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic


class EmbeddedBroker:
    def __init__(self) -> None:
        self._host = AdminClient({"bootstrap.servers": "unused", "test.mock.num.brokers": 1, "log_level": 2})
        (node,) = self._host.list_topics(timeout=10).brokers.values()
        self.address = f"{node.host}:{node.port}"


def make_topic(brokers: str, topic: str, partitions: int = 4) -> None:
    """On a mock cluster asking for it is enough."""
    admin = AdminClient({"bootstrap.servers": brokers, "log_level": 2})
    if str(admin.list_topics(timeout=10).cluster_id).startswith("mockCluster"):
        Producer({"bootstrap.servers": brokers, "log_level": 2}).list_topics(topic, timeout=10)
        return
    admin.create_topics([NewTopic(topic, num_partitions=partitions, replication_factor=1)])[topic].result()


def accepted(request: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"schema_version": 1, "request_id": request["request_id"], "trainer": request["trainer"],
            "verdict": "accepted", "fault": "none", "score": 1.0, "passed": 1, "total": 1, **more}


def farm_error(request: dict[str, Any], message: str = "no memory") -> dict[str, Any]:
    return {"schema_version": 1, "request_id": request["request_id"], "trainer": request["trainer"],
            "verdict": "farm_error", "fault": "farm", "message": message, "score": 0.0, "passed": 0, "total": 1}


Script = Callable[[dict[str, Any], dict[str, bytes]], Any]


class ScriptedGrader:
    """Reads a request topic from its beginning. `script(body, headers)` gives the result, raw bytes, or None for no
    answer. `graded` counts the requests by id."""

    def __init__(self, brokers: str, pool: str, script: Script = lambda body, headers: accepted(body)) -> None:
        self.graded: Counter[str] = Counter()
        self.headers: list[dict[str, bytes]] = []
        self.script = script
        self.paused = threading.Event()
        self._topic = f"grading.requests.{pool}"
        self._producer = Producer({"bootstrap.servers": brokers, "linger.ms": 1, "log_level": 2})
        self._consumer = Consumer({"bootstrap.servers": brokers, "group.id": "test", "enable.auto.commit": False,
                                   "auto.offset.reset": "earliest", "log_level": 2,
                                   "topic.metadata.refresh.interval.ms": 1000})
        end = time.monotonic() + 10
        while not (found := self._producer.list_topics(self._topic, timeout=10).topics[self._topic]).partitions:
            assert time.monotonic() < end
            time.sleep(0.05)
        self._consumer.assign([TopicPartition(self._topic, p, 0) for p in found.partitions])
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            if self.paused.is_set():
                time.sleep(0.01)
                continue
            message = self._consumer.poll(0.02)
            if message is not None and message.error() is None:
                for each in [message, *self._consumer.consume(500, 0)]:
                    if each.error() is None:
                        self._grade(each)
            self._producer.poll(0)

    def _grade(self, message: Any) -> None:
        headers = dict(message.headers())
        self.headers.append(headers)
        self.graded[headers["request_id"].decode()] += 1
        answer = self.script(json.loads(message.value()), headers)
        if answer is not None:
            self.reply(headers, answer)

    def reply(self, headers: dict[str, bytes], answer: Any, more: tuple[tuple[str, bytes], ...] = ()) -> None:
        value = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self._producer.produce(headers["kafka_replyTopic"].decode(), value=value,
                               headers=[("kafka_correlationId", headers["kafka_correlationId"]), *more])

    def flush(self) -> None:
        self._producer.flush(10)

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._producer.flush(5)
        self._consumer.close()


if __name__ == "__main__":
    broker = EmbeddedBroker()
    make_topic(broker.address, "grading.requests.cpu")
    grader = None if "--no-grader" in sys.argv else ScriptedGrader(broker.address, "cpu")
    print(broker.address, flush=True)
    sys.stdin.read()
