"""What `solve` says: the plan, how good it is, and how that is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assignors.model import GroupAssignment
from assignors.optimized.errors import Cause

ROUNDING = 1e-3
"""Of the cost: where rounding may hide more than that, nothing is called proven."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """A plan and its account; costs are in the objective's own terms.

    `objective`: what the plan costs, by the objective's definition. `bound`: no feasible plan costs
    less. `gap`: (objective - bound) / objective. `proven`: no plan is better, but for what solving
    in whole numbers cannot tell, less than `ROUNDING` of the cost; then bound and objective
    are the same.
    `floor`: what balance costs at best if load could be divided at will, but for partitions heavier
    than what would be fair: no plan gets below it, and
    it usually is most of the objective. `gap_above_floor`: (objective - bound) / (objective -
    floor), a much stricter measure.
    `costs`: what each soft term costs; they add up to `objective`.
    `moves`: partitions that leave a live settled owner that may keep them.
    `method`: how it was found. `work`: counted units spent.
    `mismatched`: members whose objective or constraints differ from the leader's, or that did not
    say.
    `fell_back`: there is no feasible plan, or none was found, and a fallback answered; then the
    numbers are 0, and `causes` say why, if that is known.
    `notes`: what was assumed or left out, in lines for a log.
    """

    assignment: GroupAssignment
    objective: float = 0
    bound: float = 0
    gap: float = 0
    proven: bool = False
    floor: float = 0
    gap_above_floor: float = 0
    costs: Mapping[str, float] = field(default_factory=dict)
    moves: int = 0
    method: str = ""
    work: int = 0
    mismatched: tuple[str, ...] = ()
    fell_back: bool = False
    causes: tuple[Cause, ...] = ()
    notes: tuple[str, ...] = ()

    def describe(self) -> str:
        """A few lines for people."""
        if self.fell_back:
            why = "\n".join(f"  {cause}" for cause in self.causes or self.notes[-1:])
            return f"no feasible plan, {self.method} answered instead:\n{why}"
        proof = "proven optimal" if self.proven else f"at most {self.gap:.3%} above the best"
        lines = [f"cost {self.objective:g} ({proof}), {self.moves} moves, by {self.method}"]
        lines += [f"  {name}: {cost:g}" for name, cost in self.costs.items() if cost]
        if self.mismatched:
            lines.append(f"  configured otherwise: {', '.join(self.mismatched)}")
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join(lines)
