"""Coarser lanes: fewer pieces, nothing bad lost, time kept."""

from rebalance.timeline.html.budget import chosen, coarser_runs, coarser_states, short
from rebalance.timeline.model import Run, StateSpan


def _run(start: int, end: int, *owners: int, wanted: bool = True) -> Run:
    return Run(start, end, owners, (), wanted)


def _cover(row: tuple[Run, ...]) -> int:
    return sum(run.end_ms - run.start_ms for run in row)


FLICKERING = tuple(_run(10 * i, 10 * i + 10, *([i % 3] if i % 7 else ())) for i in range(1_000))


def test_what_fits_stays_as_it_is() -> None:
    assert coarser_runs([FLICKERING], 10_000, 1_000) == ([FLICKERING], 0)


def test_beyond_the_budget_steps_grow_and_the_time_that_is_covered_stays() -> None:
    (row,), step = coarser_runs([FLICKERING], 10_000, 100)
    assert len(row) <= 100
    assert step >= 100
    assert _cover(row) == _cover(FLICKERING)


def test_a_moment_with_two_owners_stays_visible() -> None:
    wrong = (*FLICKERING[:500], _run(5_000, 5_001, 1, 2), _run(5_001, 5_010, 1), *FLICKERING[501:])
    (row,), _ = coarser_runs([wrong], 10_000, 20)
    assert any(len(run.owners) == 2 for run in row)


def test_long_runs_are_not_touched() -> None:
    long = (_run(0, 5_000, 1), *FLICKERING[500:])
    (row,), step = coarser_runs([long], 10_000, 100)
    assert row[0].owners == (1,)
    assert row[0].end_ms <= 5_000 + step


def test_of_states_the_most_urgent_stays() -> None:
    states = [StateSpan(10 * i, 10 * i + 10, "owns" if i % 2 else "idle", 1) for i in range(100)]
    states[50] = StateSpan(500, 510, "zombie", 1)
    (row,) = coarser_states([tuple(states)], 1_000, 10)
    assert len(row) <= 10
    assert any(span.state == "zombie" for span in row)


def test_stretches_with_less_than_a_step_between_them_become_one() -> None:
    apart = tuple(_run(20 * i, 20 * i + 10, 1) for i in range(1_000))
    (row,), step = coarser_runs([apart], 20_000, 50)
    assert len(row) <= 50
    assert step > 10


def test_what_is_urgent_stays_and_of_the_rest_no_time_is_without_any() -> None:
    kept = chosen(range(1_000), 20, lambda number: number >= 990)
    assert kept[-10:] == list(range(990, 1_000))
    assert [number // 99 for number in kept[:10]] == list(range(10))
    assert len(chosen(range(1_000), 20, lambda number: number > 500)) == 20


def test_a_long_text_keeps_both_ends() -> None:
    text = short("a" * 3_000 + "b" * 3_000)
    assert len(text) == 400
    assert (text[0], text[-1]) == ("a", "b")
    assert short("orders") == "orders"
