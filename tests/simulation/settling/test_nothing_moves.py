"""I05: what moves without a reason is told; that a loaded group chooses anew is a reason, once."""

from collections.abc import Iterator
from itertools import cycle, repeat

import pytest

from rebalance.coordinator import join_phase
from rebalance.simulation.checkers import ProblemKind
from rebalance.simulation.settling.nothing_moves import nothing_moves
from tests.simulation.settling.groups import at_rest

MOVED = ProblemKind.MOVES


@pytest.mark.parametrize(
    ("loaded", "choices", "told"),
    [
        (False, repeat("range"), []),
        (False, repeat("roundrobin"), [MOVED]),
        (True, repeat("roundrobin"), []),
        (True, cycle(["roundrobin", "range"]), [MOVED]),
    ],
    ids=["the same", "another", "another, loaded", "another each time, loaded"],
)
def test_i05_and_p03_another_choice_than_before(
    loaded: bool, choices: Iterator[str], told: list[ProblemKind], monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = at_rest(assignors="range,roundrobin")
    monkeypatch.setattr(join_phase, "select_protocol", lambda group: next(choices))
    ground.simulation.views.groups["g"].loaded = loaded
    nothing_moves(ground)
    assert [each.kind for each in ground.problems] == told


@pytest.mark.parametrize(
    ("replaced", "choices", "told"),
    [
        (False, repeat("roundrobin"), [MOVED]),
        (True, repeat("roundrobin"), []),
        (True, cycle(["roundrobin", "cooperative-sticky"]), [MOVED]),
    ],
    ids=["its members planned it", "one is another's twin", "another each time"],
)
def test_i05_and_j15_a_plan_that_kept_what_nobody_claims(
    replaced: bool, choices: Iterator[str], told: list[ProblemKind], monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = at_rest(assignors="cooperative-sticky,roundrobin")
    monkeypatch.setattr(join_phase, "select_protocol", lambda group: next(choices))
    ground.simulation.views.groups["g"].replaced = replaced
    nothing_moves(ground)
    assert [each.kind for each in ground.problems] == told
