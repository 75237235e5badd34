"""M08: an assignor that fails costs its own member the membership, loudly, and nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import InconsistentGroupProtocolError, KafkaConnectionError
from aiokafka.protocol.commit import OffsetCommitRequest
from aiokafka.protocol.group import JoinGroupRequest, LeaveGroupRequest, SyncGroupRequest

from assignors import ClusterMetadata, InvalidPlanError
from assignors.errors import AssignorFailedError
from rebalance.clients.aiokafka import AssignmentFailedError, strategy
from tests.clients.aiokafka.group import Group, consumer_with, create_topics, until
from tests.clients.broken import BROKEN, Breaking, Broken, Members, raises
from tests.support.brokers import KafkaBroker

Unique = Callable[[str], str]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Every group request of every consumer, with its member id."""
    from aiokafka.consumer.group_coordinator import GroupCoordinator

    requests: list[tuple[str, Any]] = []
    plain = GroupCoordinator._send_req

    async def send(self: Any, request: Any) -> Any:
        requests.append((self.member_id, request))
        return await plain(self, request)

    monkeypatch.setattr(GroupCoordinator, "_send_req", send)
    return requests


@pytest.mark.parametrize("broken", [raises, *BROKEN], ids=lambda each: each.__name__)
async def test_a_broken_leader_leaves_and_the_others_go_on(
    kafka_broker: KafkaBroker,
    unique: Unique,
    sent: list[tuple[str, Any]],
    broken: Broken,
) -> None:
    topic = unique("topic")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 4})
    async with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        leading = Breaking()
        leader = await group.join("A", [topic], leading)
        leader_id = leader._coordinator.member_id
        waiting = asyncio.create_task(leader.getone())

        leading.broken = broken
        sent.clear()
        await group.join("B", [topic], Breaking())
        error = await _fails(leader, waiting)
        if broken is raises:
            assert isinstance(error.__cause__, AssignorFailedError)
            assert "ZeroDivisionError('a bug of its author')" in str(error)
        else:
            assert isinstance(error.__cause__, InvalidPlanError)
            assert error.__cause__.fault is BROKEN[broken]

        of_leader = [request for member_id, request in sent if member_id == leader_id]
        kinds = [type(each) for each in of_leader]
        assert SyncGroupRequest not in kinds
        assert kinds.count(JoinGroupRequest) == 1
        assert kinds.count(LeaveGroupRequest) == 1

        failed = group.consumers.pop("A")
        assert not failed.assignment()
        assert len((await group.settled({topic: 4}))["B"]) == 4
        await failed.stop()


async def _fails(consumer: AIOKafkaConsumer, waiting: asyncio.Task[Any]) -> AssignmentFailedError:
    """What a poll that was waiting gets, and every later one too."""
    with pytest.raises(AssignmentFailedError) as caught:
        await waiting
    for poll in (consumer.getone, consumer.getmany, consumer.getmany):
        with pytest.raises(AssignmentFailedError) as again:
            await poll()
        assert again.value is caught.value
    return caught.value


async def test_start_raises_what_the_first_assignment_raised(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic, group_id = unique("topic"), unique("group")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 1})
    used = strategy(Breaking(raises))
    consumer = used.bind(consumer_with(kafka_broker.bootstrap_servers, group_id, [topic], used))
    with pytest.raises(AssignmentFailedError, match="a bug of its author") as caught:
        await consumer.start()
    assert isinstance(caught.value.__cause__, AssignorFailedError)
    assert isinstance(caught.value.__cause__.__cause__, ZeroDivisionError)
    await consumer.stop()
    async with Group(kafka_broker.bootstrap_servers, group_id) as group:
        await group.join("B", [topic], Breaking())  # the group is free
        await group.settled({topic: 1})


