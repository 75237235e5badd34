"""Bytes both ways, drawn: Kafka's classes read what we write, and we read what they write."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assignors.codec import (
    CodecError,
    ConsumerAssignment,
    StickyUserData,
    decode_assignment,
    decode_sticky_user_data,
    decode_subscription,
    encode_assignment,
    encode_subscription,
)
from assignors.interface import assignor_user_data, resolve
from assignors.model import PartitionSet, Subscription
from assignors.ordering import java_order
from tests.java.oracle import Oracle, columns, fields
from tests.java.record import BYTES, read, recorded_bytes

drawn = settings(deadline=None, derandomize=True, max_examples=300)

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
numbers = st.integers(0, 2**31 - 1)
partition_sets = st.dictionaries(names, st.frozensets(numbers, max_size=5), max_size=4).map(
    PartitionSet
)
user_datas = st.none() | st.binary(max_size=20)
versions = st.integers(0, 3)
subscriptions = st.builds(
    Subscription,
    topics=st.lists(names, max_size=5),
    owned=partition_sets,
    generation_id=st.integers(-1, 2**31 - 1),
    rack_id=st.none() | names,
    user_data=user_datas,
)


def ask(oracle: Oracle, what: str, question: dict[str, Any]) -> Any:
    (answer,) = oracle.ask([question | {"ask": what}])
    return answer


def as_far_as(version: int, said: Subscription) -> Subscription:
    """What is left of a subscription on a wire of that version."""
    return replace(
        said,
        owned=said.owned if version >= 1 else PartitionSet(),
        generation_id=said.generation_id if version >= 2 else -1,
        rack_id=said.rack_id if version >= 3 else None,
    )


def test_what_is_recorded_is_what_kafka_writes_and_reads(oracle: Oracle) -> None:
    assert recorded_bytes(oracle) == read(BYTES)


@drawn
@given(said=subscriptions, version=versions)
def test_kafka_reads_our_subscriptions(oracle: Oracle, said: Subscription, version: int) -> None:
    data = encode_subscription(said, version=version)

    read = ask(oracle, "read subscription", {"bytes": data.hex()})

    assert read == fields(as_far_as(version, said))


@drawn
@given(said=subscriptions, version=versions)
def test_we_read_and_write_kafkas_subscriptions(
    oracle: Oracle, said: Subscription, version: int
) -> None:
    written = ask(oracle, "write subscription", fields(said) | {"version": version})
    in_order = replace(said, topics=sorted(said.topics, key=java_order))

    assert decode_subscription(bytes.fromhex(written)) == as_far_as(version, in_order)
    if sorted(said.owned.topics, key=java_order) == list(said.owned.topics):
        assert encode_subscription(in_order, version=version).hex() == written


@drawn
@given(said=partition_sets, user_data=user_datas, version=versions)
def test_assignments_both_ways(
    oracle: Oracle, said: PartitionSet, user_data: bytes | None, version: int
) -> None:
    value = {
        "partitions": columns(said),
        "user_data": None if user_data is None else user_data.hex(),
    }
    ours = encode_assignment(said, user_data=user_data, version=version)
    java = ask(oracle, "write assignment", value | {"version": version})

    assert ask(oracle, "read assignment", {"bytes": ours.hex()}) == value
    assert decode_assignment(bytes.fromhex(java)) == ConsumerAssignment(
        partitions=said, user_data=user_data
    )
    assert sorted(bytes.fromhex(java)) == sorted(ours)  # Java's topics are in the order of a hash


@pytest.mark.parametrize("name", ["sticky", "cooperative-sticky"])
@drawn
@given(owned=partition_sets, generation_id=numbers)
def test_user_data_both_ways(
    oracle: Oracle, name: str, owned: PartitionSet, generation_id: int
) -> None:
    ours = assignor_user_data(resolve(name), [], owned, generation_id)
    value = {"assignor": name, "partitions": columns(owned), "generation_id": generation_id}
    java = bytes.fromhex(ask(oracle, "write user data", value))
    eager = name == "sticky"
    carrier = Subscription(
        topics=[],
        owned=PartitionSet() if eager else owned,
        user_data=ours,
    )
    question = {"assignor": name, "bytes": encode_subscription(carrier, version=1).hex()}

    read = ask(oracle, "read user data", question)

    assert read == {"partitions": columns(owned), "generation_id": generation_id}
    assert sorted(java) == sorted(ours)
    if eager:
        said = StickyUserData(partitions=owned, generation_id=generation_id)
        assert decode_sticky_user_data(java) == said
    else:
        assert java == ours


# Where Kafka reads replacement characters, ids below zero, and any negative length as null.
STRICTER = ("is not UTF-8", "is outside 0..2147483647", "is null or empty", "takes -")


@settings(drawn, max_examples=600)
@given(said=subscriptions, data=st.data())
def test_damaged_bytes_are_read_as_kafka_reads_them_or_refused_for_a_known_reason(
    oracle: Oracle, said: Subscription, data: st.DataObject
) -> None:
    mutable = bytearray(encode_subscription(said))
    for _ in range(data.draw(st.integers(1, 3))):
        mutable[data.draw(st.integers(0, len(mutable) - 1))] = data.draw(st.integers(0, 255))

    java = ask(oracle, "read subscription", {"bytes": mutable.hex()})
    ours, refused = read_here(bytes(mutable))

    if ours is None:
        assert "error" in java or any(reason in refused for reason in STRICTER)
    else:
        owned = PartitionSet((t, number) for t, ids in java["owned"].items() for number in ids)
        once = {"owned": columns(owned), "topics": list(dict.fromkeys(java["topics"]))}
        no_generation = {"generation_id": max(-1, ours["generation_id"])}  # any below zero
        assert ours | no_generation == java | once


def read_here(data: bytes) -> tuple[dict[str, Any] | None, str]:
    """What our codec reads, or why it refuses."""
    try:
        return fields(decode_subscription(data)), ""
    except CodecError as error:
        return None, str(error)
