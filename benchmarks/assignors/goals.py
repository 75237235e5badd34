"""What was promised of speed and memory, and whether a run keeps it.

The rule kept here: times on the machine at hand are judged against the table; on another machine
the ratios to the peers count, solver against solver, which were measured in the same run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.assignors.programs import FRANZ_GO, JAVA, STICKY
from benchmarks.assignors.running import Outcome

KIB_PER_GIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """Milliseconds: at least, and the goal."""

    case: str
    figure: str
    least: float
    goal: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One promise. `kept`: None if nobody can tell."""

    promise: str
    found: str
    kept: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The outcomes of one case by subject."""

    case: str
    what: str
    size: str
    partitions: int
    uniform: bool
    outcomes: Mapping[str, Outcome]

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Measured:
        """Back from `dataclasses.asdict`."""
        outcomes = {title: Outcome.from_data(each) for title, each in data["outcomes"].items()}
        return cls(**{**data, "outcomes": outcomes})


def _goals(case: str, *limits: float) -> Iterator[Goal]:
    for figure, at in (("solver", 0), ("wire", 2)):
        if limits[at : at + 2]:
            yield Goal(case=case, figure=figure, least=limits[at], goal=limits[at + 1])


GOALS: tuple[Goal, ...] = (
    *_goals("uc-join", 1, 0.5, 12, 8),
    *_goals("ud-join", 10, 5, 80, 50),
    *(goal for event in ("fresh", "leave") for goal in _goals(f"ha-{event}", 1, 0.5, 2, 1)),
    *(goal for event in ("fresh", "leave") for goal in _goals(f"hb-{event}", 12, 5, 25, 12)),
    *(goal for event in ("fresh", "leave") for goal in _goals(f"hc-{event}", 40, 25, 65, 45)),
    *_goals("hd-leave", 500, 300, 750, 500),
    *_goals("skewed-leave", 750, 500),
    *_goals("nested-leave", 450, 250),
    *_goals("chain-leave", 450, 250),
    *(
        goal
        for event in ("fresh", "join", "leave")
        for goal in _goals(f"small-{event}", 0.3, 0.1, 0.5, 0.2)
    ),
)
LEAST_RATIO_TO_JAVA = {"ub": 15, "uc": 15, "ud": 15, "ha": 30, "hb": 1_000}
AHEAD_OF_FRANZ_GO_ABOVE = 10_000
WORST_RATIO_TO_FRANZ_GO = 2.5


def lines(measured: list[Measured], limit_s: float) -> Iterator[Line]:
    """Every promise that this run can say something about."""
    for each in measured:
        ours = each.outcomes.get(STICKY)
        if ours is None:
            continue
        yield from _times(each.case, ours)
        yield from _plans(each.case, ours)
        solver = ours.warm("solver")
        if solver is not None:
            yield from _against_java(each, solver, limit_s)
            yield from _against_franz_go(each, solver, limit_s)


def _times(case: str, ours: Outcome) -> Iterator[Line]:
    for goal in GOALS:
        if goal.case != case:
            continue
        found = ours.warm(goal.figure)
        if found is None:
            yield Line(promise=f"{case}: {goal.figure}", found=ours.why or ours.state, kept=False)
            continue
        beyond = ", the goal too" if found <= goal.goal else f", not the goal of {goal.goal:g} ms"
        yield Line(
            promise=f"{case}: {goal.figure} within {goal.least:g} ms",
            found=f"{found:.2f} ms{beyond if found <= goal.least else ''}",
            kept=found <= goal.least,
        )
    if case == "ud-join" and ours.memory_kib[0]:
        yield Line(
            promise=f"{case}: under 1 GiB",
            found=f"{ours.memory_kib[0] / 1024:,.0f} MiB, the whole process",
            kept=ours.memory_kib[0] < KIB_PER_GIB,
        )


def _plans(case: str, ours: Outcome) -> Iterator[Line]:
    said = ours.verdict
    if not said:
        yield Line(promise=f"{case}: finishes", found=ours.why or ours.state, kept=False)
        return
    moves, least = said["moves"], said["least_moves"]
    optimal = said["imbalance"] == said["least_imbalance"]
    yield Line(
        promise=f"{case}: valid, optimal balance, fewest moves",
        found=said["fault"]
        or f"sum of squares {'least' if optimal else 'not least'}, {moves:,} moved"
        + ("" if least is not None else ", not proven to be the fewest"),
        kept=not said["fault"] and optimal and (None if least is None else moves == least),
    )


def _ratio(peer: Outcome | None, solver: float, limit_s: float) -> tuple[float, str] | None:
    """How many times as long the peer takes, at least."""
    if peer is None:
        return None
    found = peer.warm("solver")
    if found is not None:
        return found / solver, f"{found / solver:,.1f}x"
    if peer.state == "unfinished":
        return (
            1e3 * limit_s / solver,
            f"more than {1e3 * limit_s / solver:,.0f}x: it did not finish",
        )
    return None


def _against_java(each: Measured, solver: float, limit_s: float) -> Iterator[Line]:
    least = LEAST_RATIO_TO_JAVA.get(each.case[:2])
    peer = each.outcomes.get(JAVA)
    ratio = _ratio(peer, solver, limit_s)
    if least is None or ratio is None or peer is None:
        return
    steady = peer.steady("solver")
    hot = f"; {steady / solver:,.1f}x after seconds of nothing else" if steady else ""
    sure = peer.state == "done" or ratio[0] >= least
    yield Line(
        promise=f"{each.case}: {least:,}x as fast as Java",
        found=ratio[1] + hot,
        kept=ratio[0] >= least if sure else None,
    )


def _against_franz_go(each: Measured, solver: float, limit_s: float) -> Iterator[Line]:
    ratio = _ratio(each.outcomes.get(FRANZ_GO), solver, limit_s)
    if ratio is None:
        return
    large = each.partitions > AHEAD_OF_FRANZ_GO_ABOVE
    least = 1 if large else 1 / WORST_RATIO_TO_FRANZ_GO
    said = (
        "ahead of franz-go" if large else f"at most {WORST_RATIO_TO_FRANZ_GO}x as slow as franz-go"
    )
    yield Line(promise=f"{each.case}: {said}", found=ratio[1], kept=ratio[0] >= least)
