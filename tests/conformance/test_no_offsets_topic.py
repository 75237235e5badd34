"""What is answered before there is a topic of offsets (A06): nobody has asked these brokers yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.brokers import both_fresh
from tests.conformance.cases.admin import list_groups
from tests.conformance.cases.wire import find
from tests.conformance.conversation import GROUP, Name, Say, Step, case
from tests.conformance.played import told
from tests.conformance.side import Line, opened
from tests.conformance.steps import (
    beat,
    commit,
    delete_groups,
    delete_offsets,
    describe,
    fetch,
    join,
    leave,
    sync,
)
from tests.support.brokers import require_apache_kafka

NOBODY = {"member_id": "x"}


def _of_groups() -> Iterator[Step]:
    """Everything about groups, in every version; none of it makes the topic."""
    for version in range(10):
        yield join("A", version)
        yield join("A", version, group_id="")
        yield join("A", version, session_timeout=0)
        yield join("A", version, **NOBODY)
    for version in range(6):
        yield sync("A", 1, version=version, **NOBODY)
        yield sync("A", 1, version=version, group_id="")
        yield sync("A", 1, version=version, protocol_name=None)
        yield leave("A", version=version, **NOBODY)
        yield leave("A", version=version, group_id="")
        yield list_groups(version, (), ())
    for version in range(5):
        yield beat("A", 1, version, **NOBODY)
        yield beat("A", 1, version, group_id="")
    for version in range(2, 11):
        yield commit("A", version=version)
        yield commit("A", version=version, group_id="")
        yield commit("A", version=version, topics=[])
    for version in range(1, 11):
        yield fetch("A", version)
        yield fetch("A", version, groups=("",))
        if version >= 2:
            yield fetch("A", version, topics=None)
        if version >= 8:
            yield fetch("A", version, groups=(GROUP, Name("other")))
    for version in range(7):
        yield describe("A", version, GROUP, "")
    for version in range(4):
        yield delete_groups(GROUP, "", version=version)
    yield delete_offsets(0)
    yield delete_offsets(0, group="")


def _then() -> Iterator[Step]:
    """Who looks for a coordinator has the topic made."""
    yield find(6, GROUP, Name("other"))
    yield _until(find(6, GROUP), "COORDINATOR_NOT_AVAILABLE")
    # Not a Heartbeat, which is answered NONE while the coordinator loads.
    synced = sync("A", 1, **NOBODY)
    yield _until(synced, "NOT_COORDINATOR", "COORDINATOR_LOAD_IN_PROGRESS")
    yield beat("A", 1, **NOBODY)
    yield list_groups(5, (), ())
    yield fetch("A")


def _until(say: Say, *errors: str) -> Say:
    return Say(who=say.who, api=say.api, version=say.version, fields=say.fields, again_after=errors)


@pytest.fixture(scope="module")
def heard() -> tuple[list[Line], list[Line]]:
    """What both answered: ours, and Kafka's."""
    require_apache_kafka()
    played = case("a06", *_of_groups(), *_then(), topics={"topic": 2})

    def play(address: Any) -> list[Line]:
        with opened(address, "first") as side:
            return told(side, lambda: side.play(played))

    with both_fresh() as brokers:
        return play(brokers.ours), play(brokers.kafka)


def test_a06_no_offsets_topic_yet(heard: tuple[list[Line], list[Line]]) -> None:
    ours, kafka = heard
    assert len(kafka) == len([*_of_groups(), *_then()])
    assert ours == kafka
