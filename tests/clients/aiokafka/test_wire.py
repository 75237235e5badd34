"""What goes on the wire and what is read from it, without a wire."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.cluster import ClusterMetadata as AiokafkaCluster
from aiokafka.coordinator.protocol import ConsumerProtocol, ConsumerProtocolMemberMetadata
from aiokafka.protocol.metadata import MetadataResponse_v1

from assignors import (
    AssignorError,
    CooperativeStickyAssignor,
    GroupAssignment,
    PartitionSet,
    RangeAssignor,
    StickyAssignor,
    Subscription,
)
from assignors.claims import Claim
from assignors.codec import decode_sticky_user_data, decode_subscription, encode_subscription
from rebalance.clients import wire
from rebalance.clients.aiokafka.wire import cluster_metadata, raw_members

HELD = Claim(partitions=PartitionSet({"a": [0, 1], "b": [0]}), generation_id=7)


class Plain:
    """An author's assignor that says nothing of user data."""

    name = "plain"

    def assign(self, cluster: Any, members: Any) -> Any:
        return {}


def no_guess(member_id: str) -> list[str]:
    raise AssertionError(f"the bytes of {member_id} can be read")


def sent(assignor: Any, claim: Claim = HELD) -> Subscription:
    return decode_subscription(wire.subscription_bytes(assignor, {"b", "a"}, claim, "rack-1"))


def test_sticky_sends_what_java_sends() -> None:
    subscription = sent(StickyAssignor())
    assert subscription.topics == ("a", "b")
    assert (subscription.generation_id, subscription.rack_id) == (7, "rack-1")
    assert subscription.owned == PartitionSet()
    assert decode_sticky_user_data(subscription.user_data or b"").partitions == HELD.partitions


def test_aiokafka_itself_can_read_it() -> None:
    data = wire.subscription_bytes(StickyAssignor(), ["a"], HELD, None)
    assert ConsumerProtocolMemberMetadata.decode(data).subscription == ["a"]


def test_a_claim_is_cut_to_what_is_subscribed() -> None:
    data = wire.subscription_bytes(StickyAssignor(), ["b"], HELD, None)
    user_data = decode_subscription(data).user_data
    assert decode_sticky_user_data(user_data or b"").partitions == PartitionSet({"b": [0]})


@pytest.mark.parametrize("assignor", [RangeAssignor(), CooperativeStickyAssignor()])
def test_a_name_of_kafkas_own_carries_no_claim_of_ours(assignor: Any) -> None:
    subscription = sent(assignor)
    assert not subscription.owned
    assert len(subscription.user_data or b"") in (0, 4)  # nothing, or the generation


def test_an_authors_assignor_gets_its_claims_back() -> None:
    raw = {"m": ("pod-0", wire.subscription_bytes(Plain(), ["a", "b"], HELD, "rack-1"))}
    assert wire.subscriptions(Plain(), raw, no_guess) == {
        "m": Subscription(
            topics=("a", "b"),
            owned=HELD.partitions,
            generation_id=7,
            group_instance_id="pod-0",
            rack_id="rack-1",
        )
    }


def test_without_a_claim_there_is_no_user_data() -> None:
    assert sent(Plain(), Claim()).user_data == b""
    assert sent(StickyAssignor(), Claim()).user_data == b""


def test_user_data_that_is_no_claim_is_left_alone() -> None:
    odd = Subscription(topics=["a"], user_data=b"\x01")
    raw = {"m": (None, encode_subscription(odd))}
    assert wire.subscriptions(Plain(), raw, no_guess)["m"].user_data == b"\x01"


def test_what_a_foreign_member_owns_is_read() -> None:
    foreign = Subscription(
        topics=["a"], owned=PartitionSet({"a": [3]}), generation_id=2, rack_id="rack-2"
    )
    raw = {"m": (None, encode_subscription(foreign))}
    assert wire.subscriptions(CooperativeStickyAssignor(), raw, no_guess) == {"m": foreign}


def test_an_unreadable_member_costs_nothing_where_everybody_revoked() -> None:
    topics_only = encode_subscription(Subscription(topics=["a"]), version=0)
    broken = b"\x00\x03" + topics_only[2:] + b"\x00"  # says version 3, ends within owned partitions
    decoded = {"m": ConsumerProtocol.METADATA.decode(broken)}
    raw = {"m": (None, broken)}
    assert wire.subscriptions(StickyAssignor(), raw, lambda member: decoded[member].subscription)[
        "m"
    ].topics == ("a",)
    with pytest.raises(AssignorError, match="what member 'm' owns cannot be known"):
        wire.subscriptions(
            CooperativeStickyAssignor(), raw, lambda member: decoded[member].subscription
        )


def test_members_of_old_and_new_join_responses() -> None:
    new = SimpleNamespace(API_VERSION=5, members=[("m", "pod-0", b"x"), ("n", None, b"y")])
    old = SimpleNamespace(API_VERSION=2, members=[("m", b"x")])
    assert raw_members(new) == {"m": ("pod-0", b"x"), "n": (None, b"y")}
    assert raw_members(old) == {"m": (None, b"x")}


def cluster(racks: tuple[str | None, str | None]) -> AiokafkaCluster:
    known = AiokafkaCluster()
    brokers = [(number, "host", 9092, rack) for number, rack in enumerate(racks)]
    partitions = [(0, 1, 1, [0, 1], [0, 1]), (0, 0, 0, [0], [0])]
    topics = [(0, "a", False, partitions), (3, "unknown", False, [])]
    known.update_metadata(MetadataResponse_v1(brokers, 0, topics))
    return known


def test_a_topic_without_metadata_is_left_out() -> None:
    seen = cluster_metadata(cluster((None, None)), ["unknown", "a"])
    assert dict(seen.partitions) == {"a": 2}
    assert not seen.racks


def test_racks_of_replicas() -> None:
    seen = cluster_metadata(cluster(("r0", "r1")), ["a"])
    assert seen.racks["a"] == (frozenset({"r0"}), frozenset({"r0", "r1"}))


def test_every_member_gets_bytes_that_aiokafka_reads() -> None:
    plan = GroupAssignment({"m": [("a", 1), ("a", 0)], "n": []}, {"m": b"note"})
    encoded = wire.assignment_bytes(plan)
    m, n = (ConsumerProtocol.ASSIGNMENT.decode(encoded[each]) for each in "mn")
    assert (m.version, m.assignment, m.user_data) == (0, [("a", [0, 1])], b"note")
    assert (n.assignment, n.user_data) == ([], b"")
