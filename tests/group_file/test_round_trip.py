"""What is written is read back: any group, and what libraries of YAML and JSON make of it."""

from __future__ import annotations

import json

import yaml
from hypothesis import example, given, settings

from assignors.model import ClusterMetadata, PartitionSet, Subscription
from rebalance.group_file import GroupFile, dump, load

from .groups import group_files


@settings(deadline=None, max_examples=150)
@given(group_files())
@example(GroupFile(cluster=ClusterMetadata({}), members={}))
@example(
    GroupFile(
        cluster=ClusterMetadata({"t" * 2000: 1}),
        members={"m" * 2000: Subscription(topics=["t" * 2000], owned=[("t" * 2000, 0)])},  # type: ignore[arg-type]
    )
)
def test_any_group_is_read_back_as_it_was(group: GroupFile) -> None:
    text = dump(group)
    again = load(text, "dumped")

    assert again == group
    assert list(again.members) == list(group.members)
    assert dump(again) == text


@settings(deadline=None, max_examples=100)
@given(group_files())
def test_the_text_is_plain_yaml_and_may_as_well_be_json(group: GroupFile) -> None:
    document = yaml.safe_load(dump(group))
    assert set(document) <= {
        *("topics", "members", "weights"),
        "objective",
        "constraints",
        "assignor",
    }

    assert load(json.dumps(document), "dumped") == group
    assert load(json.dumps(document, indent="\t", ensure_ascii=False), "dumped") == group


def test_it_is_written_to_be_read() -> None:
    group = GroupFile(
        cluster=ClusterMetadata(
            {"orders": 12, "payments": 2, "on": 1},
            racks={"payments": [frozenset({"b", "a"}), frozenset()]},
        ),
        members={
            "m2": Subscription(topics=["payments", "orders"], rack_id="a", user_data=b"\0\1\2"),
            "m1": Subscription(
                topics=["on"],
                owned=PartitionSet({"orders": [0, 1, 2, 7], "on": [0]}),
                generation_id=5,
                group_instance_id="s1",
                user_data=None,
            ),
        },
        assignors=("sticky",),
        weights={"payments": (1, 2.5), "orders": 3},
        objective={"movement": 4},
        constraints={"pins": [{"what": "on", "who": "m1"}]},
        capacity={"m2": 2},
        labels={"m2": {"zone": "europe", "size": "2"}},
    )

    assert (
        dump(group)
        == """\
topics:
  "on": 1
  orders: 12
  payments: {partitions: 2, racks: [[a, b], []]}
members:
  m2: {topics: [payments, orders], rack: a, capacity: 2, labels: {size: "2", zone: europe},
    user_data: "base64:AAEC"}
  m1: {topics: ["on"], owned: {"on": 0, orders: [0-2, 7]}, generation: 5, instance: s1,
    user_data: none}
weights:
  orders: 3
  payments: [1, 2.5]
objective:
  movement: 4
constraints:
  pins: [{what: "on", who: m1}]
assignor: sticky
"""
    )
