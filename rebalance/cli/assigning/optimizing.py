"""What a group file says to `optimized`, handed over to it.

The rule kept here: this is the only place of the command that knows the package; what the data
means, and what is wrong with it, that package says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from assignors.interface import Assignor, resolve
from assignors.model import ClusterMetadata, PartitionSet, Subscription
from rebalance.cli.assigning.words import listed
from rebalance.group_file import GroupFile

if TYPE_CHECKING:
    from assignors.optimized import OptimizedAssignor, Solution

NAMES = ("optimized", "cooperative-optimized")


def configured(spec: str, group: GroupFile) -> Assignor:
    """One of our own assignors; those named here with the file's objective and constraints."""
    if spec not in NAMES:
        return resolve(spec)
    from assignors import optimized

    objective: dict[str, Any] = dict(group.objective)
    if group.weights:
        objective["weights"] = dict(group.weights)
    arguments: Any = {
        "objective": optimized.Objective.from_data(objective),
        "constraints": optimized.Constraints.from_data(group.constraints),
    }
    if spec == "optimized":
        return optimized.OptimizedAssignor(**arguments)
    return optimized.CooperativeOptimizedAssignor(**arguments)


def unread(group: GroupFile, specs: Sequence[str]) -> Iterator[str]:
    """A note if the file says something to assignors that are not asked."""
    if any(spec in NAMES for spec in specs):
        return
    given = [each for each in ("weights", "objective", "constraints") if getattr(group, each)]
    if given:
        them = "it" if given == ["objective"] else "them"
        yield f"{listed(given)}: none of these assignors reads {them}"


def optimizer(assignor: Assignor) -> OptimizedAssignor | None:
    """The optimiser in an assignor, if it is one or wraps one."""
    found = getattr(assignor, "inner", assignor)
    if getattr(found, "name", "") != NAMES[0]:
        return None
    from assignors.optimized import OptimizedAssignor

    return found if isinstance(found, OptimizedAssignor) else None


def declared(
    assignor: OptimizedAssignor, group: GroupFile, members: Mapping[str, Subscription]
) -> dict[str, Subscription]:
    """The members with what the file says of them in their user data.

    A member that sent data of its own keeps it, the file's word going before.
    """
    from assignors.optimized import Capacity
    from assignors.optimized.member_data import MemberData, decode, encode

    told = {}
    for member, each in members.items():
        own = decode(group.members[member].user_data)
        said = own or MemberData(fingerprint=assignor.fingerprint)
        said = replace(said, held=PartitionSet(), generation_id=-1)
        if member in group.capacity:
            said = replace(said, capacity=Capacity.from_data(group.capacity[member]))
        if member in group.labels:
            said = replace(said, labels=group.labels[member])
        told[member] = replace(each, user_data=encode(said))
    return told


def solved(
    assignor: OptimizedAssignor, cluster: ClusterMetadata, members: Mapping[str, Subscription]
) -> Solution:
    """The plan and its account; a constraint on what is not there is a note, as for a leader.

    Raises Infeasible, UndecidedError or InvalidObjectiveError.
    """
    return assignor.solve(cluster, members)


def without_claims(
    group: GroupFile, members: Mapping[str, Subscription]
) -> dict[str, Subscription]:
    """The members with what they sent of themselves, but for what they held: `owned` says that."""
    from assignors.optimized.member_data import decode, encode

    kept = {}
    for member, each in members.items():
        own = decode(group.members[member].user_data)
        said = own and encode(replace(own, held=PartitionSet(), generation_id=-1))
        kept[member] = replace(each, user_data=said or b"")
    return kept
