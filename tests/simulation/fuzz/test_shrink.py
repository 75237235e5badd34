"""Shrinking: what is left fails, is small, and is the same every time; work is bounded."""

from rebalance.simulation.fuzz import play, scenario_text, shrink, still_fails

LINES = (
    "# prose",
    "topic orders partitions=6",
    "members A B topics=orders",
    "members C topics=orders",
    "",
    "start A B",
    "start C",
    "run for 5000ms",
    "pause C for 700ms",
    "crash A",
    "run for 20s",
    "commit B",
)


def _crashes_a_late(lines: tuple[str, ...]) -> bool:
    """A scenario that fails if A crashes after at least 300 ms."""
    if not any(line.startswith("members A") for line in lines):
        return False
    before = lines[: lines.index("crash A")] if "crash A" in lines else ()
    times = [line.split()[-1] for line in before if line.startswith("run for ")]
    return any(int(time.removesuffix("ms").removesuffix("s")) >= 300 for time in times)


def test_only_what_the_failure_needs_is_left_and_numbers_are_small() -> None:
    shrunk = shrink(LINES, _crashes_a_late)
    assert shrunk.lines == ("members A B topics=orders", "run for 1000ms", "crash A")
    assert not shrunk.gave_up
    assert shrink(LINES, _crashes_a_late) == shrunk


def test_it_says_when_it_gave_up_and_what_it_has_by_then_still_fails() -> None:
    shrunk = shrink(LINES, _crashes_a_late, most_plays=4)
    assert shrunk.gave_up
    assert shrunk.plays == 4
    assert _crashes_a_late(shrunk.lines)


def test_what_does_not_make_sense_is_no_failure() -> None:
    assert not still_fails(("crash A",), "I01")
    assert not play(scenario_text(0)).failures
