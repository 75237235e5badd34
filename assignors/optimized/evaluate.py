"""What a plan costs, and which hard constraints it breaks: the only judge of all solvers here.

The rule kept here: no solver's own account of its answer is believed; whatever it says, the plan is
counted again by this file. Solvers compare plans in the model's whole numbers; what people are told
of a plan is its cost as the objective defines it, in fractions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from assignors.optimized.model import Ints, Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """`broken`: by how much hard constraints are broken, in all; 0 for a feasible plan.

    `cost`: in the model's units, the sum of `terms`; each soft constraint is a term by its name.
    """

    broken: int
    cost: int
    moves: int
    terms: Mapping[str, int]

    def better_than(self, other: Value | None) -> bool:
        """Less broken; or as feasible, and cheaper."""
        return other is None or (self.broken, self.cost) < (other.broken, other.cost)


def evaluate(model: Model, to: Ints) -> Value:
    """The value of the plan in which unit u goes to member `to[u]`."""
    loads, counts = model.loads(to), model.counts(to)
    moves = model.moved(to)
    misses = int(model.miss[model.row, to].sum()) if model.units else 0
    left = model.home_cost.sum() - model.home_cost[model.kept(to)].sum()
    terms = {
        "balance": int((model.curvature * loads * loads).sum()),
        "movement": int(left),
        "rack": misses * model.rack_cost,
    }
    broken = int(np.maximum(model.masses(to) - model.most_mass, 0).sum())
    broken += int(np.maximum(counts - model.most_count, 0).sum())
    broken += max(moves - model.moves_left, 0)
    if model.units:
        broken += int((~model.allowed[model.row, to]).sum()) * max(model.total_weight, 1)
    for group in model.groups:
        excess = group.excess(to)
        if group.cost is None:
            broken += excess
        else:
            terms[group.name] = terms.get(group.name, 0) + excess * group.cost
    return Value(broken=broken, cost=sum(terms.values()), moves=moves, terms=terms)


def defined_terms(model: Model, to: Ints) -> dict[str, float]:
    """What the same plan costs by the definition of the objective, term by term."""
    definition = model.definition
    loads = np.bincount(to, weights=definition.weight, minlength=definition.share.size)
    left = ~model.kept(to)
    moves = definition.movement * float(model.home_count[left].sum())
    moves += definition.movement_by_weight * math.fsum(definition.home_weight[left].tolist())
    misses = float(model.miss[model.row, to].sum()) if model.units else 0.0
    terms = {
        "balance": definition.balance * math.fsum((loads * loads / definition.share).tolist()),
        "movement": moves,
        "rack": definition.rack * misses,
    }
    for group, cost in zip(model.groups, definition.groups, strict=True):
        if group.cost is not None:
            terms[group.name] = terms.get(group.name, 0) + group.excess(to) * cost
    return terms


def defined_cost(model: Model, to: Ints) -> float:
    """All of it."""
    return math.fsum(defined_terms(model, to).values())
