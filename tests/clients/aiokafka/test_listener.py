"""The lane of a real consumer, held against what the consumer went through."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.protocol.group import LeaveGroupRequest

from assignors import StickyAssignor
from rebalance.clients.aiokafka import AssignmentFailedError, TraceListener, strategy
from rebalance.timeline.trace import (
    Assigned,
    Event,
    Header,
    Joined,
    Joining,
    Lost,
    MemberFailed,
    MemberStarted,
    MemberStopped,
    Revoked,
    Subscribed,
    Trace,
    parse_trace,
)
from tests.clients.aiokafka.group import TIMEOUTS, create_topics, until
from tests.support.brokers import KafkaBroker

Unique = Callable[[str], str]


def new_trace() -> Trace:
    return Trace(Header(source="test"))


def lane(trace: Trace, member: str) -> list[Event]:
    return [event for event in trace.events if getattr(event, "member", None) == member]


def kinds(events: list[Event]) -> list[str]:
    return [event.NAME for event in events]


def traced(
    broker: KafkaBroker, group_id: str, topic: str, trace: Trace, member: str, **options: Any
) -> tuple[AIOKafkaConsumer, TraceListener]:
    """A consumer of any kind, its lane in the trace."""
    used = options.pop("strategies", [])
    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker.bootstrap_servers,
        group_id=group_id,
        enable_auto_commit=False,
        **TIMEOUTS,
        **({"partition_assignment_strategy": used} if used else {}),
    )
    listener = TraceListener(trace, member=member, consumer=consumer, **options)
    consumer.subscribe([topic], listener=listener)
    for each in used:
        each.bind(consumer)
    return consumer, listener


async def test_lanes_of_two_consumers(kafka_broker: KafkaBroker, unique: Unique) -> None:
    topic, group_id = unique("topic"), unique("group")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 4})
    trace = new_trace()
    a, _ = traced(kafka_broker, group_id, topic, trace, "A")
    b, _ = traced(kafka_broker, group_id, topic, trace, "B")
    await a.start()
    await b.start()
    await until(lambda: len(a.assignment()) == len(b.assignment()) == 2)
    await until(lambda: kinds(lane(trace, "A")).count("assigned") == 2)
    await b.stop()
    await until(lambda: kinds(lane(trace, "A")).count("assigned") == 3)
    await a.stop()
    await until(lambda: kinds(lane(trace, "A"))[-1] == "member_stopped")

    turn = ["joining", "joined", "assigned"]
    revoked = ["revoked", *turn]
    assert kinds(lane(trace, "A")) == [
        "member_started", *turn, *revoked, *revoked, "member_stopped",
    ]  # fmt: skip
    assert kinds(lane(trace, "B")) == ["member_started", *turn, "member_stopped"]
    first = lane(trace, "A")
    assert first[0] == MemberStarted(t=first[0].t, group_id=group_id, member="A", topics=(topic,))
    joined = [event for event in first if isinstance(event, Joined)]
    assert [each.leader for each in joined] == [True, True, True]
    assert [each.generation_id for each in joined] == sorted(
        {each.generation_id for each in joined}
    )
    assert joined[0].member_id.startswith("aiokafka-")
    assert next(each for each in first if isinstance(each, Assigned)).partitions == {
        topic: (0, 1, 2, 3)
    }
    assert lane(trace, "B")[-1] == MemberStopped(
        t=lane(trace, "B")[-1].t, group_id=group_id, member="B", how="closed"
    )
    assert parse_trace(trace.lines()).events == trace.events


async def test_a_loss_is_no_revocation(kafka_broker: KafkaBroker, unique: Unique) -> None:
    topic, group_id = unique("topic"), unique("group")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 2})
    trace = new_trace()
    own = UsersOwn(trace)
    consumer, _ = traced(kafka_broker, group_id, topic, trace, "A", listener=own)
    await consumer.start()
    coordinator = consumer._coordinator
    await coordinator._send_req(LeaveGroupRequest(group_id, coordinator.member_id))
    await until(lambda: kinds(lane(trace, "A")).count("assigned") == 2)
    await consumer.stop()
    lost = [event for event in trace.events if isinstance(event, Lost)]
    assert [each.partitions for each in lost] == [{topic: (0, 1)}]
    assert "revoked" not in kinds(trace.events)
    assert [what for what, _, _ in own.told] == ["revoked", "assigned", "lost", "assigned"]


class UsersOwn(ConsumerRebalanceListener):  # type: ignore[misc]
    """Notes what it was told, and how long the trace was then."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.told: list[tuple[str, frozenset[TopicPartition], str]] = []

    async def on_partitions_revoked(self, revoked: Any) -> None:
        await asyncio.sleep(0)
        self.told.append(("revoked", frozenset(revoked), self.trace.events[-1].NAME))

    def on_partitions_lost(self, lost: Any) -> None:
        self.told.append(("lost", frozenset(lost), self.trace.events[-1].NAME))

    def on_partitions_assigned(self, assigned: Any) -> None:
        self.told.append(("assigned", frozenset(assigned), self.trace.events[-1].NAME))
        raise RuntimeError("a listener that fails does not spoil the trace")


