"""The broker's trace: the coordinator's view of real consumers, in the schema of traces."""

from __future__ import annotations

import itertools

import pytest
from aiokafka import AIOKafkaConsumer

from rebalance.broker import EmbeddedBroker
from rebalance.broker.tracing import Tracer
from rebalance.protocol import notices
from rebalance.protocol.causes import Cause
from rebalance.protocol.states import GroupState
from rebalance.timeline.trace import (
    AssignmentSent,
    CommitRefused,
    Event,
    GroupStateChanged,
    Header,
    JoinCompleted,
    MemberJoined,
    MemberRemoved,
    RebalanceStarted,
    TopicKnown,
    Trace,
    parse_trace,
)
from tests.broker.raw import run


def test_a_consumers_life_is_traced() -> None:
    async def main() -> None:
        trace = Trace(Header(source="broker"))
        settings = {"group.initial.rebalance.delay.ms": "0"}
        async with EmbeddedBroker(settings, trace=trace) as broker:
            broker.create_topic("orders", 3)
            consumer = AIOKafkaConsumer(
                "orders", bootstrap_servers=broker.bootstrap_servers, group_id="g"
            )
            await consumer.start()
            await consumer.stop()
        kinds = [type(event) for event in trace.events]
        assert kinds[0] is TopicKnown
        for kind in (MemberJoined, JoinCompleted, AssignmentSent, MemberRemoved):
            assert kinds.count(kind) == 1, kind
        (sent,) = (event for event in trace.events if isinstance(event, AssignmentSent))
        assert sent.partitions == {"orders": (0, 1, 2)}
        causes = [e.cause for e in trace.events if isinstance(e, RebalanceStarted)]
        assert causes == ["member joined", "member left"]
        states = [e.state for e in trace.events if isinstance(e, GroupStateChanged)]
        assert states == [
            "PreparingRebalance",
            "CompletingRebalance",
            "Stable",
            "PreparingRebalance",
            "Empty",
        ]
        assert parse_trace(trace.lines()).events == trace.events

    run(main())


def test_a_deleted_topic_is_known_to_have_no_partitions() -> None:
    trace = Trace(Header(source="broker"))
    tracer = Tracer(trace, lambda: 5)
    tracer.topic("orders", 0)
    assert trace.events == [TopicKnown(t=5, topic="orders", partitions=0)]


@pytest.mark.parametrize(
    ("notice", "event"),
    [
        (
            notices.StateChanged(
                group_id="g", previous=GroupState.EMPTY, state=GroupState.DEAD, generation_id=4
            ),
            GroupStateChanged(t=1, group_id="g", previous="Empty", state="Dead", generation_id=4),
        ),
        (
            notices.MemberAdded(group_id="g", member_id="m", client_id="c", group_instance_id="i"),
            MemberJoined(t=1, group_id="g", member_id="m", client_id="c", group_instance_id="i"),
        ),
        (
            notices.MemberRemoved(group_id="g", member_id="m", cause=Cause.SESSION_EXPIRED),
            MemberRemoved(t=1, group_id="g", member_id="m", cause="session expired"),
        ),
        (
            notices.RebalanceStarted(
                group_id="g",
                generation_id=3,
                cause=Cause.MEMBER_JOINED,
                member_id="m",
                reason="r",
            ),
            RebalanceStarted(
                t=1,
                group_id="g",
                generation_id=3,
                cause="member joined",
                member_id="m",
                reason="r",
            ),
        ),
        (
            notices.AssignmentSent(
                group_id="g", generation_id=3, member_id="m", assignment=b"not a consumer's"
            ),
            AssignmentSent(t=1, group_id="g", generation_id=3, member_id="m", partitions={}),
        ),
        (
            notices.CommitRefused(
                group_id="g", member_id="m", generation_id=3, error="ILLEGAL_GENERATION"
            ),
            CommitRefused(
                t=1, group_id="g", member_id="m", generation_id=3, error="ILLEGAL_GENERATION"
            ),
        ),
    ],
)
def test_every_notice_has_its_line(notice: notices.Notice, event: Event) -> None:
    trace = Trace(Header(source="broker"))
    clock = itertools.count(1)
    Tracer(trace, lambda: next(clock)).notice(notice)
    assert trace.events == [event]


def test_without_a_trace_nothing_is_read_from_the_clock() -> None:
    def broken() -> int:
        raise AssertionError

    tracer = Tracer(None, broken)
    tracer.topic("orders", 1)
    tracer.notice(notices.MemberRemoved(group_id="g", member_id="m", cause=Cause.UNKNOWN))
