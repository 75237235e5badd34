"""The bytes of a whole group: read and written as one member after the other, hostile or not."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assignors import batch, fields, owners, wire
from assignors.claims import sticky_claims
from assignors.codec import (
    CodecError,
    decode_sticky_user_data,
    decode_subscription,
    encode_assignment,
    encode_sticky_user_data,
    encode_subscription,
)
from assignors.columns import Subscriptions
from assignors.flat import FlatIndex
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from assignors.owners import assignment
from assignors.wire import decode_subscriptions, encode_assignments

from .groups import quick

# Few letters, so that names are equal often, and some that take more bytes than letters.
names = st.text("abé\N{SNOWMAN}", min_size=1, max_size=20)
ids = st.integers(0, 2**31 - 1)
partition_sets = st.dictionaries(names, st.frozensets(ids, max_size=4), max_size=3).map(
    PartitionSet
)
user_datas = (
    st.none()
    | st.binary(max_size=8)
    | st.builds(encode_sticky_user_data, partition_sets, st.integers(-1, 9))
)
subscriptions = st.builds(
    Subscription,
    topics=st.lists(names, max_size=5),
    owned=partition_sets,
    generation_id=st.integers(-1, 2**31 - 1),
    rack_id=st.none() | names,
    user_data=user_datas,
)
messages = st.builds(
    lambda subscription, version, newer, trailing: (
        struct.pack(">h", newer if version == 3 else version)
        + encode_subscription(subscription, version=version)[2:]
        + trailing
    ),
    subscriptions,
    st.integers(0, 3),
    st.sampled_from([3, 3, 4, 2**15 - 1]),
    st.just(b"") | st.binary(max_size=3),
)


@st.composite
def groups(draw: st.DrawFn, *, spoilt: bool) -> dict[str, bytes]:
    """What the members of a group sent: often alike, and with `spoilt` sometimes broken."""
    some = draw(st.lists(messages, min_size=1, max_size=4))
    one = st.sampled_from(some) | messages
    if spoilt:
        one = one | st.builds(spoil, one, st.integers(0, 200), st.integers(0, 255)) | st.binary()
    members = draw(st.permutations([f"m{number:02}" for number in range(draw(st.integers(0, 14)))]))
    return {member: draw(one) for member in members}


def spoil(message: bytes, at: int, byte: int) -> bytes:
    """One byte set to another, or cut off from there on."""
    at %= len(message)
    return message[:at] if byte == 255 else message[:at] + bytes([byte]) + message[at + 1 :]


@contextmanager
def small_limits(forced: bool = True) -> Iterator[None]:
    """Take the way of large groups also for small ones; or only stop reading one by one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wire, "_FEW_BYTES", -1)
        patch.setattr(owners, "_FEW", -1)
        if forced:
            patch.setattr(batch, "_FEW", 0)
            patch.setattr(batch, "_FEW_STRINGS", 0)
            patch.setattr(fields, "_LONG_LIST", 1)
            patch.setattr(fields, "_WALKS", 2)
        yield


def one_by_one(datas: Mapping[str, bytes]) -> dict[str, Subscription] | str:
    """The subscriptions, or the first error."""
    read: dict[str, Subscription] = {}
    for member, data in datas.items():
        try:
            read[member] = decode_subscription(data)
        except CodecError as error:
            return f"member {member!r}: {error}"
    return read


def all_at_once(datas: Mapping[str, bytes]) -> dict[str, Subscription] | str:
    try:
        read = decode_subscriptions(datas)
    except CodecError as error:
        return str(error)
    assert list(read) == list(datas)
    return dict(read)


@settings(quick, max_examples=150)
@given(groups(spoilt=False), st.booleans())
def test_a_group_is_read_as_its_members_are(datas: dict[str, bytes], forced: bool) -> None:
    with small_limits(forced):
        assert all_at_once(datas) == one_by_one(datas)


@settings(quick, max_examples=150)
@given(groups(spoilt=True), st.booleans())
def test_hostile_bytes_are_refused_as_one_by_one(datas: dict[str, bytes], forced: bool) -> None:
    with small_limits(forced):
        assert all_at_once(datas) == one_by_one(datas)


