"""The transition tables are the rules (G01) and are whole."""

import pytest

from rebalance.protocol.states import (
    GROUP_TRANSITIONS,
    MEMBER_TRANSITIONS,
    GroupState,
    MemberState,
)

EMPTY = GroupState.EMPTY
PREPARING = GroupState.PREPARING_REBALANCE
COMPLETING = GroupState.COMPLETING_REBALANCE
STABLE = GroupState.STABLE
DEAD = GroupState.DEAD


def test_g01_the_table() -> None:
    pairs = {(begin, end) for begin, ends in GROUP_TRANSITIONS.items() for end in ends}
    assert pairs == {
        *((state, DEAD) for state in GroupState if state is not DEAD),
        (STABLE, PREPARING),
        (COMPLETING, PREPARING),
        (EMPTY, PREPARING),
        (PREPARING, COMPLETING),
        (PREPARING, EMPTY),
        (COMPLETING, STABLE),
    }


def test_g01_states_bear_kafkas_names() -> None:
    assert [state.value for state in GroupState] == [
        "Empty",
        "PreparingRebalance",
        "CompletingRebalance",
        "Stable",
        "Dead",
    ]


@pytest.mark.parametrize("table", [GROUP_TRANSITIONS, MEMBER_TRANSITIONS])
def test_tables_cannot_be_changed(table: dict[object, object]) -> None:
    with pytest.raises(TypeError):
        table[None] = frozenset()


def test_every_state_of_a_member_is_in_its_table_and_can_be_reached() -> None:
    assert set(MEMBER_TRANSITIONS) == set(MemberState)
    reached, todo = set[MemberState](), [MemberState.UNSUBSCRIBED]
    while todo:
        state = todo.pop()
        if state not in reached:
            reached.add(state)
            todo += MEMBER_TRANSITIONS[state]
    assert reached == set(MemberState)
