"""The broker's trace: the coordinator's view of real consumers, in the schema of traces."""

from __future__ import annotations

import asyncio
import errno
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
    clock = itertools.count()
    tracer = Tracer(None, lambda: next(clock))
    tracer.topic("orders", 1)
    tracer.notice(_REMOVED)
    assert next(clock) == 0


_REMOVED = notices.MemberRemoved(group_id="g", member_id="m", cause=Cause.SESSION_EXPIRED)


class _FullDisk:
    """A trace's `watch` that writes some events and then no more."""

    def __init__(self, room: int) -> None:
        self.left = room
        self.calls = 0

    def __call__(self, event: Event) -> None:
        self.calls += 1
        if self.left == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.left -= 1


def test_a_trace_that_fails_is_told_once_and_written_no_further(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watch = _FullDisk(1)
    tracer = Tracer(Trace(Header(source="broker"), watch=watch), lambda: 5)
    tracer.topic("orders", 1)
    for _ in range(3):
        tracer.notice(_REMOVED)
        tracer.topic("bills", 1)
    assert watch.calls == 2
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("rebalance.broker", "WARNING")
    assert record.getMessage() == (
        "the trace ends here, the broker goes on: [Errno 28] No space left on device"
    )
    assert record.exc_info is not None


def test_a_clock_that_fails_or_goes_back_ends_the_trace_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken() -> int:
        raise ZeroDivisionError

    Tracer(Trace(Header(source="broker")), broken).topic("orders", 1)
    times = iter([5, 4])
    trace = Trace(Header(source="broker"))
    tracer = Tracer(trace, lambda: next(times))
    tracer.topic("orders", 1)
    tracer.topic("bills", 1)
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
    assert len(trace.events) == 1


@pytest.mark.parametrize("room", range(8))
def test_a_trace_that_fails_keeps_nothing_from_the_group(
    room: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Each event of the group's birth is the first that fails once; replies and timers go on."""

    async def main() -> None:
        watch = _FullDisk(room)
        settings = {"group.initial.rebalance.delay.ms": "20"}
        trace = Trace(Header(source="broker"), watch=watch)
        async with EmbeddedBroker(settings, trace=trace) as broker:
            broker.create_topic("orders", 3)
            consumer = AIOKafkaConsumer(
                "orders", bootstrap_servers=broker.bootstrap_servers, group_id="g"
            )
            async with asyncio.timeout(10):
                await consumer.start()
            assert len(consumer.assignment()) == 3
            await consumer.stop()
        assert watch.calls == room + 1

    run(main())
    assert len([r for r in caplog.records if r.name == "rebalance.broker"]) == 1
