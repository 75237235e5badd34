"""What a group file says, in its several ways of saying it."""

from __future__ import annotations

import pytest

from assignors.model import ClusterMetadata, PartitionSet, Subscription
from rebalance.group_file import GroupFile, load

WHOLE = """
topics:
  orders: 12
  payments: {partitions: 4, racks: [[a, b], [b], [a], []]}
  clicks: {racks: [a, [b]]}
members:
  m1: {topics: [orders, payments], owned: {orders: 0-3, payments: [1, 3]}, generation: 5,
       instance: s1, rack: a, capacity: 2.0, labels: {zone: 1}, user_data: "base64:AAAA"}
  m2: {topics: [orders], capacity: {share: 2, max_partitions: 0}}
weights: {orders: 3, payments: [1, 2, 3, 4]}
objective: {balance: 2, movement: 0.5}
constraints: {max_moves: ~, pins: [{what: {topic: orders, partitions: [3]}, who: on, must: true}],
  bans: [{what: "1", who: {label: {zone: "1"}}}]}
assignor: [sticky, my.module:Mine]
"""


def test_everything_at_once() -> None:
    a, b = frozenset("a"), frozenset("b")
    assert load(WHOLE, "w") == GroupFile(
        cluster=ClusterMetadata(
            {"orders": 12, "payments": 4, "clicks": 2},
            racks={"payments": [a | b, b, a, frozenset()], "clicks": [a, b]},
        ),
        members={
            "m1": Subscription(
                topics=["orders", "payments"],
                owned=PartitionSet({"orders": range(4), "payments": [1, 3]}),
                generation_id=5,
                group_instance_id="s1",
                rack_id="a",
                user_data=b"\0\0\0",
            ),
            "m2": Subscription(topics=["orders"]),
        },
        assignors=("sticky", "my.module:Mine"),
        weights={"orders": 3.0, "payments": (1.0, 2.0, 3.0, 4.0)},
        objective={"balance": 2, "movement": 0.5},
        constraints={
            "max_moves": None,
            "pins": [{"what": {"topic": "orders", "partitions": [3]}, "who": "on", "must": True}],
            "bans": [{"what": "1", "who": {"label": {"zone": "1"}}}],
        },
        capacity={"m1": 2.0, "m2": {"share": 2, "max_partitions": 0}},
        labels={"m1": {"zone": "1"}},
    )


@pytest.mark.parametrize(
    ("written", "ids"),
    [
        ("3", [3]),
        ("0-3", [0, 1, 2, 3]),
        ("2-2", [2]),
        ("[0, 1]", [0, 1]),
        ("[3, 0-1, 1]", [0, 1, 3]),
        ('"0-3,7"', [0, 1, 2, 3, 7]),
        ('" 0 - 1 , 7"', [0, 1, 7]),
        ("010", [10]),
        ("all", [0, 1, 2, 3]),
        ("[]", []),
        ("9", [9]),
    ],
)
def test_ids(written: str, ids: list[int]) -> None:
    text = f"topics: {{a: 4}}\nmembers: {{m: {{topics: [a], owned: {{a: {written}}}}}}}"
    assert load(text, "w").members["m"].owned == PartitionSet({"a": ids})


@pytest.mark.parametrize(
    "topic", ["on", "yes", "1.0", "2024-01-01", "12:30:00", "0x1F", "1_000", "=", "ünïcode", "true"]
)
def test_a_topic_is_called_what_is_written(topic: str) -> None:
    text = f"topics: {{{topic}: 1}}\nmembers: {{m: {{topics: [{topic}], owned: {{{topic}: 0}}}}}}"
    group = load(text, "w")
    assert list(group.cluster.partitions) == [topic]
    assert group.members["m"].topics == (topic,)
    assert group.members["m"].owned == PartitionSet({topic: [0]})


def test_what_is_left_out_or_null_has_its_default() -> None:
    text = "topics: {}\nmembers: {m: {topics: [], owned: ~, rack: null, generation: }}\nweights:\n"
    assert load(text, "w").members["m"] == Subscription(topics=[])


def test_claims_and_subscriptions_may_speak_of_what_is_not_there() -> None:
    text = "topics: {a: 1}\nmembers: {m: {topics: [gone], owned: {gone: 3, a: 7}}}"
    member = load(text, "w").members["m"]
    assert member.topics == ("gone",)
    assert member.owned == PartitionSet({"gone": [3], "a": [7]})


def test_a_group_of_nobody_and_nothing() -> None:
    assert load("topics: {}\nmembers: {}", "w") == GroupFile(
        cluster=ClusterMetadata({}), members={}
    )


def test_anchors_and_merged_defaults() -> None:
    text = """
topics: {a: 4}
members:
  m1: &pod
    topics: [a]
    rack: x
  m2:
    owned: {a: 0}
    <<: *pod
    rack: y
  m3: *pod
  m4: {<<: [{rack: z}, *pod]}
"""
    members = load(text, "w").members
    assert {m: (each.topics, each.rack_id) for m, each in members.items()} == {
        "m1": (("a",), "x"),
        "m2": (("a",), "y"),
        "m3": (("a",), "x"),
        "m4": (("a",), "z"),
    }


def test_json_as_json_libraries_write_it() -> None:
    text = '\ufeff{"topics":{"a\\/b":1,"\\ud83d\\ude00\\\\/":\t2},\r\n\t"members":{}}'
    assert load(text, "w").cluster == ClusterMetadata({"a/b": 1, "\U0001f600\\/": 2})


def test_members_keep_their_order() -> None:
    text = "topics: {}\nmembers: {b: {topics: []}, a: {topics: []}}"
    assert list(load(text, "w").members) == ["b", "a"]


@pytest.mark.parametrize("field", ["capacity", "labels"])
def test_a_group_made_in_code_is_checked_too(field: str) -> None:
    with pytest.raises(ValueError, match=f"{field} of 'stranger', which is not a member"):
        GroupFile(cluster=ClusterMetadata({}), members={}, **{field: {"stranger": {}}})  # type: ignore[arg-type]
