"""A broker on a directory, stopped and started again in one process; what it refuses."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from rebalance.broker import BrokerError, EmbeddedBroker
from rebalance.broker.errors import StorageError
from rebalance.broker.storage import files, segment
from rebalance.protocol.states import GroupState
from rebalance.timeline.trace import Header, Trace
from tests.broker.batch_maker import batch, values
from tests.broker.handlers.test_groups import joined
from tests.broker.handlers.test_produce import produce
from tests.broker.raw import RawConnection, connected, create_topic, run
from tests.support.brokers import SETTINGS


def _beat(member: Any) -> dict[str, Any]:
    return {"group_id": "g", "generation_id": member.generation_id, "member_id": member.member_id}


async def _synced(client: RawConnection, member: Any) -> bytes:
    fields = {**_beat(member), "assignments": [{"member_id": member.member_id, "assignment": b"x"}]}
    assignment: bytes = (await client.ask("sync_group", 0, fields)).assignment
    return assignment


async def _fetched(client: RawConnection, topic: str) -> list[tuple[int, bytes]]:
    part = {"partition": 0, "fetch_offset": 0, "partition_max_bytes": 10**6}
    topics = [{"topic": topic, "partitions": [part]}]
    fields = {"replica_id": -1, "max_wait": 0, "min_bytes": 0, "max_bytes": 10**6}
    answer = await client.ask("fetch", 4, {**fields, "topics": topics})
    return values(answer.responses[0].partitions[0].records)


def test_p02_p03_all_is_there_after_a_stop(tmp_path: Path) -> None:
    async def main() -> None:
        broker = EmbeddedBroker(SETTINGS, data=tmp_path)
        async with broker, connected(broker) as client:
            topic_id = await create_topic(client, "orders")
            await produce(client, "orders", batch(b"a", b"b"))
            member = await joined(client, "g", 3)
            assert await _synced(client, member) == b"x"
            producer_id = (await client.ask("init_producer_id", 0, {})).producer_id
        async with broker, connected(broker) as client:
            (topic,) = (await client.ask("metadata", 12, _named("orders"))).topics
            assert topic.topic_id == topic_id
            assert await _fetched(client, "orders") == [(0, b"a"), (1, b"b")]
            assert (await produce(client, "orders", batch(b"c"))).base_offset == 2
            group = broker.group("g")
            assert group is not None
            assert (group.state, group.generation_id) == (GroupState.STABLE, 1)
            assert (await client.ask("heartbeat", 0, _beat(member))).error_code.value == 0
            assert (await client.ask("init_producer_id", 0, {})).producer_id > producer_id

    run(main())


def _named(name: str) -> dict[str, Any]:
    return {"topics": [{"name": name, "topic_id": None}]}


def test_p03_a_session_is_armed_in_full_and_ends_by_the_new_brokers_timer(tmp_path: Path) -> None:
    async def main() -> None:
        async with EmbeddedBroker(SETTINGS, data=tmp_path) as first, connected(first) as client:
            member = await joined(client, "g", 3, session_timeout=300)
            await _synced(client, member)
        async with EmbeddedBroker(SETTINGS, data=tmp_path) as second, connected(second) as client:
            group = second.group("g")
            assert group is not None
            assert group.state is GroupState.STABLE
            while (group := second.group("g")) is None or group.members:
                await client.ask("metadata", 1, {"topics": None})
            assert (group.state, group.generation_id) == (GroupState.EMPTY, 2)

    run(main())


def test_the_times_in_records_are_of_the_day(tmp_path: Path) -> None:
    """A loop's clock begins anywhere; what is read by the next broker must mean the same there."""

    async def main() -> None:
        async with EmbeddedBroker(SETTINGS, data=tmp_path) as broker, connected(broker) as client:
            await joined(client, "g", 3)

    run(main())
    (log,) = (path for path in tmp_path.glob("__consumer_offsets-*/*.log") if path.stat().st_size)
    timestamp = int.from_bytes(log.read_bytes()[27:35], "big") / 1000
    assert abs(timestamp - log.stat().st_mtime) < 60


def test_the_number_of_its_partitions_is_the_directorys(tmp_path: Path) -> None:
    async def main() -> None:
        settings = {**SETTINGS, "offsets.topic.num.partitions": "7"}
        async with EmbeddedBroker(settings, data=tmp_path) as first, connected(first) as client:
            member = await joined(client, "g", 3)
            await _synced(client, member)
        async with EmbeddedBroker(SETTINGS, data=tmp_path) as second, connected(second) as client:
            assert (await client.ask("heartbeat", 0, _beat(member))).error_code.value == 0

    run(main())


