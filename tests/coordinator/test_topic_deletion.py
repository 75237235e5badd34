"""A deleted topic takes its offsets along, in every group (O08)."""

import pytest

from assignors.codec import encode_subscription
from assignors.model import Subscription, TopicPartition
from rebalance.protocol.effects import Append, TopicDeleted
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.records import OffsetCommit
from rebalance.protocol.requests import OffsetFetchRequest, OffsetToCommit
from rebalance.protocol.responses import OffsetFetchResponse
from tests.coordinator.support import NONE, P0, Bench, offers

P1 = TopicPartition("t", 1)
OTHER = TopicPartition("other", 0)
GONE = TopicDeleted(topic="t")


def kept(bench: Bench, group_id: str) -> list[TopicPartition]:
    """Partitions with an offset."""
    asked = OffsetFetchRequest(group_id=group_id, partitions=None)
    return [entry.partition for entry in bench.ask(asked, OffsetFetchResponse).offsets]


def committed(bench: Bench, group_id: str, *partitions: TopicPartition) -> None:
    """From outside of any generation."""
    offsets = tuple(OffsetToCommit(partition=p, offset=1) for p in partitions)
    bench.send(bench.commit_request(group_id=group_id, offsets=offsets))


def test_o08_in_every_group_also_where_it_is_subscribed() -> None:
    bench = Bench()
    for group_id in ("g", "h"):
        committed(bench, group_id, P1, OTHER, P0)
    committed(bench, "i", OTHER)
    data = encode_subscription(Subscription(topics=("t",)))
    bench.stable("A", protocols=offers(range=data))
    bench.handle(GONE)
    assert [(append.group_id, append.records) for append in bench.told(Append)] == [
        (group, tuple(OffsetCommit(group_id=group, partition=p, value=None) for p in (P0, P1)))
        for group in ("g", "h")
    ]
    assert [kept(bench, group) for group in "ghi"] == [[OTHER]] * 3


def test_o08_the_group_stays() -> None:
    bench = Bench()
    committed(bench, "g", P0)
    bench.handle(GONE)
    assert bench.coordinator.group_ids == ("g",)
    assert kept(bench, "g") == []


def test_o08_also_what_is_being_written() -> None:
    bench = Bench(hold_appends=True)
    committed(bench, "g", P0)
    bench.handle(GONE)
    bench.appended()
    assert kept(bench, "g") == [P0]
    bench.appended()
    assert kept(bench, "g") == []


@pytest.mark.parametrize("error", [NONE, ErrorCode.NOT_ENOUGH_REPLICAS])
def test_o08_a_tombstone_that_cannot_be_written(error: ErrorCode) -> None:
    bench = Bench()
    committed(bench, "g", P0)
    bench.hold_appends = True
    bench.handle(GONE)
    bench.appended(error)
    assert kept(bench, "g") == ([] if error is NONE else [P0])


def test_o08_a_topic_of_no_group() -> None:
    bench = Bench()
    committed(bench, "g", OTHER)
    assert bench.handle(GONE) == ()