async def test_the_users_listener_is_called_while_it_owns(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic, group_id = unique("topic"), unique("group")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 1})
    trace = new_trace()
    own = UsersOwn(trace)
    consumer, _ = traced(kafka_broker, group_id, topic, trace, "A", listener=own)
    await consumer.start()
    await until(lambda: kinds(trace.events).count("assigned") == 1)
    consumer._coordinator.request_rejoin()
    await until(lambda: kinds(trace.events).count("assigned") == 2)
    await consumer.stop()
    held = frozenset({TopicPartition(topic, 0)})
    assert own.told == [
        ("revoked", frozenset(), "member_started"),
        ("assigned", held, "assigned"),
        ("revoked", held, "assigned"),  # not yet written: it still owns
        ("assigned", held, "assigned"),
    ]


async def test_unsubscribing_ends_ownership(kafka_broker: KafkaBroker, unique: Unique) -> None:
    topic, group_id = unique("topic"), unique("group")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 1})
    trace = new_trace()
    consumer, _ = traced(kafka_broker, group_id, topic, trace, "A")
    await consumer.start()
    await consumer.seek_to_beginning()  # aiokafka does not bear it while its fetcher starts
    consumer.unsubscribe()  # and tells no listener
    await until(lambda: isinstance(trace.events[-1], Revoked))
    revoked = trace.events[-1]
    assert isinstance(revoked, Revoked)
    assert revoked.partitions == {topic: (0,)}
    await consumer.stop()


async def test_a_membership_that_dies_of_an_error(
    kafka_broker: KafkaBroker, unique: Unique
) -> None:
    topic, group_id = unique("topic"), unique("group")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 1})
    trace = new_trace()
    consumer, _ = traced(kafka_broker, group_id, topic, trace, "A")
    await consumer.start()

    async def dies(_: Any) -> None:
        raise ZeroDivisionError("a bug of aiokafka")

    consumer._coordinator._maybe_do_autocommit = dies
    consumer._coordinator.request_rejoin()
    await until(lambda: kinds(trace.events)[-1] == "member_failed")
    await consumer.stop()
    assert kinds(trace.events)[-3:] == ["lost", "member_failed", "member_stopped"]


async def test_a_membership_that_is_cancelled(kafka_broker: KafkaBroker, unique: Unique) -> None:
    topic, group_id = unique("topic"), unique("group")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 1})
    trace = new_trace()
    consumer, _ = traced(kafka_broker, group_id, topic, trace, "A")
    await consumer.start()
    consumer._coordinator._coordination_task.cancel()  # as when the event loop ends
    await until(lambda: isinstance(trace.events[-1], MemberStopped))
    await consumer.stop()
    last = trace.events[-1]
    assert isinstance(last, MemberStopped)
    assert last.how == "crashed"


