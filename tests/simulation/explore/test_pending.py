"""G04 where time stands still: an id is waited for until a timer says that it was long enough."""

import pytest

from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import (
    GroupProtocol,
    JoinGroupRequest,
    LeaveGroupRequest,
    LeavingMember,
)
from rebalance.protocol.responses import JoinGroupResponse, LeaveGroupResponse, LeftMember
from rebalance.protocol.timers import TimerKey, TimerKind
from rebalance.simulation.checkers import Checkers, Fact, TimerFired
from rebalance.simulation.explore.pending import PendingIsWaitedFor
from rebalance.simulation.views import Views
from rebalance.timeline import trace
from tests.simulation.checkers.wire import (
    AGAIN,
    STABLE,
    answered,
    completed,
    joined,
    removed,
    state,
)

JOIN = JoinGroupRequest(
    group_id="g",
    session_timeout_ms=10_000,
    rebalance_timeout_ms=60_000,
    member_id="",
    protocol_type="consumer",
    protocols=(GroupProtocol(name="range", metadata=b""),),
)
PENDING = answered(JOIN, JoinGroupResponse(error=ErrorCode.MEMBER_ID_REQUIRED, member_id="b"))
LEFT = answered(
    LeaveGroupRequest(group_id="g", members=(LeavingMember(member_id="b"),)),
    LeaveGroupResponse(members=(LeftMember(member_id="b"),)),
)


def rules(*facts: Fact) -> list[str]:
    """What is found wrong, in order."""
    checkers = Checkers(Views(), lambda lane: True)
    checkers.add(PendingIsWaitedFor(checkers.report))
    for fact in facts:
        if isinstance(fact, trace.Event):
            checkers.check(fact)
        else:
            checkers.told(fact)
    return [violation.rule for violation in checkers.violations]


def fired(kind: TimerKind, member_id: str = "") -> TimerFired:
    return TimerFired(TimerKey(kind=kind, group_id="g", member_id=member_id))


def test_g04_a_generation_without_a_pending_id() -> None:
    assert rules(*STABLE, PENDING, AGAIN, *completed(2, "a")) == ["G04"]


@pytest.mark.parametrize(
    "fact",
    [joined("b"), LEFT, fired(TimerKind.SESSION, "b"), fired(TimerKind.JOIN)],
    ids=["joined", "left", "given up on", "rebalance timeout"],
)
def test_g04_an_id_is_waited_for_until(fact: Fact) -> None:
    assert rules(*STABLE, PENDING, AGAIN, fact, *completed(2, "a")) == []


def test_g04_and_j10_the_initial_delay_waits_for_no_pending_id() -> None:
    assert rules(PENDING, *STABLE) == []


def test_g04_and_g05_a_group_without_members_has_no_patience() -> None:
    emptied = (removed("a"), AGAIN, state("PreparingRebalance", "Empty", 2))
    assert rules(*STABLE, PENDING, *emptied) == []
