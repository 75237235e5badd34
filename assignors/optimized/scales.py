"""From weights, shares and coefficients to whole numbers of 64 bits.

Why: a plan must be as good on every machine, and a bound a bound, so solvers count in whole
numbers. The rule kept here: loads, squared, get as many bits as the rest of the objective leaves
them; what still does not fit is refused; and how much was rounded is known.
Limits on weight are apart: they are held against weights of their own, as fine as a float's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from assignors.optimized.constraints import Apart, Constraints, Together
from assignors.optimized.definition import Floats, Rounding
from assignors.optimized.errors import InvalidObjectiveError
from assignors.optimized.model import NO_LIMIT, Ints
from assignors.optimized.objective import Objective
from assignors.optimized.people import Member
from assignors.optimized.weights import MAX_TOTAL, scaled

_PRECISION = 1000
"""The cost of the first unit of load on the largest member, or close to it."""
_MOST_COST = 2**58
_MOST_MASS = 2**52
_MOST_RATIO = 1000
"""Between the largest share of capacity and the smallest, so that costs fit 64 bits."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scales:
    """Weights of partitions and costs, as they are and as whole numbers.

    `shares`: of the members' capacity, 1 on average. `plain`: weights in average partitions.
    `weight`: whole, one of the objective's weight units being `weight_scale`.
    `scale`: units of cost per 1 of the objective. `curves`: each member's curvature before it is
    rounded. `mass`: weights for limits, one weight unit being `mass_scale`; sums of them are out by
    up to `mass_blur`.
    """

    objective: Objective
    shares: list[Fraction]
    plain: Floats
    weight: Ints
    weight_scale: Fraction
    scale: Fraction
    curves: list[Fraction]
    mass: Ints
    mass_scale: Fraction
    mass_blur: int

    @property
    def curvature(self) -> Ints:
        """Whole."""
        return np.array([round(each) for each in self.curves], dtype=np.int64)

    @property
    def average(self) -> Fraction:
        """The weight of an average partition, in whole ones."""
        return Fraction(int(self.weight.sum()), max(self.weight.size, 1)) or Fraction(1)

    def cost(self, coefficient: float) -> int:
        """A coefficient of the objective in units of cost."""
        return round(self.scale * Fraction(coefficient))

    def leaving(self) -> Ints:
        """What it costs to take each partition from its owner; 1 more, so that fewer is better."""
        per_move = self.cost(self.objective.movement) + 1
        per_weight = self.scale * Fraction(self.objective.movement_by_weight)
        if not per_weight:
            return np.full(self.weight.size, per_move, dtype=np.int64)
        by_weight = [round(per_weight * Fraction(each)) for each in self.plain.tolist()]
        return per_move + np.array(by_weight, dtype=np.int64)

    def most_weight(self, limit: float | None) -> int:
        """What whole weights add up to at most where `limit` is kept."""
        if limit is None:
            return NO_LIMIT
        up = np.maximum(self.weight - self.plain * float(self.average), 0).sum()
        return min(int(Fraction(limit) * self.weight_scale) + math.ceil(float(up)), NO_LIMIT)

    def most_mass(self, limit: float | None) -> int:
        """A limit on weight for `mass`; sums of floats are held equal where they nearly are."""
        if limit is None:
            return NO_LIMIT
        return min(int(Fraction(limit) * self.mass_scale) + self.mass_blur, NO_LIMIT)

    def rounding(self, unit_of: Ints, other: float) -> Rounding:
        """How much of the plans' cost rounding can hide; `other`: beside that of loads."""
        dearer = [
            float(1 - exact / each)
            for exact, each in zip(self.curves, self.curvature.tolist(), strict=True)
            if each > exact
        ]
        exact = self.plain * float(self.average)
        more = np.bincount(unit_of, weights=self.weight - exact)
        # What float arithmetic itself blurs is no rounding of ours.
        up = float(more[more > 1e-9 * float(self.average)].sum())
        steepest = float(max(self.curves, default=Fraction(0)))
        weight = math.sqrt(steepest) * up
        return Rounding(curve=max(dearer, default=0.0), weight=weight, other=other)


