"""The wire: byte for byte what kio writes, and one clear error for everything else."""

from __future__ import annotations

import contextlib
import importlib
import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kio.serial import entity_reader, entity_writer

from assignors.codec import (
    CodecError,
    ConsumerAssignment,
    StickyUserData,
    decode_assignment,
    decode_generation_user_data,
    decode_sticky_user_data,
    decode_subscription,
    encode_assignment,
    encode_generation_user_data,
    encode_sticky_user_data,
    encode_subscription,
    wire_version,
)
from assignors.model import ClusterMetadata, PartitionSet, Subscription
from assignors.sticky import StickyAssignor

from .groups import quick

VERSIONS = (0, 1, 2, 3)
names = st.text(min_size=1, max_size=8).filter(lambda text: _encodable(text))
partition_sets = st.dictionaries(
    names, st.frozensets(st.integers(0, 2**31 - 1), max_size=5), max_size=4
).map(PartitionSet)
user_datas = st.none() | st.binary(max_size=20)
subscriptions = st.builds(
    Subscription,
    topics=st.lists(names, max_size=5),
    owned=partition_sets,
    generation_id=st.integers(-1, 2**31 - 1),
    rack_id=st.none() | names,
    user_data=user_datas,
)


def _encodable(text: str) -> bool:
    return not any(0xD800 <= ord(letter) < 0xE000 for letter in text)


def kio_entity(kind: str, version: int) -> Any:
    return importlib.import_module(f"kio.schema.{kind}.v{version}.data")


def kio_bytes(version: int, entity: Any) -> bytes:
    buffer = io.BytesIO()
    entity_writer(type(entity))(buffer, entity)
    return struct.pack(">h", version) + buffer.getvalue()


def kio_partitions(module: Any, partitions: PartitionSet) -> tuple[Any, ...]:
    return tuple(
        module.TopicPartition(topic=topic, partitions=tuple(ids.tolist()))
        for topic, ids in partitions.by_topic.items()
    )


def kio_subscription(subscription: Subscription, version: int) -> bytes:
    module = kio_entity("consumer_protocol_subscription", version)
    fields: dict[str, Any] = {
        "topics": tuple(subscription.topics),
        "user_data": subscription.user_data,
    }
    if version >= 1:
        fields["owned_partitions"] = kio_partitions(module, subscription.owned)
    if version >= 2:
        fields["generation_id"] = subscription.generation_id
    if version >= 3:
        fields["rack_id"] = subscription.rack_id
    return kio_bytes(version, module.ConsumerProtocolSubscription(**fields))


@quick
@given(subscriptions, st.sampled_from(VERSIONS))
def test_subscription_bytes_are_those_of_kio(subscription: Subscription, version: int) -> None:
    data = encode_subscription(subscription, version=version)

    assert data == kio_subscription(subscription, version)
    assert wire_version(data) == version


@quick
@given(subscriptions, st.sampled_from(VERSIONS))
def test_subscription_is_read_as_far_as_its_version_goes(
    subscription: Subscription, version: int
) -> None:
    read = decode_subscription(kio_subscription(subscription, version), group_instance_id="i")

    assert read == Subscription(
        topics=subscription.topics,
        user_data=subscription.user_data,
        owned=subscription.owned if version >= 1 else PartitionSet(),
        generation_id=subscription.generation_id if version >= 2 else -1,
        rack_id=subscription.rack_id if version >= 3 else None,
        group_instance_id="i",
    )


@quick
@given(partition_sets, user_datas, st.sampled_from(VERSIONS))
def test_assignment_bytes_are_those_of_kio(
    partitions: PartitionSet, user_data: bytes | None, version: int
) -> None:
    module = kio_entity("consumer_protocol_assignment", version)
    entity = module.ConsumerProtocolAssignment(
        assigned_partitions=kio_partitions(module, partitions), user_data=user_data
    )

    data = encode_assignment(partitions, user_data=user_data, version=version)

    assert data == kio_bytes(version, entity)
    assert decode_assignment(data) == ConsumerAssignment(partitions=partitions, user_data=user_data)
    assert entity_reader(type(entity))(data[2:], 0)[0] == entity


@quick
@given(subscriptions, st.integers(4, 2**15 - 1), st.binary(max_size=9))
def test_m03_newer_versions_and_trailing_bytes_are_read_as_known(
    subscription: Subscription, version: int, trailing: bytes
) -> None:
    known = encode_subscription(subscription)
    newer = struct.pack(">h", version) + known[2:] + trailing

    assert decode_subscription(newer) == decode_subscription(known)
    assert wire_version(newer) == version
    assignment = encode_assignment(subscription.owned)
    assert decode_assignment(struct.pack(">h", version) + assignment[2:] + trailing) == (
        decode_assignment(assignment)
    )


