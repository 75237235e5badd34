"""The timer queue against the simplest model there is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalance.protocol.timers import TimerKey, TimerKind, TimerQueue

KEYS = [TimerKey(kind=TimerKind.SESSION, group_id="g", member_id=str(n)) for n in range(5)]
A, B, C = KEYS[:3]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (A, "session timeout of 0 in g"),
        (TimerKey(kind=TimerKind.JOIN, group_id="g"), "rebalance timeout in g"),
        (TimerKey(kind=TimerKind.INITIAL_DELAY, group_id="x"), "initial rebalance delay in x"),
    ],
)
def test_a_timer_names_itself(key: TimerKey, text: str) -> None:
    assert str(key) == text


def test_an_empty_queue() -> None:
    queue = TimerQueue()
    assert (len(queue), queue.entries, queue.next_deadline(), queue.pop_due(10**9)) == (
        0,
        0,
        None,
        None,
    )
    assert queue.cancel(A) is False
    assert queue.deadline(A) is None


def test_order_is_by_deadline_then_by_arming() -> None:
    queue = TimerQueue()
    for key, deadline in ((C, 5), (A, 5), (B, 4)):
        queue.arm(key, deadline)
    assert [queue.pop_due(5) for _ in range(4)] == [B, C, A, None]


def test_arming_again_also_at_the_same_deadline_goes_to_the_end() -> None:
    queue = TimerQueue()
    queue.arm(A, 5)
    queue.arm(B, 5)
    queue.arm(A, 5)
    assert [queue.pop_due(5), queue.pop_due(5)] == [B, A]


def test_nothing_is_due_before_its_time() -> None:
    queue = TimerQueue()
    queue.arm(A, 5)
    assert queue.pop_due(4) is None
    assert queue.next_deadline() == 5
    assert queue.pop_due(5) == A
    assert len(queue) == 0


def test_cancelled_is_gone() -> None:
    queue = TimerQueue()
    queue.arm(A, 5)
    assert queue.cancel(A) is True
    assert (queue.next_deadline(), queue.pop_due(5)) == (None, None)


STEPS = st.one_of(
    st.tuples(st.just("arm"), st.sampled_from(KEYS), st.integers(-3, 30)),
    st.tuples(st.just("cancel"), st.sampled_from(KEYS), st.just(0)),
    st.tuples(st.just("pop"), st.just(A), st.integers(-3, 30)),
    st.tuples(st.just("next"), st.just(A), st.just(0)),
)


@given(st.lists(STEPS, max_size=80))
def test_like_a_list_that_is_sorted_each_time(steps: list[tuple[str, TimerKey, int]]) -> None:
    queue, model = TimerQueue(), dict[TimerKey, tuple[int, int]]()
    for number, (what, key, at) in enumerate(steps):
        if what == "arm":
            queue.arm(key, at)
            model[key] = (at, number)
        elif what == "cancel":
            assert queue.cancel(key) == (model.pop(key, None) is not None)
        elif what == "pop":
            due = min((k for k in model if model[k][0] <= at), key=model.__getitem__, default=None)
            assert queue.pop_due(at) == due
            model.pop(due or TimerKey(kind=TimerKind.POLL, group_id=""), None)
        else:
            earliest = min((deadline for deadline, _ in model.values()), default=None)
            assert queue.next_deadline() == earliest
        assert len(queue) == len(model)
        in_order = sorted(model, key=model.__getitem__)
        assert list(queue.armed()) == [(key, model[key][0]) for key in in_order]
        assert queue.deadline(key) == (model[key][0] if key in model else None)
        assert queue.entries <= max(2 * len(model) + 1, 16)


@pytest.mark.parametrize("later", [1, -1])
def test_arming_again_and_again_costs_at_most_two_entries_each(later: int) -> None:
    queue = TimerQueue()
    keys = [TimerKey(kind=TimerKind.SESSION, group_id="g", member_id=str(n)) for n in range(100)]
    for step in range(100):
        for key in keys:
            queue.arm(key, 1_000 + later * step)
            assert queue.entries <= 200
    assert queue.next_deadline() == 1_000 + later * 99
