"""What Apache Kafka 4.4.0's own Java classes answered, recorded: plans and bytes.

The plans are those of RangeAssignor (half of them with racks) and RoundRobinAssignor for random
groups; the bytes are those of ConsumerProtocol and of the user data of both sticky assignors.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assignors.codec import encode_assignment, encode_subscription
from assignors.interface import assignor_user_data, resolve, run_assignor
from assignors.model import ClusterMetadata, PartitionSet, Subscription

TESTDATA = Path(__file__).parent / "testdata"
PLANS = json.loads((TESTDATA / "kafka_4_4_0_plans.json").read_text())
BYTES = dict(
    line.rsplit(" ", 1) for line in (TESTDATA / "kafka_4_4_0_bytes.txt").read_text().splitlines()
)
OWNED = PartitionSet({"orders": [0, 2], "pay-ments": [7], "a.b": [300]})
TOPICS = ("a.b", "orders", "pay-ments")  # Java sorts them


def group_of(case: dict[str, Any]) -> tuple[ClusterMetadata, dict[str, Subscription]]:
    racks = {topic: [frozenset(each) for each in case["racks"][topic]] for topic in case["racks"]}
    members = {
        each["id"]: Subscription(
            topics=each["topics"], group_instance_id=each["instance"], rack_id=each["rack"]
        )
        for each in case["members"]
    }
    return ClusterMetadata(case["partitions"], racks), members


@pytest.mark.parametrize("name", ["range", "roundrobin"])
def test_plans_equal_those_of_kafka(name: str) -> None:
    cases = [case for case in PLANS if case["assignor"] == name]
    assert len(cases) >= 60

    for case in cases:
        plan = run_assignor(resolve(name), *group_of(case))
        columns = {
            member: {topic: ids.tolist() for topic, ids in each.by_topic.items()}
            for member, each in plan.items()
        }
        assert columns == case["plan"], case


def test_racks_made_a_difference_in_the_recorded_plans() -> None:
    different = 0
    for case in PLANS:
        cluster, members = group_of(case)
        without = run_assignor(resolve("range"), ClusterMetadata(cluster.partitions), members)
        different += run_assignor(resolve("range"), cluster, members) != without

    assert different >= 20


@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_subscription_and_assignment_bytes_equal_those_of_java(version: int) -> None:
    null = Subscription(
        topics=TOPICS, owned=OWNED, generation_id=42, rack_id="rack-1", user_data=None
    )
    some = PartitionSet({"a.b": [300], "orders": [0, 2]})
    ours = {
        "subscription-null": encode_subscription(null, version=version),
        "subscription-empty": encode_subscription(Subscription(topics=["orders"]), version=version),
        "assignment-null": encode_assignment(some, version=version),
        "assignment-data": encode_assignment(
            PartitionSet(), user_data=b"\x01\x02", version=version
        ),
    }

    for name, data in ours.items():
        assert data.hex() == BYTES[f"{name} {version}"]


@pytest.mark.parametrize(
    ("name", "when", "owned", "generation_id"),
    [
        ("sticky", "after", PartitionSet({"orders": [0, 2]}), 42),
        ("sticky", "nothing", PartitionSet(), 43),
        ("cooperative-sticky", "before", PartitionSet(), -1),
        ("cooperative-sticky", "after", PartitionSet(), 42),
    ],
)
def test_user_data_equals_that_of_java(
    name: str, when: str, owned: PartitionSet, generation_id: int
) -> None:
    data = assignor_user_data(resolve(name), ["orders"], owned, generation_id)

    assert data.hex() == BYTES[f"{name} {when}"]