def test_null_user_data_is_not_empty_user_data() -> None:
    null = encode_subscription(Subscription(topics=[], user_data=None), version=0)
    empty = encode_subscription(Subscription(topics=[]), version=0)

    assert null.endswith(b"\xff\xff\xff\xff")
    assert empty.endswith(b"\0\0\0\0")
    assert decode_subscription(null).user_data is None
    assert decode_subscription(empty).user_data == b""


def test_an_empty_rack_is_none_as_for_java() -> None:
    data = encode_subscription(Subscription(topics=["a"], rack_id=""))

    assert decode_subscription(data).rack_id is None


def test_columns_in_any_order_and_duplicates_are_read() -> None:
    def column(topic: bytes, *ids: int) -> bytes:
        head = struct.pack(">h", len(topic)) + topic + struct.pack(">i", len(ids))
        return head + struct.pack(f">{len(ids)}i", *ids)

    body = column(b"b", 3, 1, 3) + column(b"a") + column(b"b", 0)
    data = struct.pack(">hi", 1, 3) + body + struct.pack(">i", -1)

    assert decode_assignment(data).partitions == PartitionSet({"b": [0, 1, 3]})


@quick
@given(subscriptions, st.sampled_from(VERSIONS), st.data())
def test_truncated_bytes_are_one_clear_error(
    subscription: Subscription, version: int, data: st.DataObject
) -> None:
    whole = encode_subscription(subscription, version=version)
    part = whole[: data.draw(st.integers(0, len(whole) - 1))]

    with pytest.raises(CodecError, match="cannot read the subscription at byte"):
        decode_subscription(part)


@quick
@given(st.binary(max_size=60))
def test_rubbish_never_escapes(data: bytes) -> None:
    decoders: tuple[Callable[[bytes], object], ...] = (
        decode_subscription,
        decode_assignment,
        decode_sticky_user_data,
        decode_generation_user_data,
        wire_version,
    )
    outcomes: list[type] = []
    for decode in decoders:
        try:
            outcomes.append(type(decode(data)))
        except CodecError:
            outcomes.append(CodecError)

    assert set(outcomes) <= {CodecError, Subscription, ConsumerAssignment, StickyUserData, int}


@quick
@given(subscriptions, st.data())
def test_flipped_bytes_never_escape(subscription: Subscription, data: st.DataObject) -> None:
    mutable = bytearray(encode_subscription(subscription))
    mutable[data.draw(st.integers(0, len(mutable) - 1))] = data.draw(st.integers(0, 255))

    try:
        read: Subscription | None = decode_subscription(bytes(mutable))
    except CodecError:
        read = None
    assert read is None or len(read.topics) <= len(mutable)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "version takes 2 bytes, but 0 are left"),
        (b"\xff\xff", "version -1 is negative"),
        (b"\0\0\x7f\xff\xff\xff", "2147483647 topics cannot follow"),
        (b"\0\0\xff\xff\xff\xff", "-1 topics cannot follow"),
        (b"\0\0\0\0\0\1\xff\xff", "topic name is null or empty"),
        (b"\0\0\0\0\0\1\0\0", "topic name is null or empty"),
        (b"\0\0\0\0\0\1\0\2\xc3\x28", "topic is not UTF-8"),
        (b"\0\0\0\0\0\0\xff\xff\xff\xfe", "user data takes -2 bytes"),
    ],
)
def test_what_is_wrong_and_where(data: bytes, words: str) -> None:
    with pytest.raises(CodecError, match=words):
        decode_subscription(data)


def test_negative_partitions_are_refused() -> None:
    data = struct.pack(">hih1sii", 0, 1, 1, b"a", 1, -1) + struct.pack(">i", -1)

    with pytest.raises(CodecError, match="partition -1 of 'a'"):
        decode_assignment(data)


@pytest.mark.parametrize("version", [-1, 4])
def test_only_known_versions_are_written(version: int) -> None:
    with pytest.raises(ValueError, match="give 0 to 3"):
        encode_subscription(Subscription(topics=[]), version=version)
    with pytest.raises(ValueError, match="give 0 to 3"):
        encode_assignment(PartitionSet(), version=version)


def test_strings_have_an_end() -> None:
    with pytest.raises(ValueError, match="32767"):
        encode_subscription(Subscription(topics=["a" * 40_000]))


@quick
@given(partition_sets, st.integers(-1, 2**31 - 1))
def test_sticky_user_data_round_trips(partitions: PartitionSet, generation_id: int) -> None:
    data = encode_sticky_user_data(partitions, generation_id)

    assert decode_sticky_user_data(data) == StickyUserData(
        partitions=partitions, generation_id=generation_id
    )
    # The version without a generation, as Java before 2.3 and librdkafka wrote it.
    assert decode_sticky_user_data(data[:-4]) == StickyUserData(partitions=partitions)