def scales_of(
    weights: Sequence[float], members: list[Member], objective: Objective, constraints: Constraints
) -> tuple[Scales, tuple[str, ...]]:
    """The scales, and notes on what was assumed.

    Raises InvalidObjectiveError where coefficients are too far apart.
    """
    shares, notes = _shares(members)
    other = _other(objective, constraints)
    most = _most_total(len(weights), shares, objective, other)
    weight, weight_scale = scaled(weights, most)
    scale, curves = _costs(int(weight.sum()), len(weights), shares, objective, other)
    mass, mass_scale, blur = _masses(weights, members)
    values = np.asarray(weights, dtype=np.float64)
    total = float(values.sum())
    return Scales(
        objective=objective,
        shares=shares,
        plain=values * (values.size / total) if total > 0 else values,
        weight=weight,
        weight_scale=weight_scale,
        scale=scale,
        curves=curves,
        mass=mass,
        mass_scale=mass_scale,
        mass_blur=blur,
    ), notes


def _masses(weights: Sequence[float], members: list[Member]) -> tuple[Ints, Fraction, int]:
    """Weights for limits, their scale, and by how much sums of them may be out."""
    if all(member.capacity.max_weight is None for member in members):
        return np.zeros(len(weights), dtype=np.int64), Fraction(1), 0
    mass, scale = scaled(weights, _MOST_MASS)
    pairs = set(zip(weights, mass.tolist(), strict=True))
    exact = all(Fraction(weight) * scale == whole for weight, whole in pairs)
    return mass, scale, 0 if exact else len(weights)


def _shares(members: list[Member]) -> tuple[list[Fraction], tuple[str, ...]]:
    """What each member's share counts as; 1 on average.

    One member's word must not stop the leader: what is too small for 64 bits counts as more.
    """
    shares = [Fraction(member.capacity.share) for member in members]
    least = max(shares, default=Fraction(1)) / _MOST_RATIO
    small = [m.id for m, share in zip(members, shares, strict=True) if share < least]
    shares = [max(share, least) for share in shares]
    mean = sum(shares, Fraction(0)) / max(len(shares), 1)
    shares = [share / mean for share in shares]
    if not small:
        return shares, ()
    more = f" and {len(small) - 6} more" if len(small) > 6 else ""
    note = (
        f"shares of capacity of {', '.join(small[:6])}{more} count as 1/{_MOST_RATIO} of the "
        "largest, the least that is told apart"
    )
    return shares, (note,)


def _other(objective: Objective, constraints: Constraints) -> Fraction:
    """What a partition may cost beside its load, at most."""
    coefficients = (objective.movement, objective.movement_by_weight, objective.rack)
    tied: tuple[Together | Apart, ...] = (*constraints.together, *constraints.apart)
    costs = (each.cost or 0 for each in tied)
    return sum((Fraction(each) for each in (*coefficients, *costs)), Fraction(0))


def _most_total(size: int, shares: list[Fraction], objective: Objective, other: Fraction) -> int:
    """The largest sum of weights at which every cost fits: finer weights blur the rest."""
    balance = Fraction(objective.balance)
    if not balance or not shares or not size:
        return MAX_TOTAL
    largest = max(shares)
    worst = largest / min(shares) + other * (size + 1) * largest / balance / size**2
    most = min(math.isqrt(int(_MOST_COST / (_PRECISION * worst))), MAX_TOTAL)
    if most < size:
        raise InvalidObjectiveError(
            "the objective's coefficients are too far apart for 64-bit arithmetic: "
            "bring them closer together"
        )
    return most


def _costs(
    total: int, size: int, shares: list[Fraction], objective: Objective, other: Fraction
) -> tuple[Fraction, list[Fraction]]:
    """Units of cost per 1 of the objective, and each member's curvature, not yet rounded."""
    balance = Fraction(objective.balance)
    if not balance or not shares or not total:
        worst = other * (size + 1)
        scale = min(_MOST_COST / worst, Fraction(2**30)) if worst else Fraction(_PRECISION)
        return scale, [Fraction(0)] * len(shares)
    largest = max(shares)
    parts = math.lcm(*((largest / share).denominator for share in shares))
    # Whole curvatures, where a precision close to the usual one makes them so.
    precision = _PRECISION - _PRECISION % parts if parts <= _PRECISION else _PRECISION
    scale = precision * Fraction(total * total, size * size) * largest / balance
    return scale, [precision * largest / share for share in shares]