async def test_a_static_member_leaves_too(
    kafka_broker: KafkaBroker, unique: Unique, sent: list[tuple[str, Any]]
) -> None:
    topic = unique("topic")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 2})
    async with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        leading = Breaking()
        # Were it not to leave, the others would wait for its session: longer than this test may.
        leader = await group.join(
            "A", [topic], leading, group_instance_id="pod-0", session_timeout_ms=300_000
        )
        waiting = asyncio.create_task(leader.getone())
        leading.broken = raises
        await group.join("B", [topic], Breaking(), session_timeout_ms=300_000)
        await _fails(leader, waiting)
        failed = group.consumers.pop("A")
        await group.settled({topic: 2})
        await failed.stop()


async def test_a_follower_whose_user_data_fails_leaves(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic = unique("topic")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 2})
    async with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        await group.join("A", [topic], Breaking())
        following = Breaking()
        follower = await group.join("B", [topic], following)
        await group.settled({topic: 2})
        waiting = asyncio.create_task(follower.getone())
        following.user_data_breaks = True
        follower._coordinator.request_rejoin()
        error = await _fails(follower, waiting)
        assert "in user_data" in str(error)
        failed = group.consumers.pop("B")
        await group.settled({topic: 2})
        await failed.stop()


async def test_a_failed_member_commits_nothing_when_it_stops(
    kafka_broker: KafkaBroker, unique: Unique, sent: list[tuple[str, Any]]
) -> None:
    topic = unique("topic")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 1})
    async with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        leading = Breaking()
        leader = await group.join("A", [topic], leading, enable_auto_commit=True)
        await leader.seek_to_beginning()
        waiting = asyncio.create_task(leader.getone())
        leading.broken = raises
        leader._coordinator.request_rejoin()
        await _fails(leader, waiting)
        left = next(
            number for number, (_, each) in enumerate(sent) if isinstance(each, LeaveGroupRequest)
        )
        await group.leave("A")
        assert not [each for _, each in sent[left:] if isinstance(each, OffsetCommitRequest)]


async def test_where_all_are_broken_each_fails_as_it_becomes_leader(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic = unique("topic")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 2})
    async with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        shared = Breaking()
        members = [await group.join(name, [topic], shared) for name in "AB"]
        await group.settled({topic: 2})
        waiting = [asyncio.create_task(each.getone()) for each in members]
        shared.broken = raises
        members[0]._coordinator.request_rejoin()
        await asyncio.gather(*map(_fails, members, waiting))


async def test_one_that_cannot_even_leave(kafka_broker: KafkaBroker, unique: Unique) -> None:
    topic = unique("topic")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 1})
    async with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        leading = Breaking()
        leader = await group.join("A", [topic], leading)
        waiting = asyncio.create_task(leader.getone())
        plain = leader._coordinator._send_req

        async def send(request: Any) -> Any:
            if isinstance(request, LeaveGroupRequest):
                raise KafkaConnectionError("gone")
            return await plain(request)

        leader._coordinator._send_req = send
        leading.broken = raises
        leader._coordinator.request_rejoin()
        await _fails(leader, waiting)


async def test_errors_of_the_broker_stay_what_they_are(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic, group_id = unique("topic"), unique("group")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 1})
    async with Group(kafka_broker.bootstrap_servers, group_id) as group:
        await group.join("A", [topic], "sticky")
        used = strategy("range")
        odd = used.bind(consumer_with(kafka_broker.bootstrap_servers, group_id, [topic], used))
        with pytest.raises(InconsistentGroupProtocolError):
            await odd.start()
        await odd.stop()


async def test_stop_while_it_is_failing(kafka_broker: KafkaBroker, unique: Unique) -> None:
    topic = unique("topic")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 1})
    async with Group(kafka_broker.bootstrap_servers, unique("group")) as group:
        leading = Breaking()
        called = asyncio.Event()

        def breaks(cluster: ClusterMetadata, members: Members) -> Any:
            called.set()
            raise ZeroDivisionError("a bug of its author")

        leader = await group.join("A", [topic], leading)
        leading.broken = breaks
        leader._coordinator.request_rejoin()
        await called.wait()
        await group.leave("A")
        await until(lambda: leader._coordinator.member_id == "")
