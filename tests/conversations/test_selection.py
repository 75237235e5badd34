"""Which protocol a generation uses, with both brokers (G07)."""

from __future__ import annotations

import pytest

from tests.conversations.talk import Talk, begin_group

RANGE, ROUND, STICKY, COOP = "range", "roundrobin", "sticky", "cooperative-sticky"
ABOUT_THIRTEEN = tuple(f"n{number}" for number in range(13))


@pytest.mark.parametrize(
    ("lists", "chosen"),
    [
        (((COOP, RANGE), (RANGE,)), RANGE),
        (((RANGE, COOP), (COOP, RANGE), (COOP, RANGE)), COOP),
        (((RANGE, STICKY), (STICKY, RANGE)), STICKY),
        (((STICKY, RANGE), (RANGE, STICKY)), STICKY),
        (((ROUND, RANGE), (RANGE, ROUND)), RANGE),
        (((COOP, ROUND), (ROUND, COOP)), ROUND),
        (((COOP, RANGE), (RANGE, COOP)), RANGE),
        (((COOP, STICKY, ROUND), (ROUND, COOP, STICKY), (STICKY, ROUND, COOP)), STICKY),
        ((("x", COOP, RANGE), ("y", RANGE, COOP)), RANGE),
        ((("zeta", "alpha"), ("alpha", "zeta")), "zeta"),
        ((("mine", "yours"), ("yours", "mine")), "mine"),
        ((("ä", "😀"), ("😀", "ä")), "ä"),
        (
            tuple(ABOUT_THIRTEEN[n:] + ABOUT_THIRTEEN[:n] for n in range(13)),
            "n0",
        ),
    ],
)
def test_g07_most_votes_win_and_ties_go_as_in_java(
    talk: Talk, lists: tuple[tuple[str, ...], ...], chosen: str
) -> None:
    speakers = [
        talk.speaker(f"M{chr(65 + number)}", protocols=tuple((name, b"") for name in names))
        for number, names in enumerate(lists)
    ]
    begin_group(*speakers)
    assert speakers[0].join().protocol == chosen
