"""OffsetDelete: which offsets go, and whose stay (A04, P06)."""

import pytest

from assignors.codec import encode_subscription
from assignors.model import Subscription, TopicPartition
from rebalance.protocol.effects import Append, Reply
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.records import OffsetCommit
from rebalance.protocol.requests import OffsetDeleteRequest, OffsetFetchRequest, OffsetToCommit
from rebalance.protocol.responses import (
    CommittedPartition,
    OffsetDeleteResponse,
    OffsetFetchResponse,
)
from rebalance.protocol.states import GroupState
from tests.coordinator.support import (
    COMPLETING,
    DEAD,
    EMPTY,
    GROUP,
    INVALID_GROUP_ID,
    NONE,
    P0,
    PREPARING,
    STABLE,
    Bench,
    at_state,
    offers,
)

P1 = TopicPartition("t", 1)
OTHER = TopicPartition("other", 0)
SUBSCRIBED = ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC
NOT_FOUND = ErrorCode.GROUP_ID_NOT_FOUND


def reads(*topics: str) -> dict[str, object]:
    """Changes of a JoinGroup that subscribes to these."""
    return {"protocols": offers(range=encode_subscription(Subscription(topics=topics)))}


def request(*partitions: TopicPartition, group_id: str = GROUP) -> OffsetDeleteRequest:
    return OffsetDeleteRequest(group_id=group_id, partitions=partitions or (P0,))


def deleted(bench: Bench, *partitions: TopicPartition) -> list[ErrorCode]:
    """The errors of an OffsetDelete that must be answered at once."""
    answer = bench.ask(request(*partitions), OffsetDeleteResponse)
    assert answer.error is NONE
    assert [entry.partition for entry in answer.partitions] == list(partitions)
    return [entry.error for entry in answer.partitions]


def kept(bench: Bench) -> list[TopicPartition]:
    """Partitions with an offset."""
    asked = OffsetFetchRequest(group_id=GROUP, partitions=None)
    return [entry.partition for entry in bench.ask(asked, OffsetFetchResponse).offsets]


def with_offsets(bench: Bench, *partitions: TopicPartition) -> Bench:
    """Offsets of these, committed from outside of any generation."""
    offsets = tuple(OffsetToCommit(partition=p, offset=1) for p in partitions)
    assert bench.commit(offsets=offsets) is NONE
    return bench


@pytest.mark.parametrize("state", [EMPTY, PREPARING, COMPLETING, STABLE])
def test_a04_a_group_of_consumers_may_have_members(state: GroupState) -> None:
    bench = at_state(state, "A", "B", **reads())
    assert deleted(bench, P0) == [NONE]


@pytest.mark.parametrize(
    ("steps", "error"),
    [("enter", ErrorCode.NON_EMPTY_GROUP), ("enter leave", NONE)],
)
def test_a04_another_type_must_be_empty(steps: str, error: ErrorCode) -> None:
    bench = Bench()
    bench.enter("A", protocol_type="connect")
    bench.advance()
    assert bench.state is COMPLETING
    if "leave" in steps:
        bench.leave("A")
    assert bench.ask(request(), OffsetDeleteResponse).error is error


def test_a04_groups_that_are_not_there() -> None:
    bench = Bench()
    assert bench.refused(request()) == OffsetDeleteResponse(error=NOT_FOUND)
    assert bench.refused(request(group_id="")) == OffsetDeleteResponse(error=INVALID_GROUP_ID)
    gone = at_state(DEAD, "A")
    assert gone.refused(request()) == OffsetDeleteResponse(error=NOT_FOUND)


def test_a04_what_is_subscribed_stays() -> None:
    bench = with_offsets(Bench(), P0, P1, OTHER)
    bench.stable("A", **reads("t"))
    assert deleted(bench, P0, OTHER, P1) == [SUBSCRIBED, NONE, SUBSCRIBED]
    assert kept(bench) == [P0, P1]
    bench.leave("A")
    assert deleted(bench, P0) == [NONE]
    assert kept(bench) == [P1]


def test_a04_what_was_said_when_the_last_generation_began_counts() -> None:
    bench = with_offsets(Bench(), P0, OTHER)
    bench.stable("A", "B", **reads("t"))
    bench.join("A", **reads("other"))
    assert bench.state is PREPARING
    assert deleted(bench, P0, OTHER) == [SUBSCRIBED, NONE]
    bench.join("B", **reads("other"))
    assert deleted(bench, P0, OTHER) == [NONE, SUBSCRIBED]


@pytest.mark.parametrize("metadata", [b"", b"\0", b"\0\0", b"\0\0\xff\xff\xff\xff"])
def test_a04_unreadable_metadata_subscribes_to_everything(metadata: bytes) -> None:
    bench = with_offsets(Bench(), P0)
    bench.stable("A", protocols=offers(range=metadata))
    assert deleted(bench, P0, OTHER) == [SUBSCRIBED, SUBSCRIBED]


@pytest.mark.parametrize("front", [b"\0\0", b"\0\x7f", b"\xff\xff"])
def test_a04_only_the_fields_of_version_0_are_looked_at(front: bytes) -> None:
    bench = with_offsets(Bench(), P0, OTHER)
    data = encode_subscription(Subscription(topics=("t",)), version=0)
    bench.stable("A", protocols=offers(range=front + data[2:] + b"rubbish"))
    assert deleted(bench, P0, OTHER) == [SUBSCRIBED, NONE]


def test_a04_and_p06_tombstones_of_what_was_committed_are_written_before_the_answer() -> None:
    bench = with_offsets(Bench(), P0)
    bench.hold_appends = True
    token = bench.send(request(P1, P0))
    record = OffsetCommit(group_id=GROUP, partition=P0, value=None)
    (append,) = bench.told(Append)
    assert append.records == (record,)
    assert bench.is_parked(token)
    assert kept(bench) == [P0]
    bench.appended()
    answers = (CommittedPartition(partition=P1), CommittedPartition(partition=P0))
    assert bench.effects == (Reply(token=token, response=OffsetDeleteResponse(partitions=answers)),)
    assert kept(bench) == []
    assert bench.state is EMPTY, "the group stays"


def test_a04_a_commit_that_is_being_written_is_deleted_too() -> None:
    bench = with_offsets(Bench(), P1)
    bench.hold_appends = True
    bench.send(bench.commit_request())
    bench.send(request())
    bench.appended()
    assert kept(bench) == [P0, P1]
    bench.appended()
    assert kept(bench) == [P1]


def test_a04_tombstones_that_cannot_be_written() -> None:
    bench = with_offsets(Bench(), P0)
    bench.hold_appends = True
    token = bench.send(request())
    bench.appended(ErrorCode.NOT_ENOUGH_REPLICAS)
    error = ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert bench.replies[token] == OffsetDeleteResponse(error=error)
    assert kept(bench) == [P0]