def test_sticky_user_data_is_javas() -> None:
    data = encode_sticky_user_data(PartitionSet({"ab": [1, 258]}), 7)

    assert data.hex(" ", 4) == (
        "00000001 00026162 00000002 00000001 00000102 00000007".replace("  ", " ")
    )


def test_generation_user_data_is_javas() -> None:
    assert encode_generation_user_data(-1) == b"\xff\xff\xff\xff"
    assert decode_generation_user_data(encode_generation_user_data(300)) == 300
    with pytest.raises(CodecError, match="cooperative-sticky user data"):
        decode_generation_user_data(b"\0\0\0")


def test_a_hundred_thousand_partitions_travel_as_columns() -> None:
    partitions = PartitionSet({f"t{number:03}": range(1000) for number in range(100)})

    read = decode_assignment(encode_assignment(partitions)).partitions

    assert read == partitions
    assert read.ids.dtype == np.int32
    assert read.ids.size == 100_000


def test_what_kafka_python_sends_under_sticky_is_read() -> None:
    # kafka-python 3.0.12: StickyAssignorUserData([("ab", [1, 2])], 7).encode()
    theirs = bytes.fromhex("0001000000010002616200000002000000010000000200000007")
    claim = decode_sticky_user_data(theirs)
    assert (claim.partitions, claim.generation_id) == (PartitionSet({"ab": [1, 2]}), 7)
    nothing = bytes.fromhex("000100000000ffffffff")
    assert decode_sticky_user_data(nothing).partitions == PartitionSet()


@pytest.mark.parametrize("cut", range(26))
def test_a_part_of_it_is_not(cut: int) -> None:
    theirs = bytes.fromhex("0001000000010002616200000002000000010000000200000007")
    if cut == 22:  # version 0 ends there
        assert decode_sticky_user_data(theirs[:cut]).generation_id == -1
        return
    with pytest.raises(CodecError):
        decode_sticky_user_data(theirs[:cut])


def test_more_than_it_is_not() -> None:
    theirs = bytes.fromhex("0001000000010002616200000002000000010000000200000007")
    with pytest.raises(CodecError):
        decode_sticky_user_data(theirs + b"\x00")


def test_a_group_of_both_keeps_what_it_holds() -> None:
    kafka_python = pytest.importorskip("kafka.coordinator.assignors.sticky.user_data")
    theirs = kafka_python.StickyAssignorUserData([("t", [2, 3])], 4).encode()
    ours = encode_sticky_user_data(PartitionSet({"t": [0, 1]}), 4)
    plan = StickyAssignor().plan(
        ClusterMetadata({"t": 4}),
        {
            "a": Subscription(topics=("t",), user_data=theirs),
            "b": Subscription(topics=("t",), user_data=ours),
        },
    )
    assert plan.moves == 0
    assert plan.assignment["a"] == PartitionSet({"t": [2, 3]})
    assert plan.assignment["b"] == PartitionSet({"t": [0, 1]})


@pytest.mark.parametrize(
    "data",
    [
        "000000000001fff2" + b"hello-world-hello-world".hex() + "ffffffff" + b"zz".hex(),
        "000200000001ffda61016100000000ffffffff00000001000161"
        "0000000000000000000001ff00000161ff0061",
    ],
)
def test_a_negative_length_of_a_topic_reads_nothing_backwards(data: str) -> None:
    with pytest.raises(CodecError):
        decode_subscription(bytes.fromhex(data))


@given(data=st.data())
def test_no_slip_in_a_message_escapes(data: st.DataObject) -> None:
    sound = encode_subscription(
        Subscription(
            topics=("a", "orders", "payments"),
            owned=PartitionSet({"orders": [0, 1], "payments": [7]}),
            generation_id=3,
            rack_id="r",
            user_data=b"xyz",
        )
    )
    at = data.draw(st.integers(0, len(sound) - 1))
    slip = data.draw(st.binary(min_size=1, max_size=4))
    bad = sound[:at] + slip + sound[at + len(slip) :]
    with contextlib.suppress(CodecError):  # nothing else may come out
        assert decode_subscription(bad).topics


@pytest.mark.parametrize("generation_id", [2**31, -(2**31) - 1])
def test_a_generation_that_kafka_never_gave_is_refused(generation_id: int) -> None:
    for encode in (
        lambda: encode_subscription(Subscription(topics=["a"], generation_id=generation_id)),
        lambda: encode_sticky_user_data(PartitionSet(), generation_id),
    ):
        with pytest.raises(ValueError, match="outside of int32"):
            encode()
