"""What brokers tell a client that does as it likes: probe.py FILE

FILE is JSON: config (properties of librdkafka) and questions: ["read", TOPIC], ["write", TOPIC], ["join", GROUP, TOPIC].
Prints a JSON list with an answer each: the error's name, or "" where it was allowed. Runs by tests/python/run.sh.
"""

import json
import pathlib
import sys
import time

import confluent_kafka as kafka

PATIENCE_S = 60
TOPIC = "TOPIC_AUTHORIZATION_FAILED", "UNKNOWN_TOPIC_OR_PART"
GROUP = ("GROUP_AUTHORIZATION_FAILED",)


def read(config, topic):
    """Without a group: librdkafka wants a name for one and is told that it may not have it, which keeps it from nothing."""
    with consumer(config, "probe") as one:
        error = one.list_topics(topic, timeout=PATIENCE_S).topics[topic].error
        if error:  # it may not even know of it
            return error.name()
        one.assign([kafka.TopicPartition(topic, 0, kafka.OFFSET_BEGINNING)])
        return first_word(one, TOPIC)


def join(config, group, topic):
    with consumer(config, group) as one:
        one.subscribe([topic])
        return first_word(one, GROUP)


class consumer:
    def __init__(self, config, group):
        self.one = kafka.Consumer({**config, "group.id": group, "enable.partition.eof": True, "enable.auto.commit": False,
                                   "log_level": 0})

    def __enter__(self):
        return self.one

    def __exit__(self, *_):
        self.one.close()


def first_word(one, wrong):
    """The first of these errors that it is told, or "": that there are records, or none (yet)."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        message = one.poll(1)
        if message is None:
            continue
        name = message.error().name() if message.error() else ""
        if name in ("", "_PARTITION_EOF"):
            return ""
        if name in wrong:
            return name
    return "silence"


def write(config, topic):
    told = []
    one = kafka.Producer({**config, "message.timeout.ms": PATIENCE_S * 1000, "log_level": 0})
    one.produce(topic, b"{}", partition=0, on_delivery=lambda error, _: told.append(error.name() if error else ""))
    one.flush(2 * PATIENCE_S)
    return told[0] if told else "silence"


def main():
    asked = json.loads(pathlib.Path(sys.argv[1]).read_text())
    kinds = {"read": read, "write": write, "join": join}
    print(json.dumps([kinds[kind](asked["config"], *words) for kind, *words in asked["questions"]]))


if __name__ == "__main__":
    main()