@settings(quick, max_examples=100)
@given(groups(spoilt=True), st.booleans())
def test_columns_of_bytes_are_columns_of_objects(datas: dict[str, bytes], forced: bool) -> None:
    instead = Subscription(topics=("b", "a"), owned=PartitionSet({"a": [1]}), rack_id="r")
    told: list[str] = []

    def unreadable(member: str, error: CodecError) -> Subscription:
        assert str(error).startswith("cannot read the subscription")
        told.append(member)
        return instead

    static = {member: f"i-{member}" for member in sorted(datas)[::2]}
    with small_limits(forced):
        read = decode_subscriptions(datas, instance_ids=static, unreadable=unreadable)
    objects = Subscriptions.of(dict(read))

    assert told == [each for each in datas if isinstance(one_by_one({each: datas[each]}), str)]
    assert {each.group_instance_id for each in read.values()} <= {*static.values(), None}
    assert read.member_ids == objects.member_ids == tuple(sorted(datas))
    assert read.generations.tolist() == objects.generations.tolist()
    cluster = ClusterMetadata({"a": 2, "b": 3, "ab": 2**31 - 1})
    mine, theirs = read.topics(cluster), objects.topics(cluster)
    assert mine.index == theirs.index
    assert [each.tolist() for each in mine.profiles] == [each.tolist() for each in theirs.profiles]
    assert mine.profile_of.tolist() == theirs.profile_of.tolist()
    here, there = read.held.located(mine.index), objects.held.located(mine.index)
    assert here.numbers.tolist() == there.numbers.tolist()
    assert here.claimants().tolist() == there.claimants().tolist()


@quick
@given(st.lists(user_datas | st.binary(max_size=30), max_size=14), st.booleans())
def test_claims_are_read_as_one_by_one(listed: list[bytes | None], forced: bool) -> None:
    owned = PartitionSet({"z": [4]})
    members = {
        f"m{number:02}": Subscription(
            topics=["a"], user_data=data, owned=owned if number % 3 else (), generation_id=number
        )
        for number, data in enumerate(listed)
    }

    with small_limits(forced):
        claims = sticky_claims(members)

    assert dict(sticky_claims(members)) == dict(claims)
    assert len(claims) == len(members)
    for member, sent in members.items():
        try:
            claim = decode_sticky_user_data(sent.user_data or b"")
            said = claim.partitions, claim.generation_id
        except CodecError:
            said = sent.owned, sent.generation_id
        assert (claims[member].partitions, claims[member].generation_id) == said


def column(topic: bytes, *ids: int) -> bytes:
    head = struct.pack(">h", len(topic)) + topic + struct.pack(">i", len(ids))
    return head + struct.pack(f">{len(ids)}i", *ids)


def owning(*columns: bytes) -> bytes:
    """A subscription to nothing, version 1, that owns these."""
    return struct.pack(">hiii", 1, 0, -1, len(columns)) + b"".join(columns)


def test_columns_in_any_order_and_duplicates_collapse() -> None:
    shuffled = owning(column(b"b", 3, 1, 3), column(b"a"), column(b"b", 0), column(b"a", 7))
    datas = {f"m{number}": shuffled for number in range(40)}

    with small_limits():
        read = decode_subscriptions(datas)

    assert {each.owned for each in read.values()} == {PartitionSet({"a": [7], "b": [0, 1, 3]})}


def test_empty_columns_own_nothing_wherever_they_are() -> None:
    some, none = column(b"a", 4), column(b"b")
    datas = {
        f"m{number}": owning(*columns)
        for number, columns in enumerate([(none,), (some, none), (none, some), (some,), (none,)])
    }

    for last in range(1, 6):
        group = dict(list(datas.items())[:last])
        with small_limits():
            assert all_at_once(group) == one_by_one(group)


def test_a_topic_named_twice_is_subscribed_once() -> None:
    twice = struct.pack(">hi", 0, 40) + b"\0\1a" * 40 + struct.pack(">i", -1)
    datas = {f"m{number}": twice for number in range(40)}

    with small_limits():
        assert {each.topics for each in decode_subscriptions(datas).values()} == {("a",)}


def test_long_names_are_read_too() -> None:
    long = "n" * 3000
    subscription = Subscription(topics=[long], owned=PartitionSet({long: [1]}))
    datas = {f"m{number}": encode_subscription(subscription) for number in range(40)}

    with small_limits():
        assert {*decode_subscriptions(datas).values()} == {subscription}


@pytest.mark.parametrize("place", [0, 7, 39])
def test_an_error_names_the_first_member_in_the_given_order(place: int) -> None:
    nothing = encode_subscription(Subscription(topics=()))
    datas = {f"m{99 - number}": nothing for number in range(40)}
    # A later field is broken first, so that finding it earlier would be no wonder.
    order = list(datas)
    datas[order[39]] = b""
    datas[order[place]] = owning(column(b"a", -1))

    whose = f"member '{order[place]}': cannot read the subscription"
    with small_limits(), pytest.raises(CodecError, match=whose):
        decode_subscriptions(datas)


@pytest.mark.parametrize(
    "data",
    [
        struct.pack(">hi", 0, 2**31 - 1),
        struct.pack(">hiii", 1, 0, -1, 2**31 - 1),
        struct.pack(">hiiih1si", 1, 0, -1, 1, 1, b"a", 2**31 - 1),
    ],
)
def test_a_count_that_cannot_be_true_allocates_nothing(data: bytes) -> None:
    datas = {f"m{number}": data for number in range(40)}
    words = r"'m0': .*2147483647 .* cannot follow"
    with small_limits(), pytest.raises(CodecError, match=words):
        decode_subscriptions(datas)


