"""Why a member rejoined, as traces tell it."""

from typing import Any

import pytest

from assignors.codec import encode_subscription
from assignors.model import PartitionSet, Subscription, TopicPartition
from rebalance.protocol.causes import Cause
from rebalance.protocol.notices import MemberRemoved, RebalanceStarted
from rebalance.protocol.requests import LeaveGroupRequest, LeavingMember
from tests.coordinator.support import GROUP, STABLE, Bench, at_state, offers


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
        ("A", subscribed("t"), None, Cause.LEADER_REJOINED),
        ("A", subscribed("t", "u"), None, Cause.SUBSCRIPTION_CHANGED),
        ("B", subscribed("u"), None, Cause.SUBSCRIPTION_CHANGED),
        ("B", subscribed("t", owned=(1,)), None, Cause.OWNERSHIP_CHANGED),
        ("A", subscribed("t", owned=(1,)), None, Cause.OWNERSHIP_CHANGED),
        ("A", subscribed("t"), "cached metadata has changed from (a) to (b)",
         Cause.METADATA_CHANGED),
        ("B", b"not a subscription", None, Cause.UNKNOWN),
        ("A", b"not a subscription", None, Cause.LEADER_REJOINED),
        ("A", b"", None, Cause.LEADER_REJOINED),
    ],
)  # fmt: skip
def test_cause_of_a_rejoin(name: str, metadata: bytes, reason: str | None, cause: Cause) -> None:
    bench = at_state(STABLE, "A", "B", protocols=offers(range=subscribed("t")))
    bench.join(name, protocols=offers(range=metadata), reason=reason)
    assert cause_of(bench) == (cause, reason or "not provided")


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        (None, Cause.MEMBER_LEFT),
        ("", Cause.MEMBER_LEFT),
        ("the consumer is being closed", Cause.MEMBER_LEFT),
        ("consumer poll timeout has expired.", Cause.POLL_INTERVAL_EXCEEDED),
        ("max.poll.interval.ms exceeded", Cause.POLL_INTERVAL_EXCEEDED),
    ],
)
def test_cause_of_a_leave(reason: str | None, cause: Cause) -> None:
    bench = at_state(STABLE, "A", "B")
    leaving: Any = (LeavingMember(member_id="B-2", reason=reason),)
    bench.send(LeaveGroupRequest(group_id=GROUP, members=leaving))
    assert cause_of(bench)[0] is cause
    assert [told.cause for told in bench.told(MemberRemoved)] == [cause]


def test_a_new_member_is_the_cause_with_its_own_words() -> None:
    bench = at_state(STABLE, "A")
    bench.enter("B", reason="scaling out")
    assert cause_of(bench) == (Cause.MEMBER_JOINED, "scaling out")
