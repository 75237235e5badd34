"""Shrinking: what is left fails, is small, and is the same every time; work is bounded."""

from dataclasses import replace

import pytest

from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.simulation.fuzz import play, shrink, still_fails
from rebalance.simulation.fuzz.play import play_seed

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
    assert not play(play_seed(0)[0]).failures


def test_settings_of_consumers_are_not_made_small() -> None:
    lines = ("members A topics=orders session.timeout.ms=6000", "run for 5000ms")
    assert shrink(lines, lambda left: len(left) == 2).lines == (lines[0], "run for 0ms")


def test_what_a_failure_says_of_others_is_the_same_failure_and_what_else_it_says_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ClassicGroup, "supports", lambda group, *_: not group.members)
    members = "members A B C topics=orders assignors=range\nmembers X topics=logs group=other\n"
    many = play(f"{members}start A\nrun for 9s\nstart B C\nstart X\nrun for 5s\n")
    few = play(
        "members only failed topics=logs group=without assignors=range\n"
        "start only\nrun for 8s\nstart failed\n"
    )
    assert many.failures[0].message != few.failures[0].message
    assert many.signature == few.signature != ""
    other = replace(few.failures[0], code="UNKNOWN_SERVER_ERROR")
    assert other.signature != few.signature
    lines = ("members A B topics=orders", "start A", "run for 5s", "start B")
    assert still_fails(lines, few.signature)
    assert not still_fails(lines, other.signature)