def test_a_second_broker_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    async def main() -> None:
        async with EmbeddedBroker(data=tmp_path) as first:
            with pytest.raises(StorageError, match="in use by another broker"):
                await EmbeddedBroker(data=tmp_path).start()
            async with connected(first) as client:
                await create_topic(client, "orders")
        async with EmbeddedBroker(data=tmp_path):
            pass

    run(main())


def test_a_broker_that_cannot_listen_lets_go_of_its_directory(tmp_path: Path) -> None:
    async def main() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            with pytest.raises(BrokerError, match="the port is in use"):
                await EmbeddedBroker(data=tmp_path, port=port).start()
        async with EmbeddedBroker(data=tmp_path):
            pass

    run(main())


def test_a_directory_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "meta.properties").write_text("version=1")
    with pytest.raises(BrokerError, match="is not the data directory of a broker"):
        run(EmbeddedBroker(data=tmp_path).start())


def test_a_directory_may_be_named_by_a_text(tmp_path: Path) -> None:
    async def main() -> None:
        async with EmbeddedBroker(data=str(tmp_path / "kafka")) as broker:
            broker.create_topic("orders")
        async with EmbeddedBroker(data=tmp_path / "kafka") as broker:
            assert broker.usage().topics == 1

    run(main())


def test_in_a_directory_nothing_is_dropped_unless_that_is_asked_for(tmp_path: Path) -> None:
    assert EmbeddedBroker(data=tmp_path)._config.log_retention_bytes == -1
    asked = EmbeddedBroker({"log.retention.bytes": "5"}, data=tmp_path)
    assert asked._config.log_retention_bytes == 5
    assert EmbeddedBroker()._config.log_retention_bytes == 64 * 2**20


def test_a_trace_begins_with_the_topics_and_members_that_were_there(tmp_path: Path) -> None:
    async def main() -> None:
        async with EmbeddedBroker(SETTINGS, data=tmp_path) as first, connected(first) as client:
            await create_topic(client, "orders", 3)
            member = await joined(client, "g", 3)
            await _synced(client, member)
        trace = Trace(Header(source="broker"))
        async with EmbeddedBroker(SETTINGS, data=tmp_path, trace=trace):
            pass
        told = [type(event).__name__ for event in trace.events]
        assert told == ["TopicKnown", "MemberJoined", "AssignmentSent"]

    run(main())


def test_a_full_disk_is_told_to_clients_and_everything_goes_on_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with EmbeddedBroker(SETTINGS, data=tmp_path) as broker, connected(broker) as client:
            await create_topic(client, "orders")
            await produce(client, "orders", batch(b"a"))
            assert await _committed(client) == NONE
            monkeypatch.setattr(segment, "write_at", _full)
            assert (await produce(client, "orders", batch(b"b"))).error_code.value == STORAGE_ERROR
            assert await _committed(client) == NOT_COORDINATOR
            monkeypatch.undo()
            assert (await produce(client, "orders", batch(b"b"))).base_offset == 1
            assert await _committed(client) == NONE
            assert await _fetched(client, "orders") == [(0, b"a"), (1, b"b")]

    run(main())


def test_a_coordinator_is_not_available_until_its_topic_can_be_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with EmbeddedBroker(SETTINGS, data=tmp_path) as broker, connected(broker) as client:
            monkeypatch.setattr(files.os, "replace", _full)
            for version in range(7):
                keys = {"key": "g", "coordinator_keys": ["g"]}
                answer = await client.ask("find_coordinator", version, keys)
                (found,) = getattr(answer, "coordinators", (answer,))
                assert (found.error_code.value, found.node_id) == (NOT_AVAILABLE, -1)
            monkeypatch.undo()
            found = await client.ask("find_coordinator", 3, {"key": "g"})
            assert found.error_code.value == NONE

    run(main())


NONE, NOT_AVAILABLE, NOT_COORDINATOR, STORAGE_ERROR = 0, 15, 16, 56


def _full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


async def _committed(client: RawConnection) -> int:
    part = {"partition_index": 0, "committed_offset": 1, "committed_leader_epoch": -1}
    topics = [{"name": "orders", "partitions": [part | {"committed_metadata": ""}]}]
    fields = {"group_id": "g", "generation_id_or_member_epoch": -1, "topics": topics}
    answer = await client.ask("offset_commit", 8, fields)
    code: int = answer.topics[0].partitions[0].error_code.value
    return code
