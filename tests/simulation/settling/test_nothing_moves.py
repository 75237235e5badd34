"""I05: what moves without a reason is told; that a loaded group chooses anew is a reason, once."""

from collections.abc import Iterator
from itertools import cycle, repeat

import pytest

from assignors.cooperative import Cooperative
from assignors.range import RangeAssignor
from rebalance.coordinator import join_phase
from rebalance.simulation.checkers import ProblemKind
from rebalance.simulation.settling.nothing_moves import nothing_moves
from tests.simulation.settling.groups import at_rest

MOVED = ProblemKind.MOVES
OTHER_NAME = f"{__name__}:InTurns"


def told(
    assignors: str,
    choices: Iterator[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    loaded: bool = False,
    replaced: bool = False,
) -> list[ProblemKind]:
    ground = at_rest(assignors=assignors)
    monkeypatch.setattr(join_phase, "select_protocol", lambda group: next(choices))
    group = ground.simulation.views.groups["g"]
    group.loaded, group.replaced = loaded, replaced
    nothing_moves(ground)
    return [each.kind for each in ground.problems]


@pytest.mark.parametrize(
    ("loaded", "choices", "found"),
    [
        (False, repeat("range"), []),
        (False, repeat("roundrobin"), [MOVED]),
        (True, repeat("roundrobin"), []),
        (True, cycle(["roundrobin", "range"]), [MOVED]),
    ],
    ids=["the same", "another", "another, loaded", "another each time, loaded"],
)
def test_i05_and_p03_another_choice_than_before(
    loaded: bool,
    choices: Iterator[str],
    found: list[ProblemKind],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert told("range,roundrobin", choices, monkeypatch, loaded=loaded) == found


@pytest.mark.parametrize(
    ("cooperates", "replaced", "choices", "found"),
    [
        ("cooperative-sticky", False, repeat("roundrobin"), [MOVED]),
        ("cooperative-sticky", True, repeat("roundrobin"), []),
        ("cooperative-sticky", True, cycle(["roundrobin", "cooperative-sticky"]), [MOVED]),
        (OTHER_NAME, True, repeat("roundrobin"), []),
        ("range", True, repeat("roundrobin"), [MOVED]),
    ],
    ids=[
        "its members planned it",
        "one is another's twin",
        "another each time",
        "whatever its name",
        "an eager one",
    ],
)
def test_i05_and_j15_a_plan_that_kept_what_nobody_claims(
    cooperates: str,
    replaced: bool,
    choices: Iterator[str],
    found: list[ProblemKind],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    offered = f"{cooperates},roundrobin"
    assert told(offered, choices, monkeypatch, replaced=replaced) == found


class InTurns(Cooperative):
    """A cooperative assignor whose name does not say so."""

    def __init__(self) -> None:
        super().__init__(RangeAssignor(), name="in-turns")
