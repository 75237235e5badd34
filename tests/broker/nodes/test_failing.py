"""Controls of nodes that cannot do what they are asked: nothing is left half done.

A directory in the place of the file that is written before it replaces `broker.json` is what makes
the storage fail: the system refuses to write there.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import socket
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rebalance.broker import BrokerError, EmbeddedBroker
from rebalance.broker.errors import StorageError
from rebalance.broker.nodes.node import Node
from rebalance.broker.storage import segment
from rebalance.protocol.java_hash import partition_of
from tests.broker.handlers.test_offsets import commit, commit_of
from tests.broker.nodes.asking import at_node
from tests.support.brokers import SETTINGS

NONE, LOADING, NOT_COORDINATOR = 0, 14, 16
GROUPS = tuple(f"group-{number}" for number in range(40))


@contextmanager
def _unwritable(data: Path) -> Iterator[None]:
    """In the block nothing that `broker.json` is to say can be kept."""
    part = data / "broker.json.part"
    part.mkdir()
    try:
        yield
    finally:
        part.rmdir()


async def _nodes_told(broker: EmbeddedBroker, node: int) -> list[int]:
    """The nodes that clients are told of by one of them."""
    async with at_node(broker, node) as client:
        answer = await client.ask("metadata", 1, {"topics": None})
        return [each.node_id for each in answer.brokers]


def _who_does_what(broker: EmbeddedBroker) -> tuple[tuple[int, ...], list[int], list[int | None]]:
    """The nodes that run, what they lead, and what they coordinate."""
    leaders = [broker.leader_of("orders", partition) for partition in range(6)]
    return broker.running_nodes, leaders, [broker.coordinator_of(group) for group in GROUPS]


async def test_a_node_that_cannot_be_stopped_goes_on_as_before(tmp_path: Path) -> None:
    async with EmbeddedBroker(SETTINGS, nodes=3, data=tmp_path) as broker:
        broker.create_topic("orders", 6)
        before = _who_does_what(broker)
        with _unwritable(tmp_path):
            for _ in range(2):
                with pytest.raises(StorageError, match=r"cannot write .*broker\.json"):
                    await broker.stop_node(2)
        assert _who_does_what(broker) == before
        assert await _nodes_told(broker, 2) == [1, 2, 3]
        await broker.stop_node(2)
        assert 2 not in {*broker.running_nodes, *_who_does_what(broker)[1]}
        assert await _nodes_told(broker, 1) == [1, 3]
        await broker.start_node(2)
        await broker.elect_preferred_leaders()
        assert _who_does_what(broker) == before


async def test_a_node_that_cannot_be_started_is_as_it_was(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    async with EmbeddedBroker(SETTINGS, nodes=2, data=tmp_path) as broker:
        broker.create_topic("orders", 6)
        assert broker.coordinator_of("g") is not None
        await broker.stop_node(1)
        await broker.stop_node(2)
        with _unwritable(tmp_path):
            for _ in range(2):
                with pytest.raises(StorageError, match=r"cannot write .*broker\.json"):
                    await broker.start_node(2)
        assert (broker.running_nodes, broker.coordinator_of("g")) == ((), None)
        with pytest.raises(ConnectionRefusedError):
            async with at_node(broker, 2):
                pass
        await broker.start_node(2)
        assert _who_does_what(broker) == ((2,), [2] * 6, [2] * len(GROUPS))
        assert await _nodes_told(broker, 2) == [2]
    assert asyncio.all_tasks() == before


async def test_leaders_that_cannot_be_elected_are_elected_later(tmp_path: Path) -> None:
    async with EmbeddedBroker(SETTINGS, nodes=3, data=tmp_path) as broker:
        broker.create_topic("orders", 6)
        preferred = _who_does_what(broker)
        await broker.stop_node(2)
        await broker.start_node(2)
        before = _who_does_what(broker)
        with _unwritable(tmp_path):
            with pytest.raises(StorageError):
                await broker.elect_preferred_leaders()
            assert _who_does_what(broker) == before != preferred
        await broker.elect_preferred_leaders()
        assert _who_does_what(broker) == preferred


@pytest.mark.parametrize("others", [0, 1])
async def test_a_port_that_is_lost_between_bind_and_listen(
    monkeypatch: pytest.MonkeyPatch, others: int
) -> None:
    opened = Node.open
    async with EmbeddedBroker(SETTINGS, nodes=1 + others) as broker:
        broker.create_topic("orders", 6)
        await broker.stop_node(1)
        before = _who_does_what(broker)
        with socket.socket() as rival:
            # Who binds may be many; who listens is one.
            rival.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            rival.bind(("127.0.0.1", int(broker.address_of(1).rpartition(":")[2])))

            async def open_too_late(node: Node) -> None:
                await opened(node)
                rival.listen()

            with monkeypatch.context() as patched:
                patched.setattr(Node, "open", open_too_late)
                with pytest.raises(BrokerError, match="the port is in use"):
                    await broker.start_node(1)
            running, _, coordinators = _who_does_what(broker)
            assert (running, coordinators) == (before[0], before[2])
        await broker.start_node(1)
        assert 1 in broker.running_nodes
        assert await _nodes_told(broker, 1) == list(broker.running_nodes)


async def _committed(broker: EmbeddedBroker) -> None:
    """An offset in the log of the group's coordinator."""
    broker.create_topic("orders", 1)
    node = broker.coordinator_of("g")
    assert node is not None
    async with at_node(broker, node) as client:
        assert await commit(client, commit_of("g", "orders", 0)) == {0: NONE}


