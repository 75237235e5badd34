"""The two ledgers, rule by rule: events in, holds of one partition out."""

import pytest

from rebalance.timeline.events import (
    Assigned,
    AssignmentSent,
    Event,
    GroupStateChanged,
    JoinCompleted,
    Joined,
    Lost,
    MemberFailed,
    MemberJoined,
    MemberPaused,
    MemberRemoved,
    MemberStopped,
    Partitions,
    Revoked,
)
from rebalance.timeline.ownership import Cell, CoordinatorLedger, Hold, MemberLedger

G = "g"
P0: Partitions = {"t": (0,)}


def assigned(t: int, member: str, partitions: Partitions = P0) -> Assigned:
    return Assigned(t=t, group_id=G, member=member, partitions=partitions)


def revoked(t: int, member: str, partitions: Partitions = P0) -> Revoked:
    return Revoked(t=t, group_id=G, member=member, partitions=partitions)


def joined(t: int, member: str, member_id: str) -> Joined:
    return Joined(t=t, group_id=G, member=member, member_id=member_id, generation_id=1)


def removed(t: int, member_id: str) -> MemberRemoved:
    return MemberRemoved(t=t, group_id=G, member_id=member_id, cause="session expired")


def sent(t: int, member_id: str, generation_id: int, partitions: Partitions = P0) -> AssignmentSent:
    return AssignmentSent(
        t=t, group_id=G, generation_id=generation_id, member_id=member_id, partitions=partitions
    )


def completed(t: int, generation_id: int) -> JoinCompleted:
    return JoinCompleted(
        t=t, group_id=G, generation_id=generation_id, protocol_name="range", leader="a", members=()
    )


MEMBER_CASES: dict[str, tuple[bool, list[Event], list[Hold]]] = {
    "assigned to revoked": (
        True,
        [assigned(1, "A"), revoked(5, "A")],
        [Hold(1, 5, "A")],
    ),
    "a revoke of another partition changes nothing": (
        True,
        [assigned(1, "A"), revoked(5, "A", {"t": (1,)})],
        [Hold(1, 9, "A")],
    ),
    "lost ends it": (
        True,
        [assigned(1, "A"), Lost(t=4, group_id=G, member="A", partitions=P0)],
        [Hold(1, 4, "A")],
    ),
    "a crash ends it": (
        True,
        [assigned(1, "A"), MemberStopped(t=4, group_id=G, member="A", how="crashed")],
        [Hold(1, 4, "A")],
    ),
    "a fatal error ends it": (
        True,
        [assigned(1, "A"), MemberFailed(t=4, group_id=G, member="A", error="FENCED_INSTANCE_ID")],
        [Hold(1, 4, "A")],
    ),
    "a hold of no duration is one: the partition went there": (
        True,
        [assigned(1, "A"), revoked(1, "A")],
        [Hold(1, 1, "A")],
    ),
    "assigned again goes on": (True, [assigned(1, "A"), assigned(4, "A")], [Hold(1, 9, "A")]),
    "two at once are two": (
        True,
        [assigned(1, "A"), assigned(4, "B")],
        [Hold(1, 9, "A"), Hold(4, 9, "B")],
    ),
    "removed: a zombie until it learns": (
        True,
        [
            joined(0, "A", "a"),
            assigned(1, "A"),
            removed(4, "a"),
            Lost(t=7, group_id=G, member="A", partitions=P0),
        ],
        [Hold(1, 4, "A"), Hold(4, 7, "A", zombie=True)],
    ),
    "an id of the past harms nobody": (
        True,
        [joined(0, "A", "a"), joined(1, "A", "a2"), assigned(2, "A"), removed(4, "a")],
        [Hold(2, 9, "A")],
    ),
    "assigned after the removal: a zombie from the start": (
        True,
        [joined(0, "A", "a"), removed(1, "a"), assigned(2, "A")],
        [Hold(2, 9, "A", zombie=True)],
    ),
    "a removed id that comes back is no zombie": (
        True,
        [
            joined(0, "A", "a"),
            removed(1, "a"),
            MemberJoined(t=2, group_id=G, member_id="a", client_id="A"),
            assigned(3, "A"),
        ],
        [Hold(3, 9, "A")],
    ),
    "a new assignment under a new id ends the zombie": (
        True,
        [
            joined(0, "A", "a"),
            assigned(1, "A"),
            removed(3, "a"),
            joined(5, "A", "a2"),
            assigned(6, "A"),
        ],
        [Hold(1, 3, "A"), Hold(3, 6, "A", zombie=True), Hold(6, 9, "A")],
    ),
    "nobody counts: a paused member is a zombie once another owns": (
        False,
        [assigned(1, "A"), MemberPaused(t=2, group_id=G, member="A"), assigned(5, "B")],
        [Hold(1, 5, "A"), Hold(5, 9, "B"), Hold(5, 9, "A", zombie=True)],
    ),
    "a coordinator counts: a pause alone makes no zombie": (
        True,
        [assigned(1, "A"), MemberPaused(t=2, group_id=G, member="A"), assigned(5, "B")],
        [Hold(1, 9, "A"), Hold(5, 9, "B")],
    ),
}


@pytest.mark.parametrize("name", MEMBER_CASES)
def test_member_ledger(name: str) -> None:
    counts, events, expected = MEMBER_CASES[name]
    ledger = MemberLedger(coordinator_counts=counts)
    for event in events:
        ledger.handle(event)
    assert ledger.holds(9).get(Cell("t", 0), ()) == tuple(expected)


COORDINATOR_CASES: dict[str, tuple[list[Event], list[Hold]]] = {
    "until the next assignment": (
        [sent(1, "a", 1), sent(5, "a", 2, {"t": (1,)})],
        [Hold(1, 5, "A")],
    ),
    "the same again goes on": ([sent(1, "a", 1), sent(5, "a", 2)], [Hold(1, 9, "A")]),
    "until the member is removed": ([sent(1, "a", 1), removed(4, "a")], [Hold(1, 4, "A")]),
    "until the group is empty": (
        [
            sent(1, "a", 1),
            GroupStateChanged(t=6, group_id=G, previous="Stable", state="Empty", generation_id=2),
        ],
        [Hold(1, 6, "A")],
    ),
    "a newer classic generation wins over a late sync": (
        [sent(1, "a", 1), completed(4, 2), sent(5, "b", 2), sent(7, "a", 2, {})],
        [Hold(1, 5, "A"), Hold(5, 9, "B")],
    ),
    "the removal of a lane's old id leaves its new one alone": (
        [sent(1, "a", 1), sent(4, "a2", 2, {"t": (0,)}), removed(6, "a")],
        [Hold(1, 6, "A"), Hold(4, 9, "A")],
    ),
    "epochs do not: two at once are two": (
        [sent(1, "a", 1), sent(5, "b", 2)],
        [Hold(1, 9, "A"), Hold(5, 9, "B")],
    ),
    "one classic generation given twice is two": (
        [completed(0, 1), sent(1, "a", 1), sent(1, "b", 1)],
        [Hold(1, 9, "A"), Hold(1, 9, "B")],
    ),
}


@pytest.mark.parametrize("name", COORDINATOR_CASES)
def test_coordinator_ledger(name: str) -> None:
    events, expected = COORDINATOR_CASES[name]
    ledger = CoordinatorLedger()
    for event in events:
        ledger.handle(event)
    names = {"a": "A", "a2": "A", "b": "B"}
    assert ledger.holds(9, names).get(Cell("t", 0), ()) == tuple(expected)
