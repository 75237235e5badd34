"""What members show of a rebalance when no coordinator speaks."""

from rebalance.timeline.events import Assigned, Event, Joined, Joining, MemberStopped, Revoked, Step
from rebalance.timeline.lanes import read_group
from rebalance.timeline.witnesses import Seen, witnessed
from tests.timeline.test_lanes import trace_of

G = "g"
P0 = {"t": (0,)}
P1 = {"t": (1,)}


def joining(t: int, member: str, reason: str = "") -> Joining:
    return Joining(t=t, group_id=G, member=member, reason=reason)


def joined(t: int, member: str, generation_id: int) -> Joined:
    return Joined(t=t, group_id=G, member=member, member_id="", generation_id=generation_id)


def assigned(t: int, member: str, generation_id: int = -1) -> Assigned:
    return Assigned(t=t, group_id=G, member=member, partitions=P0, generation_id=generation_id)


def revoked(t: int, member: str) -> Revoked:
    return Revoked(t=t, group_id=G, member=member, partitions=P0)


def seen(*events: Event) -> list[tuple[int, int | None, int, int | None]]:
    group = read_group(trace_of(*events, Step(t=100, text="end")), G)
    return [(s.start, s.end, s.generation_from, s.generation_to) for s in witnessed(group)]


def test_turns_of_one_generation_are_one_rebalance() -> None:
    assert seen(
        joining(0, "A"),
        joining(3, "B"),
        joined(10, "A", 1),
        assigned(11, "A"),
        joined(12, "B", 1),
        assigned(15, "B"),
    ) == [(0, 15, -1, 1)]


def test_eager_revocation_begins_a_turn() -> None:
    assert seen(
        joining(0, "A"), joined(5, "A", 1), assigned(5, "A"),
        revoked(20, "A"), joining(22, "A"), joined(30, "A", 2), assigned(31, "A"),
    ) == [(0, 5, -1, 1), (20, 31, 1, 2)]  # fmt: skip


def test_cooperative_revocation_ends_a_turn() -> None:
    assert seen(
        joining(0, "A"), joined(5, "A", 1), assigned(5, "A"),
        joining(20, "A"), joined(24, "A", 2), revoked(25, "A"), assigned(25, "A"),
        joining(26, "A"), joined(30, "A", 3), assigned(30, "A"),
    ) == [(0, 5, -1, 1), (20, 25, 1, 2), (26, 30, 2, 3)]  # fmt: skip


def test_epochs_without_a_join_are_rebalances_too() -> None:
    assert seen(
        joined(0, "A", 1), assigned(1, "A"), joined(10, "A", 2), revoked(11, "A"), assigned(12, "A")
    ) == [(0, 1, -1, 1), (10, 12, 1, 2)]


def test_callbacks_alone_are_gathered_by_overlap() -> None:
    assert seen(
        assigned(0, "A"),
        revoked(10, "A"), revoked(12, "B"), assigned(15, "A"), assigned(16, "B"),
        revoked(30, "B"), assigned(33, "B"),
    ) == [(0, 0, -1, None), (10, 16, -1, None), (30, 33, -1, None)]  # fmt: skip


def test_closing_is_no_turn() -> None:
    assert seen(
        assigned(0, "A"),
        revoked(10, "A"),
        MemberStopped(t=11, group_id=G, member="A", how="closed"),
    ) == [(0, 0, -1, None)]


def test_a_turn_that_never_ends_is_a_rebalance_that_is_not_over() -> None:
    assert seen(joining(5, "A")) == [(5, None, -1, None)]


def test_the_first_sign_is_told_as_it_was_seen() -> None:
    group = read_group(trace_of(joining(0, "A", "topic metadata changed"), joined(5, "A", 1)), G)
    assert witnessed(group) == [
        Seen(
            start=0,
            end=5,
            generation_from=-1,
            generation_to=1,
            reason="first seen: A topic metadata changed",
            told_by="A",
        )
    ]
