"""Topics: names, ids, and the bound on what all of them hold."""

from __future__ import annotations

import tracemalloc
import uuid
from itertools import count

import pytest

from rebalance.broker.config import BrokerConfig
from rebalance.broker.configs.topic_configs import MAX_CONFIG_CHARACTERS
from rebalance.broker.logs.batches import read_batch
from rebalance.broker.topics.topics import NewTopic, TopicError, TopicStore, name_problem
from rebalance.protocol.errors import ErrorCode
from tests.broker.batch_maker import batch


def _store(**settings: str) -> TopicStore:
    numbers = count(1)
    config = BrokerConfig.from_properties({k.replace("_", "."): v for k, v in settings.items()})
    return TopicStore(config, lambda: uuid.UUID(int=next(numbers)))


def _append(
    store: TopicStore, name: str, size: int, partition: int = 0, producer_id: int = -1
) -> int:
    topic = store.get(name)
    assert topic is not None
    log = topic.log(partition)
    assert log is not None
    numbers = (-1, -1) if producer_id < 0 else (0, 0)
    records = batch(bytes(size), producer_id=producer_id, epoch=numbers[0], sequence=numbers[1])
    return store.append(topic, log, records, read_batch(records, max_bytes=10**7))


@pytest.mark.parametrize(
    ("name", "is_legal"),
    [
        ("orders", True),
        ("a.b_c-d.0", True),
        ("...", True),
        ("x" * 249, True),
        ("x" * 250, False),
        ("", False),
        (".", False),
        ("..", False),
        ("a b", False),
        ("a\n", False),
        ("ä", False),
        ("a/b", False),
    ],
)
def test_names(name: str, is_legal: bool) -> None:
    assert (name_problem(name) is None) == is_legal


def test_ids_come_from_the_injected_function() -> None:
    store = _store()
    made = store.create(NewTopic(name="a"))
    assert made.topic_id == uuid.UUID(int=1)
    assert store.by_id(uuid.UUID(int=1)) is made
    assert store.by_id(None) is None


def test_a_topic_made_again_has_another_id_and_an_empty_log() -> None:
    store = _store()
    first = store.create(NewTopic(name="a"))
    _append(store, "a", 10)
    store.delete(first)
    assert store.get("a") is None
    assert store.by_id(first.topic_id) is None
    again = store.create(NewTopic(name="a"))
    assert again.topic_id != first.topic_id
    assert _append(store, "a", 10) == 0


def test_changes_are_told() -> None:
    told: list[tuple[str, int]] = []
    store = _store()
    store.on_change = lambda name, partitions: told.append((name, partitions))
    store.create(NewTopic(name="checked"), validate_only=True)
    topic = store.create(NewTopic(name="a", num_partitions=3))
    store.delete(topic)
    assert told == [("a", 3), ("a", 0)]


def test_a_partition_that_does_not_exist_has_no_log() -> None:
    store = _store()
    store.create(NewTopic(name="a", num_partitions=2))
    assert store.log("a", 1) is store.log("a", 1)
    assert store.log("a", 2) is store.log("a", -1) is store.log("b", 0) is None


