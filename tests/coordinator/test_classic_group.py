"""What a group keeps and its one door (G01, G03)."""

import itertools

import pytest

from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.protocol.effects import Received, Reply
from rebalance.protocol.notices import StateChanged
from rebalance.protocol.states import GROUP_TRANSITIONS, GroupState, IllegalTransition
from tests.coordinator.support import (
    COMPLETING,
    EMPTY,
    GROUP,
    PREPARING,
    STABLE,
    Bench,
    at_state,
    offers,
)


@pytest.mark.parametrize(("begin", "end"), list(itertools.product(GroupState, repeat=2)))
def test_g01_the_one_door(begin: GroupState, end: GroupState) -> None:
    group = ClassicGroup(group_id=GROUP, state=begin, generation_id=4)
    if end in GROUP_TRANSITIONS[begin]:
        told = group.transition(end, 17)
        assert told == StateChanged(group_id=GROUP, previous=begin, state=end, generation_id=4)
        assert (group.state, group.previous_state, group.state_since_ms) == (end, begin, 17)
    else:
        with pytest.raises(IllegalTransition, match=f"group g: {begin.value} -> {end.value}"):
            group.transition(end, 17)
        assert group.state is begin


def test_g01_a_life() -> None:
    bench = Bench()
    states: list[tuple[GroupState, GroupState]] = []

    def note() -> None:
        states.extend((told.previous, told.state) for told in bench.told(StateChanged))

    for step in (
        lambda: bench.enter("A"),
        lambda: bench.advance(),
        lambda: bench.sync("A", {}),
        lambda: bench.join("A"),
        lambda: bench.join("A", protocols=offers(range=b"new")),
        lambda: bench.leave("A"),
        lambda: bench.enter("B"),
    ):
        step()
        note()
    assert states == [
        (EMPTY, PREPARING),
        (PREPARING, COMPLETING),
        (COMPLETING, STABLE),
        (STABLE, PREPARING),
        (PREPARING, COMPLETING),
        (COMPLETING, PREPARING),
        (PREPARING, COMPLETING),
        (COMPLETING, PREPARING),
        (PREPARING, EMPTY),
        (EMPTY, PREPARING),
    ]


def test_g03_members_are_seen_in_the_order_they_came() -> None:
    bench = at_state(STABLE, "C", "A", "B")
    assert bench.members == ("C-1", "A-2", "B-3")


def test_g03_what_is_kept_of_each_member_awaiting_pending_and_unsynced() -> None:
    bench = at_state(COMPLETING, "A", "B")
    bench.sync("B")
    bench.join("P")
    bench.join("S", instance="s")
    group = bench.coordinator._context.groups[GROUP]
    assert group.static_members == {"s": "s-4"}
    assert list(group.pending) == ["P-3"]
    assert group.awaiting_join == 1
    assert group.supported == {"range": 3}
    assert [(m.awaits_join, m.awaits_sync) for m in bench.group.members] == [
        (False, False),
        (False, False),
        (True, False),
    ]
    bench.leave("S")
    assert (group.static_members, group.awaiting_join) == ({}, 0)
    assert group.supported == {"range": 2}


def test_groups_do_not_touch_each_other() -> None:
    bench = at_state(STABLE, "A")
    before = bench.group
    other = bench.join_request("X", group_id="other", version=3)
    bench.send(other)
    bench.advance()
    assert bench.coordinator.group_ids == (GROUP, "other")
    assert bench.group == before
    again = bench.coordinator.group("other")
    assert again is not None
    assert again.state is COMPLETING


def test_only_a_callers_mistake_raises() -> None:
    from rebalance.protocol.effects import Appended

    bench = at_state(STABLE, "A")
    before = bench.seen()
    with pytest.raises(TypeError, match="no event of a coordinator: 'x'"):
        bench.coordinator.handle("x", 0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="no request of a coordinator: 'x'"):
        bench.coordinator.handle(Received(token=1, request="x"), 0)  # type: ignore[arg-type]
    with pytest.raises(KeyError):
        bench.coordinator.handle(Appended(token=12345), 0)
    assert bench.seen() == before


def test_any_hashable_is_a_token() -> None:
    bench = at_state(STABLE, "A")
    token = ("connection", 7, frozenset({1}))
    (reply,) = bench.coordinator.handle(Received(token=token, request=bench.beat_request("A")), 0)
    assert isinstance(reply, Reply)
    assert reply.token == token


def test_an_unknown_group_is_none() -> None:
    assert Bench().coordinator.group("nobody") is None
