"""What a member says of itself: read back as written, and nothing else taken for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignors.codec import (
    decode_sticky_user_data,
    encode_generation_user_data,
    encode_sticky_user_data,
)
from assignors.errors import CodecError
from assignors.model import PartitionSet
from assignors.optimized import Capacity, InvalidObjectiveError
from assignors.optimized.member_data import MAGIC, MemberData, checked_labels, decode, encode

from .oracle import few

HELD = PartitionSet({"a": [0, 3], "b": [1]})
FULL = MemberData(
    fingerprint="0123456789abcdef",
    capacity=Capacity(share=2.5, max_partitions=7, max_weight=100),
    labels={"zone": "x", "größe": "groß"},
    rack="r1",
    held=HELD,
    generation_id=4,
)
GOLDEN = bytes.fromhex(
    "ff4b526f00010123456789abcdef400400000000000000000007405900000000000000027231000200076772c3b6"
    "c39f65000567726fc39f00047a6f6e65000178000000040000000200016100000002000000000000000300016200"
    "00000100000001"
)


def test_the_bytes_are_these_and_mean_this() -> None:
    assert encode(FULL) == GOLDEN
    assert decode(GOLDEN) == FULL


@few
@given(
    st.builds(
        MemberData,
        fingerprint=st.binary(min_size=8, max_size=8).map(bytes.hex),
        capacity=st.builds(
            Capacity,
            share=st.floats(0.001, 1000),
            max_partitions=st.none() | st.integers(0, 2**31 - 1),
            max_weight=st.none() | st.floats(0, 1e9),
        ),
        labels=st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=4),
        rack=st.none() | st.text(min_size=1, max_size=9),
        held=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 99))).map(PartitionSet),
        generation_id=st.integers(-1, 2**31 - 1),
    )
)
def test_what_is_written_is_read_back(said: MemberData) -> None:
    assert decode(encode(said)) == said


@given(st.binary(max_size=200))
def test_foreign_bytes_say_nothing(data: bytes) -> None:
    if not data.startswith(MAGIC):
        assert decode(data) is None


@given(st.binary(max_size=120), st.integers(0, len(GOLDEN)))
def test_broken_bytes_of_ours_are_no_error(noise: bytes, at: int) -> None:
    for data in (GOLDEN[:at] + noise, MAGIC + noise, GOLDEN[:at] + noise + GOLDEN[at:]):
        said = decode(data)
        assert said is None or isinstance(said, MemberData)


@pytest.mark.parametrize("length", range(len(GOLDEN)))
def test_bytes_cut_short_say_nothing(length: int) -> None:
    assert decode(GOLDEN[:length]) is None


@pytest.mark.parametrize(
    "data",
    [None, b"", encode_sticky_user_data(HELD, 4), encode_generation_user_data(4)],
    ids=["null", "empty", "sticky", "cooperative-sticky"],
)
def test_user_data_of_other_assignors_say_nothing(data: bytes | None) -> None:
    assert decode(data) is None


def test_no_sticky_assignor_takes_ours_for_a_claim() -> None:
    with pytest.raises(CodecError):
        decode_sticky_user_data(GOLDEN)


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    later = GOLDEN[:4] + b"\x00\x02" + GOLDEN[6:] + b"\x00\x00\x00\x09more"

    assert decode(later) == FULL


@pytest.mark.parametrize(
    "labels", [{"a": 1}, {1: "a"}, ["a"], {"a": "x" * 256}, {str(n): "" for n in range(256)}]
)
def test_labels_are_names_and_few(labels: object) -> None:
    with pytest.raises(InvalidObjectiveError):
        checked_labels(labels)  # type: ignore[arg-type]
