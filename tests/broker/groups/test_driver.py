"""The driver of the group coordinator: time, timers, tokens; real consumers in real groups."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition

from rebalance.broker import EmbeddedBroker
from rebalance.broker.config import BrokerConfig
from rebalance.broker.groups.driver import GroupDriver
from rebalance.broker.groups.offsets_topic import OffsetsTopic, offsets_topic
from rebalance.broker.topics.topics import TopicStore
from rebalance.broker.tracing import Tracer
from rebalance.protocol.config import CoordinatorConfig
from rebalance.protocol.effects import Effect
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import (
    GroupProtocol,
    HeartbeatRequest,
    JoinGroupRequest,
    LeaveGroupRequest,
    LeavingMember,
)
from rebalance.protocol.responses import HeartbeatResponse, JoinGroupResponse
from rebalance.protocol.states import GroupState
from tests.broker.handlers.test_groups import join_of, joined
from tests.broker.raw import connected, run, until

FAST = {"group.initial.rebalance.delay.ms": "0", "group.min.session.timeout.ms": "1"}


def _driver() -> GroupDriver:
    numbers = itertools.count(1)
    config = CoordinatorConfig.from_properties(FAST)
    new_uuid, tracer = lambda: uuid.UUID(int=next(numbers)), Tracer(None, lambda: 0)
    topics = TopicStore(BrokerConfig(), uuid.uuid4, internal=[offsets_topic(50, 2**20)])
    offsets = OffsetsTopic(topics)
    offsets.create()
    driver = GroupDriver(config, new_uuid, tracer, offsets)
    for partition in range(50):
        driver.elect(partition)
        driver.load(partition)
    return driver


def _join(member_id: str = "", session_timeout_ms: int = 10_000) -> JoinGroupRequest:
    return JoinGroupRequest(
        group_id="g",
        session_timeout_ms=session_timeout_ms,
        rebalance_timeout_ms=10_000,
        member_id=member_id,
        protocol_type="consumer",
        protocols=(GroupProtocol(name="range", metadata=b""),),
        client_id="c",
        version=3,
    )


def test_member_ids_come_from_the_injected_function() -> None:
    async def main() -> None:
        driver = _driver()
        answer = await driver.ask(_join())
        assert isinstance(answer, JoinGroupResponse)
        assert answer.member_id == f"c-{uuid.UUID(int=1)}"
        driver.close()

    run(main())


def test_a_member_that_says_nothing_expires_by_the_armed_timer() -> None:
    async def main() -> None:
        driver = _driver()
        await driver.ask(_join(session_timeout_ms=5))
        # The newcomer parks until the silent member is expired: nobody else wakes it.
        newcomer = await driver.ask(_join())
        assert isinstance(newcomer, JoinGroupResponse)
        assert newcomer.error is ErrorCode.NONE
        group = driver.group("g")
        assert group is not None
        assert [m.member_id for m in group.members] == [newcomer.member_id]
        driver.close()

    run(main())


def test_one_timer_is_armed_at_a_time_and_close_disarms_it() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        before = _timers(loop)
        driver = _driver()
        answer = await driver.ask(_join())
        assert isinstance(answer, JoinGroupResponse)
        for _ in range(100):
            beat = await driver.ask(
                HeartbeatRequest(
                    group_id="g",
                    generation_id=answer.generation_id,
                    member_id=answer.member_id,
                )
            )
            assert isinstance(beat, HeartbeatResponse)
        assert _timers(loop) == before + 1
        driver.close()
        driver.close()
        assert _timers(loop) == before

    run(main())


def test_an_error_while_effects_are_performed_leaves_the_timer_armed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once in a request and once in the timer itself: the next deadline comes all the same."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        told: list[object] = []
        loop.set_exception_handler(lambda loop, context: told.append(context.get("exception")))
        driver = _driver()
        perform = driver._perform
        errors = [ZeroDivisionError("in the timer"), ZeroDivisionError("in a request")]

        def broken(effects: tuple[Effect, ...], now: int) -> None:
            perform(effects, now)
            if effects and errors:
                raise errors.pop()

        monkeypatch.setattr(driver, "_perform", broken)
        with pytest.raises(ZeroDivisionError, match="in a request"):
            await driver.ask(_join(session_timeout_ms=5))
        assert _timers(loop) == 1
        await until(lambda: told)
        assert [str(error) for error in told] == ["in the timer"]
        newcomer = await driver.ask(_join(session_timeout_ms=5))
        assert isinstance(newcomer, JoinGroupResponse)
        await until(lambda: (group := driver.group("g")) is None or not group.members)
        driver.close()

    run(main(), 10)


def _timers(loop: Any) -> int:
    """Timers of ours that are armed."""
    return sum(
        not handle.cancelled() and "GroupDriver" in repr(handle) for handle in loop._scheduled
    )


def test_j17_the_replaced_request_is_never_answered_and_its_connection_ends_it() -> None:
    async def main() -> None:
        driver = _driver()
        first = await driver.ask(_join())
        assert isinstance(first, JoinGroupResponse)
        parked = asyncio.ensure_future(driver.ask(_join("", 5_000)))
        await asyncio.sleep(0)  # the task's first step hands the request over
        group = driver.group("g")
        assert group is not None
        member_id = group.members[1].member_id
        again = asyncio.ensure_future(driver.ask(_join(member_id, 5_000)))
        await asyncio.sleep(0)
        assert len(driver._waiting) == 2
        leaving = LeaveGroupRequest(
            group_id="g", members=(LeavingMember(member_id=first.member_id),), version=3
        )
        await driver.ask(leaving)
        answer = await again
        assert isinstance(answer, JoinGroupResponse)
        assert answer.error is ErrorCode.NONE
        assert not parked.done()
        parked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await parked
        assert driver._waiting == {}
        driver.close()

    run(main())


def test_a_client_that_goes_while_parked_stays_a_member_until_it_expires() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as first:
            leader = await joined(first, "g", 3)
            async with connected(broker) as second:
                second.send("join_group", 3, join_of("g"))
                while (group := broker.group("g")) is None or len(group.members) < 2:
                    await first.ask("metadata", 1, {"topics": None})
            beat = {"group_id": "g", "generation_id": 1, "member_id": leader.member_id}
            assert (await first.ask("heartbeat", 0, beat)).error_code.value == 27
            group = broker.group("g")
            assert group is not None
            assert len(group.members) == 2

    run(main())


class _Owner(ConsumerRebalanceListener):  # type: ignore[misc]
    """Says when its consumer owns something new."""

    def __init__(self) -> None:
        self.owned: set[TopicPartition] = set()
        self.changed = asyncio.Event()

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        self.owned -= revoked

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self.owned = set(assigned)
        self.changed.set()


async def _until(owners: list[_Owner], counts: list[int]) -> None:
    while sorted(len(owner.owned) for owner in owners) != counts:
        waiting = [asyncio.ensure_future(owner.changed.wait()) for owner in owners]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task, owner in zip(waiting, owners, strict=True):
            task.cancel()
            owner.changed.clear()


async def _consumer(broker: EmbeddedBroker, **more: Any) -> tuple[AIOKafkaConsumer, _Owner]:
    owner = _Owner()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker.bootstrap_servers,
        group_id="g",
        heartbeat_interval_ms=20,
        session_timeout_ms=6_000,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        **more,
    )
    consumer.subscribe(["orders"], listener=owner)
    await consumer.start()
    return consumer, owner


def test_aiokafka_consumers_share_hand_over_and_commit() -> None:
    async def main() -> None:
        settings = {**FAST, "num.partitions": "6"}
        async with EmbeddedBroker(settings) as broker:
            async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer:
                for number in range(60):
                    await producer.send("orders", b"%d" % number, partition=number % 6)
            first, owns_first = await _consumer(broker)
            seen = [await first.getone() for _ in range(60)]
            assert sorted(int(record.value) for record in seen) == list(range(60))
            await first.commit()
            second, owns_second = await _consumer(broker)
            await _until([owns_first, owns_second], [3, 3])
            assert not owns_first.owned & owns_second.owned
            group = broker.group("g")
            assert group is not None
            assert (group.state, len(group.members)) == (GroupState.STABLE, 2)
            for partition in owns_second.owned:
                assert await second.position(partition) == 10
                assert await second.committed(partition) == 10
            await first.stop()
            await _until([owns_second], [6])
            await second.stop()
            group = broker.group("g")
            assert group is not None
            assert (group.state, group.members) == (GroupState.EMPTY, ())

    run(main())


def test_a_static_member_comes_back_without_a_rebalance() -> None:
    async def main() -> None:
        async with EmbeddedBroker({**FAST, "num.partitions": "2"}) as broker:
            broker.create_topic("orders")
            first, owns_first = await _consumer(broker, group_instance_id="one")
            await _until([owns_first], [2])
            before = broker.group("g")
            await first.stop()
            again, owns_again = await _consumer(broker, group_instance_id="one")
            await _until([owns_again], [2])
            after = broker.group("g")
            assert before is not None
            assert after is not None
            assert after.generation_id == before.generation_id
            assert after.members[0].member_id != before.members[0].member_id
            await again.stop()

    run(main())
