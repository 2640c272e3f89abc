from __future__ import annotations

import itertools
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from scripted_grader import EmbeddedBroker, Script, ScriptedGrader, make_topic

from gradefarm import Farm, Request, StdinCase, StdinStdout, Submission

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
_counter = itertools.count()


@pytest.fixture(scope="session")
def brokers() -> Iterator[str]:
    """The embedded broker; Apache Kafka where GRADEFARM_TEST_KAFKA_DIR names the folder of one (tests/kafka_real)."""
    folder = os.environ.get("GRADEFARM_TEST_KAFKA_DIR")
    if folder is None:
        broker = EmbeddedBroker()
        yield broker.address
        return
    address = pathlib.Path(folder, "bootstrap")
    if not address.exists():
        reason = pathlib.Path(folder, "unavailable")
        pytest.skip("no Apache Kafka: " + (reason.read_text().strip() if reason.exists() else "not started"))
    yield address.read_text().strip()


@pytest.fixture
def pool(brokers: str) -> str:
    """A pool, and a trainer, of this test alone."""
    name = f"py-{os.getpid()}-{next(_counter)}"
    make_topic(brokers, f"grading.requests.{name}")
    return name


@pytest.fixture
def make_farm(brokers: str, pool: str) -> Iterator[Callable[..., Farm]]:
    farms = []

    def make(**options: Any) -> Farm:
        farm = Farm(brokers, **{"trainer": pool, "pool": pool, **options})
        farms.append(farm)
        return farm

    yield make
    for farm in farms:
        farm.close()


@pytest.fixture
def make_grader(brokers: str, pool: str) -> Iterator[Callable[..., ScriptedGrader]]:
    graders = []

    def make(script: Script | None = None) -> ScriptedGrader:
        grader = ScriptedGrader(brokers, pool, script) if script else ScriptedGrader(brokers, pool)
        graders.append(grader)
        return grader

    yield make
    for grader in graders:
        grader.close()


def request(request_id: str | None = None, code: str = "print(1)", **more: Any) -> Request:
    return Request(Submission("python", code=code), StdinStdout([StdinCase("", "1\n")]), request_id=request_id, **more)
