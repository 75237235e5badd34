"""What Kafka's protocol itself cannot prevent, so that nobody is told of it as a bug.

Rule kept: a limit is recognised by what happened, as narrowly as possible (`checkers.limits`), and
is counted and told; it is never just left out.
"""

from dataclasses import dataclass

from rebalance.simulation.checkers import Problem, Violation, WentBack
from rebalance.simulation.simulation import Simulation

__all__ = ["KnownLimit", "judged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLimit:
    """A broken invariant that is no bug, and why."""

    violation: Violation
    reason: str

    def __str__(self) -> str:
        found = self.violation
        when = f"{found.rule} at {found.t / 1000:.3f}s"
        return f"A limit of Kafka's protocol, no failure: {when}, {found.message}: {self.reason}."


def judged(simulation: Simulation) -> tuple[tuple[Violation, ...], tuple[KnownLimit, ...]]:
    """What the checkers found: what is a violation, and what Kafka's protocol does itself."""
    violations: list[Violation] = []
    limits: list[KnownLimit] = []
    for found in simulation.violations:
        reason = _reason(found, simulation)
        if reason:
            limits.append(KnownLimit(violation=found, reason=reason))
        else:
            violations.append(found)
    return tuple(violations), tuple(limits)


def _reason(violation: Violation, simulation: Simulation) -> str:
    match violation.about:
        case Problem() as problem:
            return simulation.limits.of(violation.t, problem)
        case WentBack() as back:
            return simulation.read_by_two.of(violation.t, back)
        case _:
            return ""
