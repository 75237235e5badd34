"""The judge itself: what it must see, and what it must not."""

from __future__ import annotations

from tests.interop.ledger import Ledger

P = ("t", 0)


def test_one_after_the_other_is_no_overlap_even_in_one_millisecond() -> None:
    ledger = Ledger()
    ledger.got("a", [P], 1)
    ledger.gave("a", [P], 5)
    ledger.got("b", [P], 5)
    assert ledger.overlaps() == []
    assert ledger.owned("b") == {P}


def test_two_at_a_time_are_seen_whoever_tells_first() -> None:
    ledger = Ledger()
    ledger.got("b", [P], 4)
    ledger.gave("b", [P], 9)
    ledger.got("a", [P], 1)
    ledger.gave("a", [P], 5)
    ((one, other),) = ledger.overlaps()
    assert (one.member, other.member) == ("a", "b")


def test_what_was_never_given_up_overlaps_with_whatever_comes() -> None:
    ledger = Ledger()
    ledger.got("a", [P], 1)
    ledger.got("b", [P], 7)
    assert len(ledger.overlaps()) == 1
