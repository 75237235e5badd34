"""From the coordinator's notices to lines of a trace.

The broker sees the coordinator's view and the topics, never what a member believes; it writes no
event of a member's view.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from assignors.codec import CodecError, decode_assignment
from rebalance.protocol import notices
from rebalance.timeline import trace as lines

if TYPE_CHECKING:
    from rebalance.timeline.trace import Event, Partitions, Trace

__all__ = ["Tracer"]


class Tracer:
    """Writes to a `Trace`, or does nothing without one."""

    __slots__ = ("_clock", "_trace")

    def __init__(self, trace: Trace | None, clock: Callable[[], int] | None) -> None:
        self._trace = trace
        self._clock = clock or _since_now()

    def topic(self, name: str, partitions: int) -> None:
        """A topic was created, or deleted (0 partitions)."""
        if self._trace is not None:
            self._trace.add(lines.TopicKnown(t=self._clock(), topic=name, partitions=partitions))

    def notice(self, notice: notices.Notice) -> None:
        """What the coordinator told."""
        if self._trace is not None:
            self._trace.add(_event(notice, self._clock()))


def _since_now() -> Callable[[], int]:
    loop = asyncio.get_running_loop()
    origin = loop.time()
    return lambda: int((loop.time() - origin) * 1000)


def _event(notice: notices.Notice, t: int) -> Event:
    match notice:
        case notices.StateChanged():
            return lines.GroupStateChanged(
                t=t,
                group_id=notice.group_id,
                previous=notice.previous.value,
                state=notice.state.value,
                generation_id=notice.generation_id,
            )
        case notices.MemberAdded():
            return lines.MemberJoined(
                t=t,
                group_id=notice.group_id,
                member_id=notice.member_id,
                client_id=notice.client_id,
                group_instance_id=notice.group_instance_id,
            )
        case notices.MemberRemoved():
            return lines.MemberRemoved(
                t=t,
                group_id=notice.group_id,
                member_id=notice.member_id,
                cause=notice.cause.value,
            )
        case notices.RebalanceStarted() | notices.JoinCompleted():
            return _rebalance(notice, t)
        case notices.AssignmentSent():
            return lines.AssignmentSent(
                t=t,
                group_id=notice.group_id,
                generation_id=notice.generation_id,
                member_id=notice.member_id,
                partitions=_partitions(notice.assignment),
            )
        case notices.CommitRefused():
            return lines.CommitRefused(
                t=t,
                group_id=notice.group_id,
                member_id=notice.member_id,
                generation_id=notice.generation_id,
                error=notice.error,
            )


def _rebalance(notice: notices.RebalanceStarted | notices.JoinCompleted, t: int) -> Event:
    if isinstance(notice, notices.RebalanceStarted):
        return lines.RebalanceStarted(
            t=t,
            group_id=notice.group_id,
            generation_id=notice.generation_id,
            cause=notice.cause.value,
            member_id=notice.member_id,
            reason=notice.reason,
        )
    return lines.JoinCompleted(
        t=t,
        group_id=notice.group_id,
        generation_id=notice.generation_id,
        protocol_name=notice.protocol_name,
        leader=notice.leader,
        members=notice.members,
    )


def _partitions(assignment: bytes) -> Partitions:
    """What a consumer's assignment gives; nothing where it is not a consumer's or unreadable."""
    try:
        decoded = decode_assignment(assignment)
    except CodecError:
        return {}
    return {topic: tuple(ids.tolist()) for topic, ids in decoded.partitions.by_topic.items()}
