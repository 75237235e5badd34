"""Whether a plan can be made better by handing partitions over, one after the other.

The rule kept here: a plan is judged by itself, without asking any solver, so that an assignor of
ours is held to its promises by something that knows nothing of how it keeps them. Two facts carry
it. A plan is balanced exactly if nobody reaches, by a chain of hand-overs, a member with at least
two partitions less. A balanced plan moves least exactly if no closed chain saves a move, where a
chain from a member to one with a partition less counts as closed: the two swap their loads.
Written for groups that fit on a page; the work grows with members times members times partitions.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from assignors.model import GroupAssignment, PartitionSet, Subscription

Partition = tuple[str, int]
_Held = dict[str, set[Partition]]
_Step = tuple[str, str, Partition]


def balanced_further(
    members: Mapping[str, Subscription], plan: Mapping[str, PartitionSet]
) -> GroupAssignment:
    """The plan with the least sum of squared loads that chains of hand-overs lead to."""
    held = _held(members, plan)
    while chain := _chain_downwards(members, held):
        _apply(held, chain)
    return GroupAssignment(held)


def moved_less(
    members: Mapping[str, Subscription],
    plan: Mapping[str, PartitionSet],
    owners: Mapping[Partition, str],
) -> GroupAssignment:
    """The balanced plan with the fewest moves that closed chains lead to.

    `plan` is balanced; `owners`: the settled owner of each partition that has one.
    """
    held = _held(members, plan)
    while chain := _saving_chain(members, held, owners):
        _apply(held, chain)
    return GroupAssignment(held)


def _held(members: Mapping[str, Subscription], plan: Mapping[str, PartitionSet]) -> _Held:
    return {member: {(t, p) for t, p in plan.get(member, ())} for member in sorted(members)}


def _apply(held: _Held, chain: list[_Step]) -> None:
    for giver, taker, partition in chain:
        held[giver].remove(partition)
        held[taker].add(partition)


def _chain_downwards(members: Mapping[str, Subscription], held: _Held) -> list[_Step]:
    """From some member to one with at least two partitions less; empty if there is none."""
    for source in held:
        came: dict[str, _Step] = {}
        waiting = deque([source])
        while waiting:
            giver = waiting.popleft()
            for partition in sorted(held[giver]):
                for taker, each in members.items():
                    if taker in came or taker == source or partition[0] not in each.topics:
                        continue
                    came[taker] = (giver, taker, partition)
                    waiting.append(taker)
                    if len(held[taker]) + 2 <= len(held[source]):
                        return _back(came, taker, source)
    return []


def _back(came: Mapping[str, _Step], target: str, source: str) -> list[_Step]:
    chain = []
    while target != source:
        chain.append(came[target])
        target = came[target][0]
    return chain


def _saving_chain(
    members: Mapping[str, Subscription], held: _Held, owners: Mapping[Partition, str]
) -> list[_Step]:
    """A closed chain that saves moves, by Bellman and Ford; empty if there is none."""
    arcs = _arcs(members, held, owners)
    cost = dict.fromkeys(held, 0)
    came: dict[str, tuple[str, Partition | None]] = {}
    last = None
    for _ in range(len(held) + 1):
        last = None
        for (giver, taker), (change, partition) in arcs.items():
            if cost[giver] + change < cost[taker]:
                cost[taker] = cost[giver] + change
                came[taker] = (giver, partition)
                last = taker
        if last is None:
            return []
    assert last is not None
    for _ in held:  # back onto the cycle
        last = came[last][0]
    chain: list[_Step] = []
    at = last
    while True:
        giver, partition = came[at]
        if partition is not None:
            chain.append((giver, at, partition))
        at = giver
        if at == last:
            return chain


def _arcs(
    members: Mapping[str, Subscription], held: _Held, owners: Mapping[Partition, str]
) -> dict[tuple[str, str], tuple[int, Partition | None]]:
    """Who may hand what to whom, at the least change in moves; None: they swap their loads."""
    arcs: dict[tuple[str, str], tuple[int, Partition | None]] = {}
    for giver, partitions in held.items():
        for taker, each in members.items():
            if taker == giver:
                continue
            if len(held[taker]) == len(held[giver]) + 1:
                arcs[giver, taker] = (0, None)
            for partition in sorted(partitions):
                if partition[0] in each.topics:
                    owner = owners.get(partition)
                    change = (owner == giver) - (owner == taker)
                    if (giver, taker) not in arcs or change < arcs[giver, taker][0]:
                        arcs[giver, taker] = (change, partition)
    return arcs
