"""One door for the state: every way that the table shows exists, and there is no other door."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import rebalance.member
from rebalance.member import ClassicMember, MemberConfig
from rebalance.member import events as e
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import HeartbeatRequest, JoinGroupRequest
from rebalance.protocol.states import MEMBER_TRANSITIONS, IllegalTransition, MemberState
from tests.member.hand import Eager, Hand, parts

S = MemberState
Act = Callable[[Hand], object]


def _finding(hand: Hand) -> None:
    """Joined before, parted from the coordinator while syncing."""
    hand.start().joined()
    hand.wait(3000)
    hand.no_answer(HeartbeatRequest)


def _assigning(hand: Hand) -> None:
    hand.start().joined(leads={})


def _stale(hand: Hand) -> None:
    hand.stable()
    _stop_polling(hand)


def _fail(hand: Hand) -> None:
    hand.wait(3000)
    hand.beat(ErrorCode.GROUP_AUTHORIZATION_FAILED)


def _lost(hand: Hand) -> None:
    hand.wait(3000)
    hand.beat(ErrorCode.UNKNOWN_MEMBER_ID)


def _parted(hand: Hand) -> None:
    hand.wait(3000)
    hand.no_answer(HeartbeatRequest)


def _stop_polling(hand: Hand) -> None:
    """Every heartbeat is answered, nobody polls."""
    for _ in range(99):
        hand.wait(3000)
        if hand.waits_for(HeartbeatRequest):
            hand.beat()
    hand.wait(3000)


def _subscribed_after_leaving(hand: Hand) -> None:
    hand.stable().tell(e.Unsubscribe())
    hand.left()


def _polled(hand: Hand) -> None:
    hand.tell(e.Polled())


def _parted_stale(hand: Hand) -> None:
    hand.stable()
    hand.wait(300_000)
    assert hand.member.state is S.STALE


def _close(hand: Hand) -> None:
    hand.tell(e.Close())


REACH: dict[MemberState, Act] = {
    S.UNSUBSCRIBED: lambda hand: None,
    S.FINDING_COORDINATOR: _finding,
    S.PREPARING_JOIN: lambda hand: hand.stable(0).rebalances(),
    S.JOINING: lambda hand: hand.stable().rebalances(),
    S.ASSIGNING: _assigning,
    S.SYNCING: lambda hand: hand.start().joined(),
    S.RECONCILING: lambda hand: (hand.start().joined(), hand.synced(parts(0))),
    S.STABLE: lambda hand: hand.stable(0),
    S.STALE: _stale,
    S.LEAVING: lambda hand: hand.stable().tell(e.Unsubscribe()),
    S.FAILED: lambda hand: (hand.stable(), _fail(hand)),
}


def _finish_join(hand: Hand) -> None:
    hand.positions()
    hand.committed()
    hand.done(e.Revoke)


def _parted_release(hand: Hand) -> None:
    hand.positions()
    hand.committed(ErrorCode.NOT_COORDINATOR)
    hand.wait(30_000)
    hand.done(e.Revoke)


LEAVE: dict[tuple[MemberState, MemberState], Act] = {
    (S.UNSUBSCRIBED, S.FINDING_COORDINATOR): lambda hand: hand.tell(e.Subscribe(topics=("t",))),
    (S.UNSUBSCRIBED, S.STOPPED): _close,
    (S.FINDING_COORDINATOR, S.PREPARING_JOIN): lambda hand: hand.found(2),
    (S.PREPARING_JOIN, S.JOINING): _finish_join,
    (S.PREPARING_JOIN, S.FINDING_COORDINATOR): _parted_release,
    (S.PREPARING_JOIN, S.STALE): _stop_polling,
    (S.PREPARING_JOIN, S.FAILED): _fail,
    (S.JOINING, S.ASSIGNING): lambda hand: hand.joined(leads={}),
    (S.JOINING, S.SYNCING): lambda hand: hand.joined(),
    (S.JOINING, S.PREPARING_JOIN): lambda hand: hand.refused(ErrorCode.REBALANCE_IN_PROGRESS),
    (S.JOINING, S.FINDING_COORDINATOR): lambda hand: hand.no_answer(JoinGroupRequest),
    (S.JOINING, S.FAILED): lambda hand: hand.refused(ErrorCode.GROUP_MAX_SIZE_REACHED),
    (S.ASSIGNING, S.SYNCING): lambda hand: hand.plan(),
    (S.ASSIGNING, S.PREPARING_JOIN): _lost,
    (S.ASSIGNING, S.FINDING_COORDINATOR): _parted,
    (S.ASSIGNING, S.STALE): _stop_polling,
    (S.ASSIGNING, S.FAILED): _fail,
    (S.SYNCING, S.RECONCILING): lambda hand: hand.synced(parts(0)),
    (S.SYNCING, S.PREPARING_JOIN): lambda hand: hand.sync_refused(ErrorCode.REBALANCE_IN_PROGRESS),
    (S.SYNCING, S.FINDING_COORDINATOR): lambda hand: hand.sync_refused(ErrorCode.NOT_COORDINATOR),
    (S.SYNCING, S.FAILED): lambda hand: hand.sync_refused(ErrorCode.GROUP_AUTHORIZATION_FAILED),
    (S.RECONCILING, S.STABLE): lambda hand: hand.done(e.Assign),
    (S.RECONCILING, S.PREPARING_JOIN): _lost,
    (S.RECONCILING, S.STALE): _stop_polling,
    (S.RECONCILING, S.FAILED): _fail,
    (S.STABLE, S.PREPARING_JOIN): lambda hand: hand.tell(e.EnforceRebalance()),
    (S.STABLE, S.STALE): _stop_polling,
    (S.STABLE, S.FAILED): _fail,
    (S.STALE, S.PREPARING_JOIN): _polled,
    (S.LEAVING, S.UNSUBSCRIBED): lambda hand: hand.left(),
    (S.LEAVING, S.STOPPED): lambda hand: (_close(hand), hand.left()),
}
for state in (
    S.FINDING_COORDINATOR,
    S.PREPARING_JOIN,
    S.JOINING,
    S.ASSIGNING,
    S.SYNCING,
    S.RECONCILING,
    S.STABLE,
    S.STALE,
    S.FAILED,
):
    LEAVE[state, S.LEAVING] = _close

BY_ANOTHER_WAY: dict[tuple[MemberState, MemberState], tuple[Act, Act]] = {
    (S.UNSUBSCRIBED, S.PREPARING_JOIN): (
        _subscribed_after_leaving,
        lambda hand: hand.tell(e.Subscribe(topics=("t",))),
    ),
    (S.FINDING_COORDINATOR, S.STALE): (_finding, lambda hand: hand.wait(300_000)),
    (S.FINDING_COORDINATOR, S.FAILED): (
        lambda hand: hand.tell(e.Subscribe(topics=("t",))),
        lambda hand: hand.lookup_refused(ErrorCode.GROUP_AUTHORIZATION_FAILED),
    ),
    (S.STALE, S.FINDING_COORDINATOR): (_parted_stale, _polled),
    (S.SYNCING, S.STALE): (
        lambda hand: hand.start().joined(),
        _stop_polling,
    ),
}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (before, after)
        for before, targets in MEMBER_TRANSITIONS.items()
        for after in sorted(targets, key=lambda s: s.name)
    ],
    ids=lambda state: state.name.lower(),
)
def test_every_transition_of_the_table_exists(before: MemberState, after: MemberState) -> None:
    hand = Hand(request_timeout_ms=400_000 if before is S.SYNCING else 30_000)
    reach, leave = BY_ANOTHER_WAY.get((before, after), (None, None))
    if reach is None or leave is None:
        reach, leave = REACH[before], LEAVE[before, after]
    reach(hand)
    assert hand.member.state is before
    seen = len(hand.log)
    leave(hand)
    changes = [x for x in hand.log[seen:] if isinstance(x, e.MemberStateChanged)]
    assert e.MemberStateChanged(previous=before, state=after) in changes


def test_the_door_refuses_what_the_table_does_not_show() -> None:
    member = ClassicMember(MemberConfig(group_id="g"), [Eager()])
    with pytest.raises(IllegalTransition, match=r"UNSUBSCRIBED.*STABLE"):
        member._core.enter(S.STABLE)
    assert member.state is S.UNSUBSCRIBED


def test_nothing_else_assigns_the_state() -> None:
    room = Path(rebalance.member.__file__).parent
    doors = [
        path.name
        for path in sorted(room.glob("*.py"))
        for _ in re.findall(r"_state\s*(?::[^=\n]+)?=[^=]|setattr", path.read_text())
    ]
    assert doors == ["core.py", "core.py"], "its first value, and the door"
