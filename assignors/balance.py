"""How many partitions each member gets, so that no plan is better balanced.

Balanced means the least sum of squared loads, or, which is the same, the least-majorised loads.
The rule kept here: the result is optimal, not merely good. Members fall into groups of which each
has one level: its members get that many partitions or one more. If a group cannot be levelled so,
the minimum cut says who must have more and who must have less, and splits it in two.
(A. Frank and K. Murota, "Decreasing minimization on M-convex sets", the canonical partition.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assignors.classes import Counts, Problem, added
from assignors.network import Kernel, Network


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Levels:
    """Which loads are balanced: those with `level[g]`, or for `odd[g]` members one more.

    `of_class` and `of_member` are the groups g, -1 for a member that is subscribed to nothing.
    `x` is one plan with such loads, per edge; in every such plan a class gives to members of its
    own group only.
    """

    of_class: Counts
    of_member: Counts
    level: Counts
    odd: Counts
    x: Counts

    def imbalance(self) -> int:
        """The sum of squared loads."""
        served = self.of_member[self.of_member >= 0]
        members = np.bincount(served, minlength=self.level.size)
        squares = members * self.level**2 + self.odd * (2 * self.level + 1)
        return int(squares.sum())

    def open(self, problem: Problem) -> NDArray[np.bool_]:
        """The edges that a balanced plan may use."""
        same = self.of_class[problem.edge_class] == self.of_member[problem.edge_member]
        return np.asarray(same)


def one_group(problem: Problem, x: Counts) -> Levels:
    """Everybody on one level, which is a guess."""
    of_member = np.full(problem.members, -1, dtype=np.int64)
    of_member[problem.edge_member] = 0
    of_class = np.zeros(problem.classes, dtype=np.int64)
    return _levelled(problem, of_class, of_member, x)


def _levelled(problem: Problem, of_class: Counts, of_member: Counts, x: Counts) -> Levels:
    groups = int(of_class.max(initial=-1)) + 1
    members = np.bincount(of_member[of_member >= 0], minlength=groups)
    level, odd = np.divmod(added(of_class, problem.sizes, groups), members)
    return Levels(of_class=of_class, of_member=of_member, level=level, odd=odd, x=x)


def balanced(problem: Problem, x: Counts, kernel: Kernel) -> Levels:
    """The levels, and a plan that has them, reached from `x`, with more moves than it needs."""
    levels = one_group(problem, x)
    pending = np.ones(1, dtype=bool)
    while True:
        work = Transport.of(problem, levels, levels.x, pending=pending)
        flow = kernel.max_flow(work.network)
        x = work.applied(levels.x, flow.carried)
        reached = flow.reached
        split = np.zeros(levels.level.size, dtype=bool)
        in_class = reached[: problem.classes]
        in_member = reached[problem.classes : problem.classes + problem.members]
        split[levels.of_class[in_class]] = True
        split[levels.of_member[in_member]] = True
        if not split.any():
            return Levels(
                of_class=levels.of_class,
                of_member=levels.of_member,
                level=levels.level,
                odd=levels.odd,
                x=x,
            )
        # Those that are reached become a group of their own, with a new number.
        renumbered = split.cumsum() - 1 + split.size
        of_class, of_member = levels.of_class.copy(), levels.of_member.copy()
        of_class[in_class] = renumbered[of_class[in_class]]
        of_member[in_member] = renumbered[of_member[in_member]]
        levels = _levelled(problem, of_class, of_member, x)
        pending = np.concatenate([split, np.ones(int(split.sum()), dtype=bool)])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Transport:
    """The network on which a plan becomes balanced: classes, then members, then groups.

    A class supplies what is not placed, a member what it has above its level (below it, it
    demands), a group demands its odd partitions. Arcs place a partition of a class with a member,
    or take back one that was placed, at no cost; take one that the member owns, at a cost of one;
    or make a member one of the odd ones. `places`, `undoes` and `takes` are the edges behind the
    first three kinds of arcs, in this order.
    """

    network: Network
    places: Counts
    undoes: Counts
    takes: Counts

    @classmethod
    def of(
        cls,
        problem: Problem,
        levels: Levels,
        x: Counts,
        *,
        pending: NDArray[np.bool_] | None = None,
        may_take: bool = True,
    ) -> Transport:
        """From a plan that has not placed everything, and may be unbalanced, towards `levels`.

        Without `may_take` no owner loses anything. With `pending` only those groups take part.
        """
        usable = levels.open(problem)
        odd = (levels.of_member >= 0).nonzero()[0]
        if pending is not None:
            usable &= pending[levels.of_class[problem.edge_class]]
            odd = odd[pending[levels.of_member[odd]]]
        own = np.minimum(x, problem.keep)
        places = usable.nonzero()[0]
        undoes = (usable & (x > own)).nonzero()[0]
        takes = (usable & (own > 0)).nonzero()[0] if may_take else places[:0]
        class_, member = problem.edge_class, problem.classes + problem.edge_member
        group = problem.classes + problem.members + levels.of_member[odd]
        network = Network(
            tail=np.concatenate(
                [class_[places], member[undoes], member[takes], problem.classes + odd]
            ),
            head=np.concatenate([member[places], class_[undoes], class_[takes], group]),
            capacity=np.concatenate(
                [
                    problem.sizes[class_[places]],
                    (x - own)[undoes],
                    own[takes],
                    np.ones(odd.size, dtype=np.int64),
                ]
            ),
            cost=np.array([0, 1, 0]).repeat([places.size + undoes.size, takes.size, odd.size]),
            supply=_supply(problem, levels, x, odd, pending),
        )
        return cls(network=network, places=places, undoes=undoes, takes=takes)

    def applied(self, x: Counts, carried: Counts) -> Counts:
        """The plan `x` after the flow."""
        x = x.copy()
        undoes = self.places.size
        takes = undoes + self.undoes.size
        x[self.places] += carried[:undoes]
        x[self.undoes] -= carried[undoes:takes]
        x[self.takes] -= carried[takes : takes + self.takes.size]
        return x


def _supply(
    problem: Problem,
    levels: Levels,
    x: Counts,
    odd: Counts,
    pending: NDArray[np.bool_] | None,
) -> Counts:
    """What each class, member and group of the network gives, or asks for where it is negative."""
    classes, members, groups = problem.classes, problem.members, levels.level.size
    supply = np.zeros(classes + members + groups, dtype=np.int64)
    in_class, in_group = supply[:classes], supply[classes + members :]
    in_class[:] = problem.unowned(x)
    supply[classes + odd] = problem.loads(x)[odd] - levels.level[levels.of_member[odd]]
    in_group[:] = -levels.odd
    if pending is not None:
        in_class[~pending[levels.of_class]] = 0
        in_group[~pending] = 0
    return supply
