"""Large-neighbourhood search: a few members at a time are solved again, with all they have.

The rule kept here: who is solved next follows from the prices of the bound alone. The distance of a
plan to its bound is the sum of what each unit and each member regrets at those prices; the members
that regret most come first, together with those who could relieve them. Never all members at once:
the whole model is somebody else's.
"""

from __future__ import annotations

import numpy as np

from assignors.optimized import cpsat
from assignors.optimized.bounds import Prices, bound_at, load_range, load_regrets, regrets
from assignors.optimized.evaluate import evaluate
from assignors.optimized.model import Ints, Model
from assignors.optimized.search import Work

_BOOLEANS = 3_000
_MEMBERS = 12
_SECONDS = 0.3
"""Of deterministic time for one neighbourhood."""
_LEAST_SECONDS = 0.02
_BLOCK = 2_000_000
_STEP = 300_000
"""Work to choose a neighbourhood, besides what is looked at by unit."""


def improved(model: Model, to: Ints, prices: Prices, goal: int, work: Work) -> Ints:
    """The plan, or a better one; ends when all members were tried in vain, or out of work.

    `goal`: a cost that cannot be undercut.
    """
    to = to.copy()
    value = evaluate(model, to)
    if model.members <= 2 or work.spent() or (not value.broken and value.cost <= goal):
        return to
    bound = bound_at(model, prices).bound
    tried = np.zeros(model.members, dtype=np.int64)
    partners = _partners_of_units(model)
    rounds = 0
    while not work.spent() and (value.broken or value.cost > goal) and rounds <= 2:
        of_units, of_members = _regrets(model, to, prices, work)
        regret = of_members.copy()
        np.add.at(regret, to, of_units)
        order = np.lexsort((np.arange(regret.size), -regret, tried))
        first = int(order[0])
        rounds = int(tried[first])
        chosen = _neighbours(model, to, prices, first, regret, partners, rounds, work)
        tried[chosen[: max(1, chosen.size // 3)]] += 1
        slack = None
        if not value.broken:
            # A better plan regrets less in all; who is not solved again regrets what they did.
            others = int(regret.sum()) - int(regret[chosen].sum())
            slack = value.cost - bound - others
        answer = _again(model, to, prices, chosen, slack, work)
        if answer is None:
            break
        if answer.to is None:
            continue
        after = evaluate(model, answer.to)
        if after.better_than(value):
            tried[chosen] = 0
            to, value = answer.to, after
    return to


def _again(
    model: Model, to: Ints, prices: Prices, chosen: Ints, slack: int | None, work: Work
) -> cpsat.Answer | None:
    """What the chosen members hold, solved again with what regrets `slack` at most; None: no work
    is left for that."""
    units = np.flatnonzero(np.isin(to, chosen))
    may, loads = None, None
    work.done += _STEP + units.size * model.members
    if slack is not None:
        may = regrets(model, prices, units)[:, chosen] <= slack
        loads = load_range(model, prices, slack)
    booleans = units.size * chosen.size if may is None else int(np.count_nonzero(may))
    left = cpsat.seconds(work, booleans, chosen.size)
    if left < _LEAST_SECONDS:
        return None
    answer = cpsat.solve(
        model,
        to,
        limit=min(_SECONDS, left),
        units=units,
        members=chosen,
        may=may,
        load_range=loads,
    )
    work.done += cpsat.work_of(answer)
    return answer


def _regrets(model: Model, to: Ints, prices: Prices, work: Work) -> tuple[Ints, Ints]:
    """How much more than its best choice each unit costs where it is, and each member's load."""
    of_units = np.zeros(model.units, dtype=np.int64)
    step = max(1, _BLOCK // max(model.members, 1))
    for first in range(0, model.units, step):
        units = np.arange(first, min(first + step, model.units))
        work.done += units.size * model.members
        of_units[units] = regrets(model, prices, units)[np.arange(units.size), to[units]]
    return of_units, load_regrets(model, prices, model.loads(to))


def _partners_of_units(model: Model) -> dict[int, Ints]:
    """Units that share a soft or hard group."""
    partners: dict[int, list[Ints]] = {}
    for group in model.groups:
        everybody = np.concatenate(group.items)
        for unit in everybody.tolist():
            partners.setdefault(unit, []).append(everybody)
    return {unit: np.unique(np.concatenate(each)) for unit, each in partners.items()}


def _neighbours(
    model: Model,
    to: Ints,
    prices: Prices,
    first: int,
    regret: Ints,
    partners: dict[int, Ints],
    rounds: int,
    work: Work,
) -> Ints:
    """`first`, and members that its units would like better, or that hold their partners."""
    mine = np.flatnonzero(to == first)
    wish = np.zeros(model.members)
    if mine.size:
        work.done += mine.size * model.members
        cost = regrets(model, prices, mine).min(axis=0)
        wish -= cost / max(float(np.median(cost)), 1.0)
    for unit in mine.tolist():
        if unit in partners:
            wish[to[partners[unit]]] += 1
    wish += regret / max(float(regret.max()), 1.0)
    order = np.lexsort((np.arange(wish.size), -wish))
    order = order[order != first]
    # Another round looks at others.
    order = np.roll(order, -rounds * (_MEMBERS - 1))
    held = np.bincount(to, minlength=model.members)
    chosen, units = [first], int(held[first])
    most = min(_MEMBERS, model.members - 1)
    for member in order.tolist():
        if len(chosen) == most:
            break
        if len(chosen) > 1 and (units + int(held[member])) * (len(chosen) + 1) > _BOOLEANS:
            break
        chosen.append(int(member))
        units += int(held[member])
    return np.array(chosen, dtype=np.int64)