async def _offset(broker: EmbeddedBroker) -> tuple[int, list[int]]:
    """What the group's coordinator says of it: an error, and its offset."""
    node = broker.coordinator_of("g")
    assert node is not None
    async with at_node(broker, node) as client:
        answer = await client.ask("offset_fetch", 5, {"group_id": "g", "topics": None})
        told = [p.committed_offset for topic in answer.topics for p in topic.partitions]
        return answer.error_code.value, told


def _partition(group: str) -> int:
    return partition_of(group, 50)


def _unreadable(*_: Any) -> bytes:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


async def test_p04_who_cannot_read_the_log_does_not_coordinate(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with EmbeddedBroker(SETTINGS, nodes=2, data=tmp_path) as broker:
        await _committed(broker)
        assert await _offset(broker) == (NONE, [42])
        hold = broker.hold_loading("g")
        assert (await _offset(broker))[0] == LOADING
        with monkeypatch.context() as patched:
            patched.setattr(segment, "read_at", _unreadable)
            with pytest.raises(StorageError, match=r"__consumer_offsets-\d+ cannot be read: I"):
                hold.release()
            assert (await _offset(broker))[0] == NOT_COORDINATOR
            with pytest.raises(StorageError):
                await broker.move_coordinator("g")
            assert (await _offset(broker))[0] == NOT_COORDINATOR
        await broker.move_coordinator("g")
        assert await _offset(broker) == (NONE, [42])


async def test_p04_a_log_that_cannot_be_read_holds_up_no_other_partition(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with EmbeddedBroker(SETTINGS, nodes=2, data=tmp_path) as broker:
        await _committed(broker)
        node = broker.coordinator_of("g")
        assert node is not None
        with monkeypatch.context() as patched:
            patched.setattr(segment, "read_at", _unreadable)
            with pytest.raises(StorageError):
                await broker.stop_node(node)
            assert broker.running_nodes == (3 - node,)
            assert {broker.coordinator_of(group) for group in GROUPS} == {3 - node}
            async with at_node(broker, 3 - node) as client:
                told = {}
                for group in ("g", *GROUPS):
                    asked = {"group_id": group, "topics": None}
                    answer = await client.ask("offset_fetch", 5, asked)
                    told[group] = answer.error_code.value
            refused = {group for group, code in told.items() if code == NOT_COORDINATOR}
            assert refused == {group for group in told if _partition(group) == _partition("g")}
            assert {told[group] for group in set(told) - refused} == {NONE}
            await broker.stop_node(3 - node)
            with pytest.raises(StorageError):
                await broker.start_node(node)
            assert broker.running_nodes == ()
        await broker.start_node(node)
        assert await _offset(broker) == (NONE, [42])


async def test_a_move_that_is_refused_holds_nobody_in_loading() -> None:
    async with EmbeddedBroker(SETTINGS, nodes=2, time="virtual") as broker:
        await _committed(broker)
        await broker.stop_node(2)
        for to in (2, 7):
            with pytest.raises(BrokerError):
                await broker.move_coordinator("g", to, loading_ms=60_000)
        await broker.start_node(2)
        await broker.move_coordinator("g", 2)
        assert await _offset(broker) == (NONE, [42])


async def test_what_cannot_be_elected_again_is_not_held_in_loading(tmp_path: Path) -> None:
    async with EmbeddedBroker(SETTINGS, nodes=2, data=tmp_path) as broker:
        await _committed(broker)
        with _unwritable(tmp_path):
            with pytest.raises(StorageError):
                broker.hold_loading("g")
            with pytest.raises(StorageError):
                await broker.move_coordinator("g", loading_ms=60_000)
            assert await _offset(broker) == (NONE, [42])
        await broker.move_coordinator("g")
        assert await _offset(broker) == (NONE, [42])


async def test_a_hold_ends_with_the_broker() -> None:
    broker = EmbeddedBroker(SETTINGS, nodes=2, time="virtual")
    async with broker:
        await _committed(broker)
        await broker.move_coordinator("g", loading_ms=60_000)
        stopped = weakref.ref(broker._running().coordinators)
        await broker.move_coordinator("g", loading_ms=30_000)
        await broker.advance(30)
        assert (await _offset(broker))[0] == LOADING, "held once more"
    async with broker:
        await _committed(broker)
        gc.collect()
        assert stopped() is None