def test_strings_made_to_collide_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "_hashes", lambda joined, at, lengths: np.zeros_like(at, np.uint64))
    strings = [f"{number % 150:05}".encode() for number in range(400)]
    joined = batch.Joined(strings)

    numbers, firsts = batch.distinct(joined, joined.starts, joined.ends - joined.starts)

    assert numbers.tolist() == [number % 150 for number in range(400)]
    assert firsts.tolist() == list(range(150))


@settings(quick, max_examples=100)
@given(st.lists(st.binary(max_size=20) | st.sampled_from([b"a", b"a\0", b""]), max_size=30))
def test_equal_strings_have_equal_numbers(strings: list[bytes]) -> None:
    joined = batch.Joined(strings)

    with small_limits(forced=True):
        numbers, firsts = batch.distinct(joined, joined.starts, joined.ends - joined.starts)

    assert firsts.tolist() == sorted({strings.index(each) for each in strings})
    assert [strings[firsts[number]] for number in numbers] == strings


dealt_to = st.lists(st.integers(-1, 3), max_size=12)


@settings(quick, max_examples=100)
@given(
    dealt_to,
    st.sampled_from([None, b"", b"x"]),
    st.sampled_from([0, 3]),
    st.permutations("abcd"),
)
@pytest.mark.parametrize("limits", [small_limits, nullcontext])
def test_a_plan_kept_as_a_column_is_written_like_any_other(
    limits: Callable[[], AbstractContextManager[None]],
    owner: list[int],
    user_data: bytes | None,
    version: int,
    members: list[str],
) -> None:
    cluster = ClusterMetadata({"t": len(owner) // 3, "u": len(owner) - len(owner) // 3})
    index = FlatIndex(cluster, ["t", "u"])
    said = {member: member.encode() for member in members[:2]}
    plan = assignment(index, members, np.array(owner, dtype=np.int64), said)
    dealt = [
        [index.partition(at) for at, each in enumerate(owner) if each == number]
        for number in range(4)
    ]
    plain = GroupAssignment(dict(zip(members, dealt, strict=True)), said)

    with limits():
        assert plan == plain
        assert plain == plan
        assert hash(plan) == hash(plain)
        assert repr(plan) == repr(plain)
        written = encode_assignments(plan, user_data=user_data, version=version)
    assert list(written) == sorted(members)
    assert written == encode_assignments(plain, user_data=user_data, version=version)
    assert written == {
        member: encode_assignment(
            plan[member], user_data=said.get(member, user_data), version=version
        )
        for member in members
    }


@quick
@given(groups(spoilt=True))
def test_a_few_members_are_read_one_by_one(datas: dict[str, bytes]) -> None:
    assert all_at_once(datas) == one_by_one(datas)
    read = decode_subscriptions(
        datas,
        instance_ids=dict.fromkeys(datas, "i"),
        unreadable=lambda member, error: Subscription(topics=[member]),
    )
    assert {each.group_instance_id for each in read.values()} <= {"i"}
    for member in datas:
        if isinstance(one_by_one({member: datas[member]}), str):
            assert read[member].topics == (member,)


def test_many_broken_members_cost_a_few_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[int] = []

    def counted(messages: Sequence[bytes]) -> fields.Fields:
        turns.append(len(messages))
        return fields.read_fields(messages)

    monkeypatch.setattr(wire, "read_fields", counted)
    owned = PartitionSet({f"t{number:02}": [number] for number in range(50)})
    whole = encode_subscription(Subscription(topics=[*owned.topics], owned=owned, rack_id="rack"))
    # Each is cut off elsewhere, then each spoilt elsewhere.
    broken = [whole[:at] for at in range(len(whole))]
    broken += [whole[:at] + b"\xff" + whole[at + 1 :] for at in range(len(whole))]
    datas = {f"m{number:04}": data for number, data in enumerate(broken)}

    read = decode_subscriptions(
        datas, unreadable=lambda member, error: Subscription(topics=["broken"])
    )

    for member, data in datas.items():
        alone = one_by_one({member: data})
        assert read[member] == (
            Subscription(topics=["broken"]) if isinstance(alone, str) else alone[member]
        )
    assert len(turns) <= 20  # about as many as there are kinds of irregularity


def test_a_list_like_the_one_before_is_one_list() -> None:
    """Also after bytes that cannot be read; a list that only begins alike is another."""
    listed = [["a", "b"], ["a", "b"], ["a"], None, ["a"], ["a", "b", "c"], [], [], ["a", "b"]]
    datas = {
        f"m{number}": b"\0\3"
        if topics is None
        else encode_subscription(Subscription(topics=topics))
        for number, topics in enumerate(listed)
    }
    read = decode_subscriptions(
        datas, unreadable=lambda member, error: Subscription(topics=["broken"])
    )

    topics = [read[member].topics for member in datas]
    assert topics == [tuple(each) if each is not None else ("broken",) for each in listed]
    assert topics[0] is topics[1]
