"""Every notice of the machines has its line in a trace, and only notices have."""

from typing import get_args

import pytest

from assignors.codec import encode_assignment
from assignors.model import PartitionSet
from rebalance import tracing
from rebalance.member import events
from rebalance.protocol import effects, notices
from rebalance.protocol.causes import Cause
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.responses import HeartbeatResponse
from rebalance.protocol.states import GroupState, MemberState
from rebalance.timeline import trace

ORDERS = PartitionSet({"orders": range(3), "payments": [7]})
AS_TOLD = {"orders": (0, 1, 2), "payments": (7,)}

COORDINATOR = [
    (
        notices.StateChanged(
            group_id="g", previous=GroupState.EMPTY, state=GroupState.STABLE, generation_id=4
        ),
        trace.GroupStateChanged(
            t=9, group_id="g", previous="Empty", state="Stable", generation_id=4
        ),
    ),
    (
        notices.MemberAdded(group_id="g", member_id="m", client_id="c", group_instance_id="i"),
        trace.MemberJoined(t=9, group_id="g", member_id="m", client_id="c", group_instance_id="i"),
    ),
    (
        notices.MemberRemoved(group_id="g", member_id="m", cause=Cause.SESSION_EXPIRED),
        trace.MemberRemoved(t=9, group_id="g", member_id="m", cause="session expired"),
    ),
    (
        notices.RebalanceStarted(
            group_id="g", generation_id=4, cause=Cause.MEMBER_LEFT, member_id="m", reason="r"
        ),
        trace.RebalanceStarted(
            t=9, group_id="g", generation_id=4, cause="member left", member_id="m", reason="r"
        ),
    ),
    (
        notices.JoinCompleted(
            group_id="g",
            generation_id=4,
            protocol_type="consumer",
            protocol_name="range",
            leader="m",
            members=("m", "n"),
        ),
        trace.JoinCompleted(
            t=9,
            group_id="g",
            generation_id=4,
            protocol_name="range",
            leader="m",
            members=("m", "n"),
        ),
    ),
    (
        notices.GroupWaits(group_id="g", generation_id=4, waits_for="join", members=("m",)),
        trace.GroupWaits(t=9, group_id="g", generation_id=4, waits_for="join", members=("m",)),
    ),
    (
        notices.CommitRefused(group_id="g", member_id="m", generation_id=4, error="E"),
        trace.CommitRefused(t=9, group_id="g", member_id="m", generation_id=4, error="E"),
    ),
]

MEMBER = [
    (
        events.JoinStarted(member_id="m", reason="r"),
        trace.Joining(t=9, group_id="g", member="a", member_id="m", reason="r"),
    ),
    (
        events.GenerationJoined(member_id="m", generation_id=4, leader=True, protocol_name="range"),
        trace.Joined(t=9, group_id="g", member="a", member_id="m", generation_id=4, leader=True),
    ),
    (
        events.Revoke(token=1, partitions=ORDERS),
        trace.Revoked(t=9, group_id="g", member="a", partitions=AS_TOLD),
    ),
    (
        events.Assign(token=1, partitions=ORDERS, generation_id=4),
        trace.Assigned(t=9, group_id="g", member="a", partitions=AS_TOLD, generation_id=4),
    ),
    (
        events.Assign(token=1, partitions=PartitionSet(), generation_id=4),
        trace.Assigned(t=9, group_id="g", member="a", partitions={}, generation_id=4),
    ),
    (
        events.Lose(token=1, partitions=ORDERS),
        trace.Lost(t=9, group_id="g", member="a", partitions=AS_TOLD),
    ),
    (
        events.Failed(error="fenced", code=ErrorCode.FENCED_INSTANCE_ID),
        trace.MemberFailed(t=9, group_id="g", member="a", error="fenced"),
    ),
]


@pytest.mark.parametrize(("notice", "event"), COORDINATOR, ids=lambda each: type(each).__name__)
def test_coordinators_notice(notice: effects.Effect, event: trace.Event) -> None:
    assert tracing.coordinator_event(notice, 9) == event


@pytest.mark.parametrize(("effect", "event"), MEMBER, ids=lambda each: type(each).__name__)
def test_members_effect(effect: events.MemberEffect, event: trace.Event) -> None:
    assert tracing.member_events(effect, 9, group_id="g", member="a") == event


@pytest.mark.parametrize(
    ("assignment", "partitions"),
    [(encode_assignment(ORDERS), AS_TOLD), (b"", {}), (b"not Kafka's", {})],
)
def test_assignment_is_decoded_or_empty(
    assignment: bytes, partitions: dict[str, tuple[int, ...]]
) -> None:
    notice = notices.AssignmentSent(
        group_id="g", generation_id=4, member_id="m", assignment=assignment
    )
    assert tracing.coordinator_event(notice, 9) == trace.AssignmentSent(
        t=9, group_id="g", generation_id=4, member_id="m", partitions=partitions
    )


def test_every_notice_of_the_coordinator_is_translated() -> None:
    translated = {type(notice) for notice, _ in COORDINATOR} | {notices.AssignmentSent}
    assert translated == set(get_args(notices.Notice))


def test_the_rest_is_no_event() -> None:
    assert (
        tracing.coordinator_event(effects.Reply(token=1, response=HeartbeatResponse()), 9) is None
    )
    assert tracing.coordinator_event(effects.Append(token=1, group_id="g", records=()), 9) is None
    silent: list[events.MemberEffect] = [
        events.Revoke(token=1, partitions=PartitionSet()),
        events.Lose(token=1, partitions=PartitionSet()),
        events.TakePositions(token=1, partitions=ORDERS),
        events.MemberStateChanged(previous=MemberState.STABLE, state=MemberState.LEAVING),
        events.CommitFinished(commit_id=1, refused={}),
    ]
    for effect in silent:
        assert tracing.member_events(effect, 9, group_id="g", member="a") is None
