"""The lane of a real kafka-python consumer, held against what the consumer went through."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kafka.consumer.subscription_state import AsyncConsumerRebalanceListener

from rebalance.clients.kafka_python import TraceListener, strategy
from rebalance.timeline.trace import (
    Assigned,
    Event,
    Header,
    Joined,
    MemberStarted,
    MemberStopped,
    Trace,
)
from tests.clients.broken import Breaking, raises
from tests.clients.kafka_python.group import (
    Heard,
    Member,
    close,
    consumer_with,
    create_topics,
    wait_until,
)
from tests.clients.kafka_python.test_adapter import _expel
from tests.support.brokers import KafkaBroker

Unique = Callable[[str], str]
TURN = ["joining", "joined", "assigned"]


def new_trace() -> Trace:
    return Trace(Header(source="test", started_at_ms=int(time.time() * 1000)))


def lane(trace: Trace, member: str) -> list[Event]:
    return [event for event in list(trace.events) if getattr(event, "member", None) == member]


def kinds(trace: Trace, member: str) -> list[str]:
    return [event.NAME for event in lane(trace, member)]


Traced = Callable[..., Member]


@pytest.fixture
def traced(kafka_broker: KafkaBroker) -> Iterator[Traced]:
    """Makes consumers with a lane in a trace; all are ended with the test."""
    made: list[Member] = []

    def make(group_id: str, topic: str, trace: Trace, name: str, **options: Any) -> Member:
        used = strategy(options.pop("assignor", "sticky"))
        consumer = used.bind(consumer_with(kafka_broker.bootstrap_servers, group_id, [], used))
        listener = TraceListener(trace, member=name, consumer=consumer, **options)
        consumer.subscribe([topic], listener=listener)
        made.append(Member(consumer, used))
        return made[-1]

    yield make
    for each in made:
        each.end()


def test_lanes_of_two_eager_consumers(
    kafka_broker: KafkaBroker, unique: Unique, traced: Traced
) -> None:
    topic, group_id = unique("topic"), unique("group")
    create_topics(kafka_broker.bootstrap_servers, {topic: 4})
    trace = new_trace()
    a = traced(group_id, topic, trace, "A")
    wait_until(lambda: kinds(trace, "A").count("assigned") == 1 and a.at_rest, "A has all")
    b = traced(group_id, topic, trace, "B")
    wait_until(lambda: kinds(trace, "A").count("assigned") == 2, "A has half")
    wait_until(lambda: kinds(trace, "B").count("assigned") == 1, "B has half")
    b.end()
    wait_until(lambda: kinds(trace, "A").count("assigned") == 3, "A has all again")
    a.end()
    revoked = ["revoked", *TURN]
    assert kinds(trace, "A") == [
        "member_started", *TURN, *revoked, *revoked, "revoked", "member_stopped",
    ]  # fmt: skip
    assert kinds(trace, "B") == ["member_started", *TURN, "revoked", "member_stopped"]
    first = lane(trace, "A")
    assert first[0] == MemberStarted(t=first[0].t, group_id=group_id, member="A", topics=(topic,))
    joined = [event for event in first if isinstance(event, Joined)]
    assert [each.leader for each in joined] == [True, True, True]
    assert [each.generation_id for each in joined] == sorted(
        {each.generation_id for each in joined}
    )
    assert next(each for each in first if isinstance(each, Assigned)).partitions == {
        topic: (0, 1, 2, 3)
    }
    assert first[-1] == MemberStopped(t=first[-1].t, group_id=group_id, member="A", how="closed")


def test_a_cooperative_consumer_revokes_only_what_it_gives_up(
    kafka_broker: KafkaBroker, unique: Unique, traced: Traced
) -> None:
    topic, group_id = unique("topic"), unique("group")
    create_topics(kafka_broker.bootstrap_servers, {topic: 4})
    trace = new_trace()
    name = "cooperative-sticky"
    a = traced(group_id, topic, trace, "A", assignor=name)
    wait_until(lambda: kinds(trace, "A").count("assigned") == 1 and a.at_rest, "A has all")
    b = traced(group_id, topic, trace, "B", assignor=name)
    wait_until(lambda: len(b.owned) == 2 and a.at_rest and b.at_rest, "B has half")
    seen = lane(trace, "A")
    b.end()
    a.end()
    # The second turn takes two away, the third, which follows at once, brings nothing new.
    assert [each.NAME for each in seen] == [
        "member_started", *TURN, "joining", "joined", "revoked", "assigned", *TURN,
    ]  # fmt: skip
    assigned = [each.partitions for each in seen if isinstance(each, Assigned)]
    assert assigned == [{topic: (0, 1, 2, 3)}, {}, {}]
    revoked = next(each for each in seen if each.NAME == "revoked")
    assert len(revoked.partitions[topic]) == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("assignor", ["sticky", "cooperative-sticky"])
def test_a_loss(kafka_broker: KafkaBroker, unique: Unique, traced: Traced, assignor: str) -> None:
    topic, group_id = unique("topic"), unique("group")
    create_topics(kafka_broker.bootstrap_servers, {topic: 4})
    trace, heard = new_trace(), Heard()
    a = traced(group_id, topic, trace, "A", assignor=assignor, listener=heard)
    wait_until(lambda: len(a.owned) == 4 and a.at_rest, "A has all")
    _expel(a)
    wait_until(lambda: kinds(trace, "A").count("assigned") == 2, "A is back")
    a.end()
    assert kinds(trace, "A")[:8] == ["member_started", *TURN, "lost", *TURN]
    assert [name for name, _ in heard.calls if name != "revoked" or _] == [
        "assigned", "lost", "assigned", "revoked",
    ]  # fmt: skip


def test_a_failed_assignor(kafka_broker: KafkaBroker, unique: Unique, traced: Traced) -> None:
    topic, group_id = unique("topic"), unique("group")
    create_topics(kafka_broker.bootstrap_servers, {topic: 4})
    trace = new_trace()
    a = traced(group_id, topic, trace, "A", assignor=Breaking(raises))
    a.failed()
    a.end()
    assert kinds(trace, "A") == ["member_started", "joining", "member_failed", "member_stopped"]


def test_unsubscribe(kafka_broker: KafkaBroker, unique: Unique) -> None:
    topic, group_id = unique("topic"), unique("group")
    create_topics(kafka_broker.bootstrap_servers, {topic: 4})
    trace = new_trace()
    used = strategy("sticky")
    consumer = used.bind(consumer_with(kafka_broker.bootstrap_servers, group_id, [], used))
    consumer.subscribe([topic], listener=TraceListener(trace, member="A", consumer=consumer))
    while len(consumer.assignment()) < 4:
        consumer.poll(timeout_ms=20)
    consumer.unsubscribe()
    unsubscribed = kinds(trace, "A")
    close(consumer)
    assert unsubscribed[-1] == "revoked"
    assert kinds(trace, "A")[-1] == "member_stopped"


def test_an_async_listener_of_the_user_is_awaited(
    kafka_broker: KafkaBroker, unique: Unique, traced: Traced
) -> None:
    class Awaited(AsyncConsumerRebalanceListener):  # type: ignore[misc]
        def __init__(self) -> None:
            self.done: list[str] = []

        async def on_partitions_revoked(self, revoked: Any) -> None:
            self.done.append("revoked")

        async def on_partitions_assigned(self, assigned: Any) -> None:
            self.done.append("assigned")

        async def on_partitions_lost(self, lost: Any) -> None:
            self.done.append("lost")

    topic, group_id = unique("topic"), unique("group")
    create_topics(kafka_broker.bootstrap_servers, {topic: 1})
    heard = Awaited()
    a = traced(group_id, topic, new_trace(), "A", listener=heard)
    wait_until(lambda: "assigned" in heard.done, "it is assigned")
    a.end()
    assert heard.done == ["revoked", "assigned", "revoked"]  # kafka-python tells an empty one first


def test_without_a_consumer() -> None:
    with pytest.raises(ValueError, match="no group"):
        TraceListener(new_trace(), member="A")