async def test_a_pattern_that_matches_more(kafka_broker: KafkaBroker, unique: Unique) -> None:
    first, second = unique("topic"), unique("topic")
    await create_topics(kafka_broker.bootstrap_servers, {first: 1})
    trace = new_trace()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka_broker.bootstrap_servers,
        group_id=unique("group"),
        enable_auto_commit=False,
        metadata_max_age_ms=100,
        **TIMEOUTS,
    )
    listener = TraceListener(trace, member="A", consumer=consumer)
    consumer.subscribe(pattern=f"^({first}|{second})$", listener=listener)
    await consumer.start()
    await until(lambda: kinds(trace.events)[-1] == "assigned")
    await create_topics(kafka_broker.bootstrap_servers, {second: 1})
    await until(lambda: len(consumer.assignment()) == 2 and kinds(trace.events)[-1] == "assigned")
    await consumer.stop()
    subscribed = [event for event in trace.events if isinstance(event, Subscribed)]
    assert [each.topics for each in subscribed] == [tuple(sorted((first, second)))]


async def test_a_failed_assignor_is_in_the_trace(kafka_broker: KafkaBroker, unique: Unique) -> None:
    class Broken(StickyAssignor):
        def assign(self, cluster: Any, members: Any) -> Any:
            raise ZeroDivisionError("a bug of its author")

    topic, group_id = unique("topic"), unique("group")
    await create_topics(kafka_broker.bootstrap_servers, {topic: 1})
    trace = new_trace()
    consumer, _ = traced(kafka_broker, group_id, topic, trace, "A", strategies=[strategy(Broken())])
    with pytest.raises(AssignmentFailedError):
        await consumer.start()
    await consumer.stop()
    await until(lambda: isinstance(trace.events[-1], MemberStopped))
    assert kinds(trace.events) == ["member_started", "joining", "member_failed", "member_stopped"]
    failed = trace.events[2]
    assert isinstance(failed, MemberFailed)
    assert "a bug of its author" in failed.error


async def test_without_the_consumer_it_writes_what_it_is_told() -> None:
    trace = new_trace()
    now = itertools.count(5, 10)
    listener = TraceListener(trace, member="A", group_id="g", clock=lambda: next(now))
    await listener.on_partitions_revoked(set())
    await listener.on_partitions_assigned({TopicPartition("t", 1), TopicPartition("t", 0)})
    await listener.on_partitions_revoked({TopicPartition("t", 1), TopicPartition("t", 0)})
    listener.stopped("crashed")
    listener.stopped()
    await listener.on_partitions_assigned({TopicPartition("t", 0)})  # too late: nothing
    of_a: dict[str, Any] = {"group_id": "g", "member": "A"}
    assert trace.events == [
        MemberStarted(t=5, **of_a),
        Joining(t=15, **of_a),
        Assigned(t=25, partitions={"t": (0, 1)}, **of_a),
        Revoked(t=35, partitions={"t": (0, 1)}, **of_a),
        Joining(t=45, **of_a),
        MemberStopped(t=55, how="crashed", **of_a),
    ]


def test_a_clock_behind_another_writer_never_goes_back() -> None:
    trace = new_trace()
    trace.add(MemberStarted(t=100, group_id="g", member="B"))
    listener = TraceListener(trace, member="A", group_id="g", clock=lambda: 99)
    listener.failed(ValueError("x"))
    assert [event.t for event in trace.events] == [100, 100, 100]


def test_when_the_trace_began_must_be_known() -> None:
    trace = new_trace()
    trace.add(MemberStarted(t=100, group_id="g", member="B"))
    with pytest.raises(ValueError, match="when did it begin"):
        TraceListener(trace, member="A", group_id="g")
    TraceListener(
        Trace(Header(source="x", started_at_ms=0), trace.events), member="A", group_id="g"
    )
    with pytest.raises(ValueError, match="no group"):
        TraceListener(new_trace(), member="A")
