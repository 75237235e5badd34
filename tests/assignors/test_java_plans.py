"""`range` and `roundrobin` answer what Kafka's own classes answer: ten thousand drawn groups."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from assignors.interface import Plan, resolve, run_assignor
from assignors.model import ClusterMetadata, Subscription
from assignors.range import RangeAssignor
from tests.java.differential import DisagreementError, compare, disagreements, draw
from tests.java.groups import DrawnGroup
from tests.java.oracle import Oracle, columns
from tests.java.record import PLANS, read, recorded_plans

GROUPS = 10_000
SEED = 848


@pytest.fixture(scope="module")
def drawn() -> list[DrawnGroup]:
    print(f"seed {SEED}")
    return draw(GROUPS, SEED)


@pytest.mark.parametrize("name", ["range", "roundrobin"])
def test_ten_thousand_plans_are_those_of_kafka(
    oracle: Oracle, drawn: list[DrawnGroup], name: str
) -> None:
    compare(oracle, resolve(name), drawn)


def test_what_is_recorded_is_what_kafka_answers(oracle: Oracle) -> None:
    recorded = read(PLANS)

    assert recorded_plans(oracle, recorded) == recorded


def without_racks(group: DrawnGroup) -> DrawnGroup:
    return replace(group, topics={topic: ((),) * len(p) for topic, p in group.topics.items()})


def without_instances(group: DrawnGroup) -> DrawnGroup:
    return replace(group, members=tuple(replace(each, instance=None) for each in group.members))


def first_topic_alone(group: DrawnGroup) -> DrawnGroup:
    """Nothing is co-partitioned with a topic that stands alone."""
    return replace(group, topics=dict(list(group.topics.items())[:1]))


def first_topic_differs(group: DrawnGroup, other: DrawnGroup) -> bool:
    """Whether `range` deals the first topic otherwise in the other group."""
    first = next(iter(group.topics), "")
    plans = [
        run_assignor(RangeAssignor(), each.cluster, each.subscriptions) for each in (group, other)
    ]
    theirs, others = [[columns(plan[m]).get(first) for m in sorted(plan)] for plan in plans]
    return theirs != others


def test_the_groups_drawn_are_not_easy(drawn: list[DrawnGroup]) -> None:
    """What ten thousand equal answers say depends on what was asked."""
    sample = drawn[::10]

    def share(changed: Callable[[DrawnGroup], DrawnGroup]) -> float:
        return sum(first_topic_differs(each, changed(each)) for each in sample) / len(sample)

    assert share(without_racks) > 0.1
    assert share(without_instances) > 0.1
    assert share(first_topic_alone) > 0.04
    assert sum(len({*m.topics}) < len(m.topics) for group in sample for m in group.members) > 250


class InOrderOfArrival:
    """As a client that forgets how Kafka orders the members of a group: all by id."""

    name = "range"

    def assign(self, cluster: ClusterMetadata, members: Mapping[str, Subscription]) -> Plan:
        forgotten = {m: replace(each, group_instance_id=None) for m, each in members.items()}
        return RangeAssignor().assign(cluster, forgotten)


def test_a_disagreement_is_told_with_the_smallest_group(
    oracle: Oracle, drawn: list[DrawnGroup]
) -> None:
    with pytest.raises(DisagreementError) as raised:
        compare(oracle, InOrderOfArrival(), drawn[:1000])

    found = raised.value.group
    assert disagreements(oracle, RangeAssignor(), [found]) == []
    assert [len(partitions) for partitions in found.topics.values()] == [1]
    assert len(found.members) == 2
    assert DrawnGroup.from_data(json.loads(str(raised.value).split("'")[-2])) == found
