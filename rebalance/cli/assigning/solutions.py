"""What `optimized` says of its plan, and why an assignor has none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rebalance.cli.assigning.running import Outcome
from rebalance.cli.assigning.words import listed, number

if TYPE_CHECKING:
    from assignors.optimized import Solution


def solution_lines(label: str, solution: Solution, everything: bool) -> Iterator[str]:
    """Cost, how sure it is that none is lower, terms, and what is to know beside."""
    if solution.causes:
        yield f"{label}: nothing satisfies the constraints, {solution.method} answered instead."
        yield from (f"  because {cause}" for cause in solution.causes)
        return
    yield f"{label}: costs {number(solution.objective)} by its objective, {_proof(solution)}."
    if any(solution.assignment.values()):
        terms = [f"{term} {number(cost)}" for term, cost in solution.costs.items() if cost]
        yield f"  found by {solution.method}{'; ' if terms else ''}{', '.join(terms)}"
    else:
        yield "  there is nothing to assign"
    if solution.mismatched:
        names = listed(solution.mismatched, len(solution.mismatched) if everything else 3)
        yield f"  configured otherwise than the leader: {names}"
    yield from (f"  note: {note}" for note in solution.notes)


def _proof(solution: Solution) -> str:
    if solution.proven:
        return "and no plan under these constraints costs less"
    return (
        f"and none costs less than {number(solution.bound)}: gap {solution.gap:.2%}, "
        f"{solution.gap_above_floor:.1%} of what lies above {number(solution.floor)}, the least "
        "that balance costs"
    )


def failure(outcome: Outcome) -> Iterator[str]:
    """Why there is no plan to follow."""
    yield f"{outcome.label} FAILED: {outcome.error}"
    for cause in outcome.causes:
        yield f"  because {cause}"
