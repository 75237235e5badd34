"""The objective's own numbers, and what rounding can hide of them.

Why: solvers work with whole numbers of 64 bits, so weights, shares and coefficients are rounded for
them. The rule kept here: what is told of all plans is what holds of them by the definition.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Definition:
    """The objective's own numbers, not rounded.

    `weight`: of each unit, in average partitions. `share`: of each member; they average 1.
    `home_weight`: of the partitions behind each owner entry of the model. `groups`: the cost of one
    too many of each group of the model, 0 where that is forbidden.
    """

    weight: Floats
    home_weight: Floats
    share: Floats
    balance: float
    movement: float
    movement_by_weight: float
    rack: float
    groups: tuple[float, ...]

    @property
    def floor(self) -> float:
        """What balance costs at best if load could be divided at will, but for what is too heavy.

        A unit that is heavier than what would be fair stays whole. Of members alike the j largest
        loads are at least the j heaviest units, whoever has them, so no loads are more even than
        these units alone, each on a member of its own, and the rest level. Where shares differ only
        the heaviest unit is looked at, on the member where it weighs least.
        """
        if not self.share.size or not self.weight.size:
            return 0.0
        heaviest = np.sort(self.weight)[::-1][: self.share.size]
        if bool((self.share == self.share[0]).all()):
            return self.balance * self._even(heaviest) / float(self.share[0])
        total, shares = float(self.weight.sum()), float(self.share.sum())
        own = np.maximum(heaviest[0], total * self.share / shares)
        rest = np.maximum(shares - self.share, 1e-300)
        level = own * own / self.share + np.maximum(total - own, 0) ** 2 / rest
        return self.balance * float(level.min())

    def _even(self, heaviest: Floats) -> float:
        """The least sum of squared loads of members alike; `heaviest`: units, descending."""
        left, members, squares = float(self.weight.sum()), self.share.size, 0.0
        for weight in heaviest.tolist():
            if members == 1 or weight * members <= left:
                break
            squares += weight * weight
            left -= weight
            members -= 1
        return squares + left * left / members


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounding:
    """By how much the whole numbers of a model may make a plan look dearer than it is.

    In the model's units of cost. `curve`: a load's cost, as a part of itself. `weight`: the square
    root of what the load that was rounded up costs on one member. `other`: everything else.
    """

    curve: float = 0
    weight: float = 0
    other: float = 0

    def bound(self, bound: int, best: float) -> float:
        """What no plan can undercut by the definition, if none undercuts `bound` in the model.

        `best`: what a known plan costs by the definition, in the model's units. A plan that costs
        less has a balance below that; loads rounded by d change the square root of the sum of
        c x L^2 by at most the square root of the sum of c x d^2 (the triangle inequality).
        """
        looks = math.sqrt(max(best, 0.0)) + self.weight
        lost = self.curve * bound + 2 * self.weight * looks + self.other
        return max(bound - lost, 0.0)


__all__ = ["Definition", "Floats", "Rounding"]