def test_automatic_creation_checks_the_name_first() -> None:
    store = _store(auto_create_topics_enable="false")
    for name, code in (
        ("a b", ErrorCode.INVALID_TOPIC_EXCEPTION),
        ("a", ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
    ):
        with pytest.raises(TopicError) as caught:
            store.auto_create(name)
        assert caught.value.code is code


def test_internal_topics_are_marked() -> None:
    store = _store()
    assert store.create(NewTopic(name="__consumer_offsets")).is_internal
    assert not store.create(NewTopic(name="orders")).is_internal


def test_retention_bytes_of_a_topic_beat_the_brokers() -> None:
    store = _store(log_retention_bytes="1000")
    store.create(NewTopic(name="small", configs={"retention.bytes": "300"}))
    store.create(NewTopic(name="usual"))
    store.create(NewTopic(name="endless", configs={"retention.bytes": "-1"}))
    sizes = {}
    for name in ("small", "usual", "endless"):
        for _ in range(50):
            _append(store, name, 100)
        log = store.log(name, 0)
        assert log is not None
        sizes[name] = log.size_bytes
        assert log.end_offset == 50
    assert sizes["small"] <= 300 < sizes["usual"] <= 1000 < sizes["endless"]


def test_max_message_bytes_of_a_topic_beat_the_brokers() -> None:
    store = _store()
    own = store.create(NewTopic(name="own", configs={"max.message.bytes": "5"}))
    usual = store.create(NewTopic(name="usual"))
    assert (store.max_batch_bytes(own), store.max_batch_bytes(usual)) == (5, 1_048_588)


def test_all_logs_together_stay_under_the_bound() -> None:
    bound = 2**20
    store = _store(log_memory_bytes=str(bound))
    store.create(NewTopic(name="quiet"))
    store.create(NewTopic(name="busy", num_partitions=4))
    _append(store, "quiet", 1000)
    for number in range(500):
        _append(store, "busy", 10_000, partition=number % 4)
        assert store.memory_bytes <= bound
    assert store.memory_bytes > bound // 2, "the bound is used"
    quiet = store.log("quiet", 0)
    assert quiet is not None
    assert quiet.start_offset == 0, "the largest logs lose first"
    held = sum(log.memory_bytes for topic in store for log in topic.logs())
    assert held == store.memory_bytes


def test_tiny_batches_count_with_what_python_adds() -> None:
    bound = 2**20
    store = _store(log_memory_bytes=str(bound))
    store.create(NewTopic(name="a"))
    for _ in range(8000):
        _append(store, "a", 1)
    log = store.log("a", 0)
    assert log is not None
    assert log.end_offset == 8000
    assert log.memory_bytes <= bound
    assert log.start_offset > 0


def test_a_deleted_topic_gives_its_memory_back() -> None:
    store = _store()
    topic = store.create(NewTopic(name="a"))
    _append(store, "a", 1000)
    assert store.memory_bytes > 1000
    store.delete(topic)
    assert store.memory_bytes == 0


def test_one_large_batch_in_each_of_many_partitions_is_bounded_too() -> None:
    bound = 2**20
    store = _store(log_memory_bytes=str(bound))
    store.create(NewTopic(name="wide", num_partitions=100))
    for partition in range(100):
        assert _append(store, "wide", 100_000, partition) == 0
        assert store.memory_bytes <= bound
    assert {(log.start_offset, log.end_offset) for t in store for log in t.logs()} == {
        (0, 1),
        (1, 1),
    }
    assert _append(store, "wide", 10, 0) == 1, "offsets go on after all was dropped"


def test_producers_are_within_the_bound_too() -> None:
    """Each producer writes one tiny batch and goes: what is remembered of it is the larger part."""
    bound = 2**20
    store = _store(log_memory_bytes=str(bound))
    store.create(NewTopic(name="a", num_partitions=5))
    _append(store, "a", 1)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for producer_id in range(10_000):
            _append(store, "a", 1, producer_id % 5, producer_id)
            assert store.memory_bytes <= bound
        held = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert store.memory_bytes > bound // 2, "the bound is used"
    assert held < 1.5 * bound
    counted = sum(log.memory_bytes for topic in store for log in topic.logs())
    assert counted == store.memory_bytes


def _refusal(store: TopicStore, wanted: NewTopic, **more: bool) -> tuple[ErrorCode, str]:
    with pytest.raises(TopicError) as caught:
        store.create(wanted, **more)
    return caught.value.code, str(caught.value)


def test_partitions_of_all_topics_together_are_bounded() -> None:
    store = _store(max_partitions="10")
    big = store.create(NewTopic(name="big", num_partitions=7))
    refused = (
        ErrorCode.POLICY_VIOLATION,
        "4 more partitions would make 11; max.partitions allows 10.",
    )
    assert _refusal(store, NewTopic(name="more", num_partitions=4)) == refused
    assert _refusal(store, NewTopic(name="more", num_partitions=4), validate_only=True) == refused
    by_hand = NewTopic(name="more", assignments=dict.fromkeys(range(4), (1,)))
    assert _refusal(store, by_hand) == refused
    assert store.get("more") is None
    store.create(NewTopic(name="fits", num_partitions=3))
    store.delete(big)
    assert store.create(NewTopic(name="again", num_partitions=7)).num_partitions == 7


def test_automatic_creation_beyond_the_bound_is_a_topic_that_does_not_exist(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As in Kafka, which creates later and says nothing; the broker's owner is told once."""
    store = _store(max_partitions="2", num_partitions="2")
    store.auto_create("a")
    for name in ("b", "c"):
        with pytest.raises(TopicError) as caught:
            store.auto_create(name)
        assert caught.value.code is ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    (record,) = caplog.records
    assert record.getMessage() == (
        "topic 'b' is not created: 2 more partitions would make 4; max.partitions allows 2."
    )


def test_the_text_of_a_topics_configs_is_bounded() -> None:
    store = _store()
    name = "follower.replication.throttled.replicas"
    fits = {name: ",".join(["0:1"] * (MAX_CONFIG_CHARACTERS // 4))}
    store.create(NewTopic(name="a", configs=fits))
    code, message = _refusal(store, NewTopic(name="b", configs={**fits, "retention.ms": "10"}))
    assert code is ErrorCode.INVALID_CONFIG
    assert str(MAX_CONFIG_CHARACTERS) in message
