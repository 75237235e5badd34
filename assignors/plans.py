"""A plan that an assignor returned, put into one form and held against the rules.

The rule kept here: a plan is checked by columns, so that the check costs about as much as reading
the plan once, and the first fault found is the same on every run (member order, then topic order).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assignors.columns import NOBODY, Subscriptions
from assignors.errors import InvalidPlanError, PlanFault, in_one_line
from assignors.flat import FlatIndex
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from assignors.owners import OwnerColumn


def normalised(
    raw: Any, members: Mapping[str, Subscription], assignor_name: str
) -> GroupAssignment:
    """Any mapping of member id to partitions as a `GroupAssignment` with every member in it.

    Raises InvalidPlanError for anything else, an unknown member, or a partition listed twice.
    """
    if isinstance(raw, GroupAssignment) and tuple(raw) == Subscriptions.of(members).member_ids:
        return raw
    if not isinstance(raw, Mapping):
        raise InvalidPlanError(
            f"assignor {assignor_name!r} returned {type(raw).__name__}: "
            "return a mapping of member id to partitions",
            fault=PlanFault.NOT_A_PLAN,
        )
    try:
        return _read(raw, members, assignor_name)
    except InvalidPlanError:
        raise
    except (Exception, SystemExit) as error:  # what it returned is its own code, too
        raise InvalidPlanError(
            f"assignor {assignor_name!r} returned a plan that cannot be read ({error!r}): "
            "return a mapping of member id to partitions, and bytes as user_data",
            fault=PlanFault.NOT_A_PLAN,
        ) from error


def _read(
    raw: Mapping[Any, Any], members: Mapping[str, Subscription], assignor_name: str
) -> GroupAssignment:
    for member in raw:
        if member not in members:
            raise InvalidPlanError(
                f"assignor {assignor_name!r} assigned partitions to {member!r}, which is not a "
                f"member: assign only to the {len(members)} members given",
                fault=PlanFault.UNKNOWN_MEMBER,
                member_id=member if isinstance(member, str) else None,
            )
    plan = {
        member: _as_set(raw[member], member, assignor_name) if member in raw else PartitionSet()
        for member in members
    }
    return GroupAssignment(plan, getattr(raw, "user_data", None))


def _as_set(value: Any, member: str, assignor_name: str) -> PartitionSet:
    if isinstance(value, PartitionSet):
        return value
    try:
        listed = value if isinstance(value, Mapping) else [(t, p) for t, p in value]
        partitions = PartitionSet(listed)
    except (TypeError, ValueError) as error:
        raise InvalidPlanError(
            f"assignor {assignor_name!r} assigned {member!r} something that is not partitions "
            f"({in_one_line(error)}): return TopicPartitions",
            fault=PlanFault.NOT_A_PLAN,
            member_id=member,
        ) from error
    if isinstance(listed, list) and len(listed) != len(partitions):
        topic, partition = next(a for a, b in pairwise(sorted(listed)) if a == b)
        raise _twice(f"assignor {assignor_name!r}", topic, partition, member, member)
    return partitions


def validated(
    plan: GroupAssignment,
    cluster: ClusterMetadata,
    members: Mapping[str, Subscription],
    assignor_name: str,
    *,
    may_withhold: bool,
    refuse_transfers: bool,
) -> GroupAssignment:
    """The plan itself if it is valid; see `run_assignor` for the two switches."""
    if _is_valid_column(
        plan, cluster, members, may_withhold=may_withhold, refuse_transfers=refuse_transfers
    ):
        return plan
    for fault in plan_faults(
        plan,
        cluster,
        members,
        f"assignor {assignor_name!r}",
        may_withhold=may_withhold,
        refuse_transfers=refuse_transfers,
    ):
        raise fault
    return plan


def _is_valid_column(
    plan: GroupAssignment,
    cluster: ClusterMetadata,
    members: Mapping[str, Subscription],
    *,
    may_withhold: bool,
    refuse_transfers: bool,
) -> bool:
    """True if the plan is one owner's number per partition of this group, and breaks no rule.

    Nothing can be assigned twice then, or be unknown. False decides nothing.
    """
    column = plan.partitions
    if not isinstance(column, OwnerColumn):
        return False
    group = Subscriptions.of(members)
    topics = group.topics(cluster)
    if column.index != topics.index or column.member_ids != group.member_ids:
        return False
    if topics.pairs is not None and not topics.subscribed(*column.given()).all():
        return False
    forgotten = column.owner < 0
    lacks = bool(forgotten.any())
    if not refuse_transfers and not (lacks and may_withhold):
        return not lacks
    claimant = group.claimants(topics.index)
    if lacks and not (may_withhold and bool((claimant[forgotten] != NOBODY).all())):
        return False
    handed_over = (claimant != NOBODY) & (claimant != column.owner) & ~forgotten
    return not (refuse_transfers and bool(handed_over.any()))


def plan_faults(
    plan: Mapping[str, PartitionSet],
    cluster: ClusterMetadata,
    members: Mapping[str, Subscription],
    giver: str,
    *,
    may_withhold: bool = False,
    refuse_transfers: bool = False,
) -> Iterator[InvalidPlanError]:
    """Every way in which a plan is invalid, one at a time, in a fixed order.

    `giver`: who is said to have given a member what it should not have.
    """
    group = Subscriptions.of(members)
    index = group.topics(cluster).index
    owner = np.full(index.size, -1, dtype=np.int64)
    ids = sorted(members)
    nothing = PartitionSet()
    for number, member in enumerate(ids):
        partitions = plan.get(member, nothing)
        subscribed = group.topic_set_of(number)
        yield from _faults_of_member(member, partitions, cluster, subscribed, giver)
        numbers = index.numbers(partitions)
        for twice in numbers[owner[numbers] >= 0].tolist():
            yield _twice(giver, *index.partition(twice), ids[owner[twice]], member)
        owner[numbers] = number
    yield from _forgotten(index, owner, members, giver, may_withhold=may_withhold)
    if refuse_transfers:
        yield from _transfers(index, owner, members, ids, giver)


def _faults_of_member(
    member: str,
    partitions: PartitionSet,
    cluster: ClusterMetadata,
    subscribed: frozenset[str],
    giver: str,
) -> Iterator[InvalidPlanError]:
    for topic, ids in partitions.by_topic.items():
        count = cluster.partitions.get(topic, 0)
        if topic not in subscribed:
            yield InvalidPlanError(
                f"{giver} gave {member!r} partition {ids[0]} of {topic!r}, "
                "to which it is not subscribed: assign a topic to its subscribers only",
                fault=PlanFault.NOT_SUBSCRIBED,
                member_id=member,
                topic=topic,
                partition=int(ids[0]),
            )
        elif int(ids[-1]) >= count:
            yield InvalidPlanError(
                f"{giver} gave {member!r} partition {ids[-1]} of {topic!r}, "
                f"which has {count} partitions: assign what the cluster metadata lists",
                fault=PlanFault.UNKNOWN_PARTITION,
                member_id=member,
                topic=topic,
                partition=int(ids[-1]),
            )


def _forgotten(
    index: FlatIndex,
    owner: NDArray[np.int64],
    members: Mapping[str, Subscription],
    giver: str,
    *,
    may_withhold: bool,
) -> Iterator[InvalidPlanError]:
    missing = owner < 0
    if may_withhold and bool(missing.any()):
        for subscription in members.values():
            missing[index.numbers(subscription.owned)] = False
    numbers = np.flatnonzero(missing)
    for number in numbers.tolist():
        topic, partition = index.partition(number)
        others = f" and {numbers.size - 1} more" if numbers.size > 1 else ""
        why = "and no live member claims it" if may_withhold else "although it has subscribers"
        yield InvalidPlanError(
            f"{giver} gave partition {partition} of {topic!r}{others} to "
            f"nobody, {why}: assign every partition of a subscribed topic",
            fault=PlanFault.FORGOTTEN,
            topic=topic,
            partition=partition,
        )


def _transfers(
    index: FlatIndex,
    owner: NDArray[np.int64],
    members: Mapping[str, Subscription],
    ids: list[str],
    giver: str,
) -> Iterator[InvalidPlanError]:
    """What goes to one member while another owns it; to keep what one owns is no transfer."""
    owned = [index.numbers(members[member].owned) for member in ids]
    kept = np.zeros(index.size, dtype=bool)
    for number, numbers in enumerate(owned):
        kept[numbers[owner[numbers] == number]] = True
    for number, numbers in enumerate(owned):
        taken = numbers[(owner[numbers] >= 0) & (owner[numbers] != number) & ~kept[numbers]]
        for each in taken.tolist():
            topic, partition = index.partition(each)
            receiver = ids[int(owner[each])]
            yield InvalidPlanError(
                f"{giver} hands partition {partition} of {topic!r} to "
                f"{receiver!r} while {ids[number]!r} still owns it: withhold it for one rebalance",
                fault=PlanFault.UNSAFE_TRANSFER,
                member_id=receiver,
                topic=topic,
                partition=partition,
            )


def _twice(giver: str, topic: str, partition: int, first: str, second: str) -> InvalidPlanError:
    where = f"twice to {first!r}" if first == second else f"to {first!r} and to {second!r}"
    return InvalidPlanError(
        f"{giver} gave partition {partition} of {topic!r} {where}: assign every partition once",
        fault=PlanFault.ASSIGNED_TWICE,
        member_id=second,
        topic=topic,
        partition=partition,
    )
