"""What Apache Kafka 4.4.0's own Java classes answered, recorded: plans and bytes, both ways.

The plans are those of RangeAssignor and RoundRobinAssignor; the bytes are those of ConsumerProtocol
and of the user data of both sticky assignors, with what Kafka reads in bytes that are odd.
`python -m tests.java.record` asks the Java classes anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from assignors.codec import (
    CodecError,
    ConsumerAssignment,
    StickyUserData,
    decode_assignment,
    decode_generation_user_data,
    decode_sticky_user_data,
    decode_subscription,
    encode_assignment,
    encode_subscription,
    wire_version,
)
from assignors.interface import assignor_user_data, resolve, run_assignor
from assignors.model import ClusterMetadata, PartitionSet, Subscription
from assignors.ordering import java_order
from tests.java.groups import DrawnGroup
from tests.java.oracle import columns, fields
from tests.java.record import BYTES, PLANS, read

Line = Mapping[str, Any]

PLAN_LINES = read(PLANS)
BYTES_LINES = read(BYTES)


def named(line: Line) -> str:
    words = [line["kind"], line.get("assignor"), line["name"], line.get("version")]
    return " ".join(str(word) for word in words if word is not None)


def lines(kind: str, assignor: str | None = None) -> list[Any]:
    chosen = [
        line for line in BYTES_LINES if line["kind"] == kind and line.get("assignor") == assignor
    ]
    assert chosen
    return [pytest.param(line, id=named(line)) for line in chosen]


def partition_set(by_topic: Mapping[str, Sequence[int]]) -> PartitionSet:
    return PartitionSet((topic, number) for topic, ids in by_topic.items() for number in ids)


def as_java_writes(by_topic: Mapping[str, Sequence[int]]) -> bool:
    """Topics and ids in the order in which we write them, each once."""
    return list(by_topic) == sorted(by_topic) and all(
        list(ids) == sorted(set(ids)) for ids in by_topic.values()
    )


def sent(data: str | None) -> bytes | None:
    return None if data is None else bytes.fromhex(data)


@pytest.mark.parametrize("name", ["range", "roundrobin"])
def test_plans_equal_those_of_kafka(name: str) -> None:
    assert len(PLAN_LINES) >= 200

    for line in PLAN_LINES:
        group = DrawnGroup.from_data(line)
        plan = run_assignor(resolve(name), group.cluster, group.subscriptions)
        assert {member: columns(each) for member, each in plan.items()} == line["plans"][name], line


def test_racks_made_a_difference_in_the_recorded_plans() -> None:
    different = 0
    for line in PLAN_LINES:
        group = DrawnGroup.from_data(line)
        without = ClusterMetadata(group.cluster.partitions)
        plan = run_assignor(resolve("range"), without, group.subscriptions)
        different += {m: columns(each) for m, each in plan.items()} != line["plans"]["range"]

    assert different >= 40


@pytest.mark.parametrize("line", lines("subscription"))
def test_subscriptions_both_ways(line: Line) -> None:
    java, version = bytes.fromhex(line["bytes"]), line["version"]
    said = Subscription(
        topics=sorted(line["topics"], key=java_order),
        user_data=sent(line["user_data"]),
        owned=partition_set(line["owned"]) if version >= 1 else PartitionSet(),
        generation_id=line["generation_id"] if version >= 2 else -1,
        rack_id=line["rack_id"] if version >= 3 else None,
    )

    assert wire_version(java) == version
    assert fields(decode_subscription(java)) == fields(said) | {"rack_id": said.rack_id or None}
    once = {**line["owned"], "": line["topics"]}
    if all(len(set(each)) == len(each) for each in once.values()):
        assert encode_subscription(said, version=version) == java


@pytest.mark.parametrize("line", lines("assignment"))
def test_assignments_both_ways(line: Line) -> None:
    java, version = bytes.fromhex(line["bytes"]), line["version"]
    said = ConsumerAssignment(
        partitions=partition_set(line["partitions"]), user_data=sent(line["user_data"])
    )
    ours = encode_assignment(said.partitions, user_data=said.user_data, version=version)

    assert decode_assignment(java) == decode_assignment(ours) == said
    assert wire_version(java) == version
    assert (ours == java) == as_java_writes(line["partitions"])


@pytest.mark.parametrize("line", lines("user data", "sticky"))
def test_sticky_user_data_both_ways(line: Line) -> None:
    owned = partition_set(line["partitions"] or {})
    ours = assignor_user_data(resolve("sticky"), [], owned, line["generation_id"])

    if line["bytes"] is None:  # Java's null, which it reads as it reads none
        assert ours == b""
        return
    java = bytes.fromhex(line["bytes"])
    said = StickyUserData(partitions=owned, generation_id=line["generation_id"])
    assert decode_sticky_user_data(java) == decode_sticky_user_data(ours) == said
    assert len(ours) == len(java)  # topics go out in the order of a HashMap of Java's
    if len(owned.topics) < 2:
        assert ours == java


@pytest.mark.parametrize("line", lines("user data", "cooperative-sticky"))
def test_cooperative_sticky_user_data_both_ways(line: Line) -> None:
    owned = partition_set(line["partitions"] or {})
    ours = assignor_user_data(resolve("cooperative-sticky"), [], owned, line["generation_id"])

    assert ours.hex() == line["bytes"]
    assert decode_generation_user_data(ours) == line["generation_id"]


@pytest.mark.parametrize("line", [*lines("read subscription"), *lines("read assignment")])
def test_odd_bytes_are_read_as_kafka_reads_them(line: Line) -> None:
    data, said = bytes.fromhex(line["bytes"]), line["read"]
    subscribes = line["kind"] == "read subscription"

    if "error" in said:
        with pytest.raises(CodecError):
            decode_subscription(data) if subscribes else decode_assignment(data)
    elif subscribes:
        owned = columns(partition_set(said["owned"]))
        assert fields(decode_subscription(data)) == {**said, "owned": owned}
    else:
        partitions = partition_set(said["partitions"])
        user_data = sent(said["user_data"])
        assert decode_assignment(data) == ConsumerAssignment(
            partitions=partitions, user_data=user_data
        )


@pytest.mark.parametrize("line", lines("read user data", "sticky"))
def test_odd_sticky_user_data_is_read_as_kafka_reads_it(line: Line) -> None:
    try:
        read_here = decode_sticky_user_data(bytes.fromhex(line["bytes"]))
    except CodecError:
        read_here = StickyUserData()  # for Java, too, a member that claims nothing

    said = line["read"]
    assert read_here == StickyUserData(
        partitions=partition_set(said["partitions"]), generation_id=said["generation_id"]
    )


@pytest.mark.parametrize("line", lines("read user data", "cooperative-sticky"))
def test_odd_generations_are_read_as_kafka_reads_them(line: Line) -> None:
    try:
        generation_id = decode_generation_user_data(bytes.fromhex(line["bytes"]))
    except CodecError:
        generation_id = -1

    assert generation_id == line["read"]["generation_id"]
