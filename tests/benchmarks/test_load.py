"""The benchmarks over sockets measure what they say, with a few members and the embedded broker."""

from __future__ import annotations

import asyncio

from benchmarks import joining, produce_fetch, socket_heartbeats
from benchmarks.core_join import form_group, rejoin_all
from benchmarks.load.brokers import embedded
from rebalance.broker.logs.record_batch import build_batch
from rebalance.protocol.states import GroupState

SETTINGS = {"group.initial.rebalance.delay.ms": "50"}


def test_members_join_and_one_more() -> None:
    with embedded(SETTINGS) as broker:
        parts = joining.turn(broker, "g", 20)
    assert set(parts) == {
        "all have an id",
        "first answer to all Stable",
        "first connect to all Stable",
        "one more joins to all Stable",
        joining.CPU,
    }
    assert parts["first connect to all Stable"] > 50, "the initial delay is in it"
    assert parts["all have an id"] < parts["first connect to all Stable"]


def test_heartbeats_at_a_rate() -> None:
    with embedded(SETTINGS) as broker:
        found = socket_heartbeats.turn(broker, "g", rate=200, seconds=1, members=40)
    assert found["answered"] + found["late"] == 200
    assert (found["failures"], found["members of a later generation"]) == ([], 0)
    assert list(found["latencies"].values()) == sorted(found["latencies"].values())


def test_what_was_produced_is_fetched() -> None:
    batch, _ = build_batch([(b"key", bytes(100))] * 50, 1_700_000_000_000)
    with embedded({}) as broker:
        into, out = asyncio.run(produce_fetch.turn(broker, "t", batch, 20 * len(batch)))
    assert into > 0
    assert out > 0


def test_a_group_is_formed_and_rejoins_in_the_core() -> None:
    for static in (False, True):
        formed = form_group(30, static=static)
        group = formed.play.coordinator.group("g")
        assert group is not None
        assert (group.state, group.generation_id, len(group.members)) == (GroupState.STABLE, 1, 30)
        rejoin_all(formed, static=static)
        group = formed.play.coordinator.group("g")
        assert group is not None
        assert (group.state, group.generation_id) == (GroupState.STABLE, 2)
