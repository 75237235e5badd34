"""Why a member rejoined, as traces tell it."""

from typing import Any

import pytest

from assignors.codec import decode_subscription, encode_subscription
from assignors.model import PartitionSet, Subscription, TopicPartition
from rebalance.coordinator import join_reason
from rebalance.member import reasons
from rebalance.protocol.causes import Cause
from rebalance.protocol.notices import MemberRemoved, RebalanceStarted
from rebalance.protocol.requests import LeaveGroupRequest, LeavingMember
from rebalance.protocol.states import GroupState
from tests.coordinator.support import COMPLETING, GROUP, PREPARING, STABLE, Bench, at_state, offers


def subscribed(*topics: str, owned: tuple[int, ...] = ()) -> bytes:
    """A subscription's bytes."""
    partitions = PartitionSet(TopicPartition("t", number) for number in owned)
    return encode_subscription(Subscription(topics=topics, owned=partitions))


def cause_of(bench: Bench) -> tuple[Cause, str]:
    """Cause and words of the one rebalance that began."""
    (started,) = bench.told(RebalanceStarted)
    return started.cause, started.reason


@pytest.mark.parametrize(
    ("name", "metadata", "reason", "cause"),
    [
        ("A", subscribed("t", owned=(0, 1)), None, Cause.LEADER_REJOINED),
        ("A", subscribed("t", "u"), None, Cause.SUBSCRIPTION_CHANGED),
        ("B", subscribed("u"), None, Cause.SUBSCRIPTION_CHANGED),
        ("B", subscribed("t", owned=(0,)), None, Cause.OWNERSHIP_CHANGED),
        ("A", subscribed("t", owned=(0, 2)), None, Cause.OWNERSHIP_CHANGED),
        ("B", subscribed("t", owned=(0, 1, 2)), None, Cause.MEMBER_REJOINED),
        ("A", subscribed("t", owned=(0, 1, 2)), None, Cause.LEADER_REJOINED),
        ("B", b"not a subscription", None, Cause.MEMBER_REJOINED),
        ("A", b"not a subscription", None, Cause.LEADER_REJOINED),
        ("A", b"", None, Cause.LEADER_REJOINED),
    ],
)  # fmt: skip
def test_cause_of_a_rejoin(name: str, metadata: bytes, reason: str | None, cause: Cause) -> None:
    before = offers(range=subscribed("t", owned=(0, 1)))
    bench = at_state(STABLE, "A", "B", protocols=before)
    bench.join(name, protocols=offers(range=metadata), reason=reason)
    assert cause_of(bench) == (cause, reason or "not provided")


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        (None, Cause.MEMBER_LEFT),
        ("", Cause.MEMBER_LEFT),
        ("the consumer is being closed", Cause.MEMBER_LEFT),
        ("consumer poll timeout has expired.", Cause.POLL_INTERVAL_EXCEEDED),
        (reasons.POLL_TIMEOUT, Cause.POLL_INTERVAL_EXCEEDED),
        (reasons.CLOSED, Cause.MEMBER_LEFT),
        ("client leaving group per normal operation", Cause.MEMBER_LEFT),
        ("member was removed by an admin", Cause.MEMBER_LEFT),
        ("it was slow: max.poll.interval.ms exceeded twice today", Cause.MEMBER_LEFT),
        ("max.poll.interval.ms raised, restarting", Cause.MEMBER_LEFT),
    ],
)
def test_cause_of_a_leave(reason: str | None, cause: Cause) -> None:
    bench = at_state(STABLE, "A", "B")
    leaving: Any = (LeavingMember(member_id="B-2", reason=reason),)
    bench.send(LeaveGroupRequest(group_id=GROUP, members=leaving))
    assert cause_of(bench)[0] is cause
    assert [told.cause for told in bench.told(MemberRemoved)] == [cause]


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("cached metadata has changed", Cause.METADATA_CHANGED),
        (
            "rejoining because we are the leader and noticed some topics have new partitions",
            Cause.METADATA_CHANGED,
        ),
        (
            "leader detected that partitions on topics another member is consuming have changed, "
            "rejoining to trigger rebalance",
            Cause.METADATA_CHANGED,
        ),
        (reasons.METADATA_CHANGED, Cause.METADATA_CHANGED),
        ("rebalance enforced by user", Cause.LEADER_REJOINED),
        ("group is already rebalancing", Cause.LEADER_REJOINED),
        ("rejoining from normal rebalance", Cause.LEADER_REJOINED),
        (reasons.ENFORCED, Cause.LEADER_REJOINED),
        ("enforced: our metadata changed in the database", Cause.LEADER_REJOINED),
        ("has our cached metadata has changed?", Cause.LEADER_REJOINED),
    ],
)
def test_cause_that_only_the_clients_words_tell(reason: str, cause: Cause) -> None:
    bench = at_state(STABLE, "A", "B", protocols=offers(range=subscribed("t")))
    bench.join("A", protocols=offers(range=subscribed("t")), reason=reason)
    assert cause_of(bench) == (cause, reason)


@pytest.mark.parametrize(
    ("state", "topics", "decoded"),
    [
        (PREPARING, ("t", "u"), 0),
        (STABLE, ("t",), 0),
        (STABLE, ("t", "u"), 2),
        (COMPLETING, ("t", "u"), 2),
    ],
)
def test_subscriptions_are_read_only_for_a_rebalance_that_they_may_explain(
    monkeypatch: pytest.MonkeyPatch, state: GroupState, topics: tuple[str, ...], decoded: int
) -> None:
    read: list[bytes] = []

    def reading(metadata: bytes) -> Subscription:
        read.append(metadata)
        return decode_subscription(metadata)

    bench = at_state(state, "A", "B", protocols=offers(range=subscribed("t")))
    monkeypatch.setattr(join_reason, "decode_subscription", reading)
    bench.join("A", protocols=offers(range=subscribed(*topics)))
    assert len(read) == decoded


def test_a_new_member_is_the_cause_with_its_own_words() -> None:
    bench = at_state(STABLE, "A")
    bench.enter("B", reason="scaling out")
    assert cause_of(bench) == (Cause.MEMBER_JOINED, "scaling out")
