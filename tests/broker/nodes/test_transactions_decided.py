"""What was decided about a transaction happens: in the next broker, after a full disk (O07)."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import struct
from pathlib import Path

import pytest

from rebalance.broker import EmbeddedBroker
from rebalance.broker.errors import StorageError
from rebalance.broker.storage import files, segment
from tests.broker.nodes.asking import at_node
from tests.broker.nodes.producing import (
    CONCURRENT,
    NONE,
    NOT_COORDINATOR,
    UNSTABLE,
    TransactionalProducer,
    offset_of,
    when_stable,
)
from tests.support.brokers import SETTINGS

OFFSETS = "__consumer_offsets"
GROUPS = ("g", "h")
"""Of two partitions."""


async def _opened(
    broker: EmbeddedBroker, *groups: str, offset: int = 7, is_new: bool = True
) -> TransactionalProducer:
    """A producer with a transaction over these groups."""
    if is_new:
        broker.create_topic("orders", 1)
    producer = TransactionalProducer(broker)
    await producer.begin()
    for group in groups:
        assert await producer.add(group) == NONE
        assert await producer.commit_offset(group, offset) == NONE
    return producer


async def _limit_batches(broker: EmbeddedBroker, value: str | None) -> None:
    """No batch, not even a marker, fits into `__consumer_offsets`; None: as before."""
    config = {"name": "max.message.bytes", "config_operation": int(value is None), "value": value}
    resource = {"resource_type": 2, "resource_name": OFFSETS, "configs": [config]}
    async with at_node(broker, broker.running_nodes[0]) as client:
        told = await client.ask("incremental_alter_configs", 1, {"resources": [resource]})
    assert told.responses[0].error_code.value == NONE


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize("held", [GROUPS, GROUPS[:1], GROUPS[1:], ()])
async def test_o07_what_was_answered_is_so_in_the_next_broker_for_all_groups(
    held: tuple[str, ...], committed: bool, tmp_path: Path
) -> None:
    killed, stopped = tmp_path / "killed", tmp_path / "stopped"
    async with EmbeddedBroker(SETTINGS, nodes=2, data=stopped) as broker:
        producer = await _opened(broker, *GROUPS)
        for group in held:
            broker.hold_loading(group)
        assert await producer.end(committed=committed) == NONE
        shutil.copytree(stopped, killed)  # what a kill would leave
    for kept in (killed, stopped):
        for _ in range(2):
            async with EmbeddedBroker(SETTINGS, data=kept) as broker:
                seen = [await offset_of(broker, group) for group in GROUPS]
                assert seen == [(7 if committed else -1, NONE)] * 2


async def test_o07_a_commit_is_forgotten_once_all_groups_were_told(tmp_path: Path) -> None:
    async with EmbeddedBroker(SETTINGS, data=tmp_path) as broker:
        producer = await _opened(broker, *GROUPS)
        with broker.hold_loading("g"):
            assert await producer.end(committed=True) == NONE
            assert (tmp_path / "commits.json").is_file()
        assert await when_stable(broker) == 7
        for group in GROUPS:
            assert await producer.add(group) == NONE
            assert await producer.commit_offset(group, 8) == NONE
    async with EmbeddedBroker(SETTINGS, data=tmp_path) as broker:
        assert [await offset_of(broker, group) for group in GROUPS] == [(7, NONE)] * 2


@pytest.mark.parametrize("text", ["{}", "[]", '{"format": 2}', '{"format": 1, "commits": 5}', "x"])
async def test_commits_that_cannot_be_read_are_said_before_anything_starts(
    text: str, tmp_path: Path
) -> None:
    async with EmbeddedBroker(SETTINGS, data=tmp_path):
        pass
    (tmp_path / "commits.json").write_text(text)
    with pytest.raises(StorageError, match=r"commits\.json"):
        await EmbeddedBroker(SETTINGS, data=tmp_path).start()


def _full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


async def test_o07_an_end_that_finds_the_disk_full_is_written_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "rebalance.broker")
    async with EmbeddedBroker(SETTINGS, data=tmp_path, time="virtual") as broker:
        producer = await _opened(broker, "g")
        with monkeypatch.context() as patched:
            patched.setattr(segment, "write_at", _full)
            assert await producer.end(committed=True) == NONE
            shutil.copytree(tmp_path, tmp_path.with_name("killed"))
            await broker.advance(120)
            assert await offset_of(broker) == (-1, UNSTABLE)
            assert await producer.end(committed=False) == CONCURRENT
        await broker.advance(1)
        assert await offset_of(broker) == (7, NONE)
        assert await producer.add("g") == NONE
    assert len([r for r in caplog.records if "cannot be written yet" in r.message]) == 1
    async with EmbeddedBroker(SETTINGS, data=tmp_path.with_name("killed")) as broker:
        assert await offset_of(broker) == (7, NONE)


@pytest.mark.parametrize("groups", [GROUPS[:1], GROUPS])
async def test_o07_nothing_is_decided_where_the_decision_cannot_be_kept(
    groups: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with EmbeddedBroker(SETTINGS, data=tmp_path) as broker:
        producer = await _opened(broker, *groups)
        with monkeypatch.context() as patched:
            patched.setattr(segment, "write_at", _full)
            patched.setattr(files.os, "replace", _full)
            assert await producer.end(committed=True) == NOT_COORDINATOR
            assert await producer.add("g") == NONE, "it is open still"
        assert await producer.end(committed=False) == NONE
        assert [await offset_of(broker, group) for group in groups] == [(-1, NONE)] * len(groups)


async def test_o07_a_commit_that_cannot_be_forgotten_holds_up_the_next_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with EmbeddedBroker(SETTINGS, data=tmp_path, time="virtual") as broker:
        producer = await _opened(broker, "g")
        hold = broker.hold_loading("g")
        assert await producer.end(committed=True) == NONE
        with monkeypatch.context() as patched:
            patched.setattr(files.os, "replace", _full)
            hold.release()
            assert await offset_of(broker) == (7, NONE)
            assert await producer.add("g") == CONCURRENT
        await broker.advance(1)
        assert await producer.add("g") == NONE


@pytest.mark.parametrize("committed", [True, False])
async def test_o07_no_error_of_the_log_undoes_a_decision(committed: bool) -> None:
    async with EmbeddedBroker(SETTINGS, nodes=2, time="virtual") as broker:
        producer = await _opened(broker, *GROUPS)
        with broker.hold_loading("h"):
            await _limit_batches(broker, "10")
            assert await producer.end(committed=committed) == NONE
            await broker.advance(120)
            assert await producer.end(committed=not committed) == CONCURRENT
            await _limit_batches(broker, None)
            await broker.advance(1)
            seen = (7 if committed else -1, NONE)
            assert await offset_of(broker, "g") == seen
            assert await producer.add("g") == CONCURRENT
        assert await offset_of(broker, "h") == seen
        assert await producer.add("g") == NONE


async def test_o07_the_abort_of_what_timed_out_is_written_again_too() -> None:
    async with EmbeddedBroker(SETTINGS, time="virtual") as broker:
        producer = await _opened(broker, "g")
        await _limit_batches(broker, "10")
        await broker.advance(90)
        assert await offset_of(broker) == (-1, UNSTABLE)
        await _limit_batches(broker, None)
        await broker.advance(1)
        assert await offset_of(broker) == (-1, NONE)
        await producer.begin()


async def test_o07_an_end_does_not_wait_for_groups_whose_topic_was_deleted() -> None:
    async with EmbeddedBroker(SETTINGS) as broker:
        producer = await _opened(broker, "g")
        broker.hold_loading("g")
        assert await producer.end(committed=True) == NONE
        assert await producer.add("g") == CONCURRENT
        asked = {"topic_names": [OFFSETS], "timeout": 1000}
        async with at_node(broker, 1) as client:
            told = await client.ask("delete_topics", 5, asked)
        assert told.responses[0].error_code.value == NONE
        assert await producer.add("g") == NONE


async def test_o07_markers_of_the_next_broker_are_of_its_leaders(tmp_path: Path) -> None:
    async with EmbeddedBroker(SETTINGS, nodes=2, data=tmp_path) as broker:
        broker.create_topic("orders", 1)
        assert broker.coordinator_of("g") is not None
        await broker.move_coordinator("g")
        await broker.move_coordinator("g")
        await _opened(broker, "g", is_new=False)
    async with EmbeddedBroker(SETTINGS, nodes=2, data=tmp_path) as broker:
        assert await offset_of(broker) == (-1, NONE)
    assert _leader_epochs(tmp_path) == [2, 3]


def _leader_epochs(directory: Path) -> list[int]:
    """Of the batches in the one partition that has any."""
    (log,) = filter(None, (file.read_bytes() for file in directory.glob(f"{OFFSETS}-*/*.log")))
    found = []
    while log:
        _, length, epoch = struct.unpack_from(">qii", log)
        found.append(epoch)
        log = log[12 + length :]
    return found
