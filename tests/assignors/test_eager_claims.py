"""The claim of an eager member, there and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from assignors.claims import carries_claim, member_user_data, with_claim
from assignors.codec import encode_sticky_user_data
from assignors.cooperative import Cooperative
from assignors.interface import Assignor, Promise, RebalanceProtocol
from assignors.model import ClusterMetadata, PartitionSet, Subscription
from assignors.range import RangeAssignor
from assignors.sticky import StickyAssignor

HELD = PartitionSet({"t": [0, 2], "u": [1]})


class Own:
    """The shortest assignor an author could write."""

    name = "own"

    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)

    def assign(self, cluster: ClusterMetadata, members: Mapping[str, Subscription]) -> Any:
        return {}


def test_what_was_held_arrives_as_owned() -> None:
    data = member_user_data(Own(), ("t",), HELD, 7)
    assert data == encode_sticky_user_data(PartitionSet({"t": [0, 2]}), 7)
    sent = Subscription(
        topics=("t",), generation_id=9, rack_id="r", group_instance_id="i", user_data=data
    )
    assert with_claim(Own(), sent) == Subscription(
        topics=("t",),
        owned=PartitionSet({"t": [0, 2]}),
        generation_id=7,
        rack_id="r",
        group_instance_id="i",
    )


@pytest.mark.parametrize(
    "assignor",
    [
        RangeAssignor(),
        StickyAssignor(),
        Cooperative(Own()),
        Own(protocols=(RebalanceProtocol.COOPERATIVE, RebalanceProtocol.EAGER)),
        Own(promises={Promise.COOPERATIVE_SAFE}),
        Own(user_data=lambda topics, owned, generation_id: b""),
    ],
)
def test_who_sees_to_it_or_must_not_is_left_alone(assignor: Assignor) -> None:
    assert not carries_claim(assignor)
    sent = Subscription(topics=("t",), user_data=encode_sticky_user_data(HELD, 7))
    assert with_claim(assignor, sent) is sent
    if not isinstance(assignor, StickyAssignor):
        assert member_user_data(assignor, ("t",), HELD, 7) == b""


@pytest.mark.parametrize("user_data", [b"", None, b"\x00", b"\xff" * 9])
def test_what_cannot_be_read_claims_nothing(user_data: bytes | None) -> None:
    sent = Subscription(topics=("t",), user_data=user_data)
    assert with_claim(Own(), sent) is sent


def test_owned_partitions_come_before_user_data() -> None:
    owned = PartitionSet({"t": [3]})
    sent = Subscription(topics=("t",), owned=owned, user_data=encode_sticky_user_data(HELD, 7))
    assert with_claim(Own(), sent) is sent


def test_who_held_nothing_sends_nothing() -> None:
    assert member_user_data(Own(), ("t",), PartitionSet(), 7) == b""
    assert member_user_data(Own(), ("v",), HELD, 7) == b"", "nor what it no longer wants"
