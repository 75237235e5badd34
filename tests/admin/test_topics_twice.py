"""What admin clients ask about topics, and Apache Kafka's answers beside ours, in every version."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.admin.twin import Answer, Side, Twin, until
from tests.broker.batch_maker import batch

Unique = Callable[[str], str]

WORDS = ("error_message",)
"""Left out where only the code is promised: Kafka's words name what one node does not have."""


def _new(name: str, partitions: int = 2, replicas: int = 1, **more: Any) -> dict[str, Any]:
    return {"name": name, "num_partitions": partitions, "replication_factor": replicas, **more}


def _create(*topics: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"topics": list(topics), "timeout": 30_000, **more}


def _configs(**values: str | None) -> list[dict[str, Any]]:
    return [{"name": name.replace("_", "."), "value": value} for name, value in values.items()]


@pytest.mark.parametrize("version", range(2, 8))
def test_a00_create_topics(twin: Twin, unique: Unique, version: int) -> None:
    name = unique("topic")
    made = twin.ask(
        "create_topics", version, _create(_new(name, configs=_configs(retention_ms="7")))
    )
    assert made["topics"][0]["error_code"] == "none"
    if version >= 5:
        assert len(made["topics"][0]["configs"]) == 37
    again = twin.ask("create_topics", version, _create(_new(name)))
    assert again["topics"][0]["error_code"] == "topic_already_exists"
    only = _create(_new(f"{name}-2", -1, -1), validate_only=True)
    assert twin.ask("create_topics", version, only)["topics"][0]["error_code"] == "none"
    twin.ask("create_topics", version, _create())
    twin.ask("create_topics", version, _create(_new(name), _new(name)))


REFUSED = [
    (_new("", 1), WORDS[:0]),
    (_new(".", 1), WORDS[:0]),
    (_new("a b", 1), WORDS[:0]),
    (_new("x" * 250, 1), WORDS[:0]),
    (_new("n", 0), WORDS),
    (_new("n", -2), WORDS),
    (_new("n", 10_001), WORDS),
    (_new("n", 1, 0), WORDS[:0]),
    (_new("n", 1, 3), WORDS),
    (_new("n", -1, -1, assignments=[{"partition_index": 0, "broker_ids": [1]}] * 2), WORDS[:0]),
    (_new("n", 1, configs=_configs(nope="1")), WORDS[:0]),
    (_new("n", 1, configs=_configs(retention_ms=None)), WORDS[:0]),
    (_new("n", 1, configs=_configs(retention_ms="x")), WORDS[:0]),
    (_new("n", 1, configs=_configs(segment_bytes="1")), WORDS[:0]),
]


@pytest.mark.parametrize(("wanted", "ignoring"), REFUSED)
def test_a00_create_topics_refused(
    twin: Twin, wanted: dict[str, Any], ignoring: tuple[str, ...]
) -> None:
    for version in (4, 5, 7):
        answer = twin.ask("create_topics", version, _create(wanted), ignoring=ignoring)
        assert answer["topics"][0]["error_code"] != "none"


@pytest.mark.parametrize("version", range(1, 7))
def test_a00_delete_topics(twin: Twin, unique: Unique, version: int) -> None:
    name, missing = twin.create(unique("topic")), unique("missing")

    def asked(*names: str) -> dict[str, Any]:
        topics = [{"name": name} for name in names]
        return {"topic_names": list(names), "topics": topics, "timeout": 30_000}

    twin.ask("delete_topics", version, asked())
    twin.ask("delete_topics", version, asked("", "a/b"))
    gone = twin.ask("delete_topics", version, asked(name, missing))
    codes = {each["name"]: each["error_code"] for each in gone["responses"]}
    assert codes == {name: "none", missing: "unknown_topic_or_partition"}


def test_a00_delete_topics_by_id(twin: Twin, unique: Unique) -> None:
    name = twin.create(unique("topic"))

    def asked(*topics: tuple[str | None, uuid.UUID | None]) -> dict[str, Any]:
        entries = [{"name": name, "topic_id": topic_id} for name, topic_id in topics]
        return {"topics": entries, "timeout": 30_000}

    stranger = uuid.uuid4()
    for wrong in ((None, stranger), ("x", stranger), (None, None)):
        twin.ask("delete_topics", 6, asked(wrong))
    twin.ask("delete_topics", 6, asked((name, None), (name, None)))
    gone = twin.ask("delete_topics", 6, lambda side: asked((None, _id_of(side, name))))
    assert gone["responses"][0]["error_code"] == "none"


def _id_of(side: Side, name: str) -> uuid.UUID:
    return next(key for key, value in side.ids.items() if value == f"(id of {name})")


def _grow(*topics: tuple[str, int, Any], **more: Any) -> dict[str, Any]:
    entries = [
        {"name": name, "count": count, "assignments": assigned} for name, count, assigned in topics
    ]
    return {"topics": entries, "timeout": 30_000, "validate_only": False, **more}


@pytest.mark.parametrize("version", range(4))
def test_a00_create_partitions(twin: Twin, unique: Unique, version: int) -> None:
    name = twin.create(unique("topic"), 2)

    def grown(*topics: tuple[str, int, Any], **more: Any) -> list[str]:
        answer = twin.ask("create_partitions", version, _grow(*topics, **more))
        return [each["error_code"] for each in answer["results"]]

    for count in (2, 1, 0, -1):
        assert grown((name, count, None)) == ["invalid_partitions"]
    for nodes in ([[1], [1]], [[7]], [[]], [[1, 1]], []):
        assigned = [{"broker_ids": ids} for ids in nodes]
        assert grown((name, 3, assigned)) == ["invalid_replica_assignment"]
    assert grown((name, 20_000, None)) == ["policy_violation"]
    assert grown((name, 3, None), (name, 4, None)) == ["invalid_request"]
    assert grown(("missing", 3, None), ("", 2, None)) == ["unknown_topic_or_partition"] * 2
    assert grown() == []
    assert grown((name, 3, None), validate_only=True) == ["none"]
    assert _partitions(twin, name) == [0, 1]
    assert grown((name, 4, [{"broker_ids": [1]}] * 2)) == ["none"]
    assert grown((name, 5, None)) == ["none"]


def _partitions(twin: Twin, name: str) -> list[int]:
    asked = {"topics": [{"name": name}], "allow_auto_topic_creation": False}
    (topic,) = twin.ask("metadata", 12, asked)["topics"]
    return [part["partition_index"] for part in topic["partitions"]]


@pytest.mark.parametrize("version", range(14))
def test_a00_metadata_of_an_absent_topic_makes_it_and_says_unknown(
    twin: Twin, unique: Unique, version: int
) -> None:
    name = unique("topic")
    asked = {"topics": [{"name": name}], "allow_auto_topic_creation": True}
    first = twin.ask("metadata", version, asked)
    assert first["topics"][0]["error_code"] == "unknown_topic_or_partition"
    for side in (twin.embedded, twin.kafka):
        wait_for_partitions(side, name, 3)
    second = twin.ask("metadata", version, asked)
    assert [part["partition_index"] for part in second["topics"][0]["partitions"]] == [0, 1, 2]


def wait_for_partitions(side: Side, name: str, count: int) -> None:
    """Kafka makes it a little after the answer; look until it is there."""
    asked = {"topics": [{"name": name}], "allow_auto_topic_creation": False}

    def led() -> bool | None:
        (topic,) = side.connection.ask("metadata", 9, asked).topics
        return [part.leader_id for part in topic.partitions] == [1] * count or None

    until(led, f"{count} partitions of {name}")


@pytest.mark.parametrize("version", range(9, 14))
@pytest.mark.parametrize("name", ["a/b", "", "__transaction_state", "absent"])
def test_a00_metadata_of_what_is_not_there(twin: Twin, version: int, name: str) -> None:
    for operations in (False, True):
        asked = {
            "topics": [{"name": name}],
            "allow_auto_topic_creation": False,
            "include_topic_authorized_operations": operations,
        }
        twin.ask("metadata", version, asked)


@pytest.mark.parametrize("version", range(10, 14))
def test_a00_metadata_by_an_id_that_nobody_has(twin: Twin, version: int) -> None:
    asked = {"topics": [{"name": None, "topic_id": uuid.uuid4()}]}
    for operations in (False, True):
        twin.ask("metadata", version, asked | {"include_topic_authorized_operations": operations})


@pytest.mark.parametrize("version", [12, 13])
def test_a00_metadata_by_ids_and_names_at_once(twin: Twin, unique: Unique, version: int) -> None:
    """Who gives one id is told of ids alone, and nothing is made."""
    name, other, absent = twin.create(unique("topic")), twin.create(unique("topic")), unique("none")

    def asked(side: Side) -> dict[str, Any]:
        by_id, stranger = _id_of(side, name), uuid.UUID(int=7)
        keys = [(None, by_id), (other, None), (absent, None), (absent, by_id), (other, stranger)]
        topics = [{"name": name, "topic_id": topic_id} for name, topic_id in keys]
        return {"topics": topics, "allow_auto_topic_creation": True}

    told = twin.ask("metadata", version, asked)["topics"]
    assert [topic["name"] for topic in told if topic["error_code"] == "none"] == [name]
    assert len(told) == 2
    named = {"topics": [{"name": absent, "topic_id": None}], "allow_auto_topic_creation": False}
    (topic,) = twin.ask("metadata", version, named)["topics"]
    assert topic["error_code"] == "unknown_topic_or_partition"


def test_a00_in_which_order_metadata_is_told(twin: Twin, unique: Unique) -> None:
    """First ids that nobody has, then what there is as it was asked for, then names of nothing."""
    one, other, absent = twin.create(unique("topic")), twin.create(unique("topic")), unique("none")
    stranger = uuid.UUID(int=7)
    for side in (twin.embedded, twin.kafka):
        topics = [{"name": name} for name in (absent, other, one)]
        asked = {"topics": topics, "allow_auto_topic_creation": False}
        told = side.connection.ask("metadata", 9, asked).topics
        assert [topic.name for topic in told] == [other, one, absent]
        ids = [_id_of(side, other), stranger, _id_of(side, one)]
        asked = {"topics": [{"name": None, "topic_id": topic_id} for topic_id in ids]}
        told = side.connection.ask("metadata", 12, asked).topics
        assert [topic.topic_id for topic in told] == [stranger, ids[0], ids[2]]


def _produce(twin: Twin, name: str, batches: int) -> None:
    part = {"index": 0, "records": batch(b"a", b"b")}
    data = [{"name": name, "partition_data": [part]}]
    for _ in range(batches):
        twin.ask("produce", 9, {"acks": -1, "timeout": 5000, "topic_data": data})


def _delete(name: str, *parts: tuple[int, int]) -> dict[str, Any]:
    partitions = [{"partition_index": index, "offset": offset} for index, offset in parts]
    return {"topics": [{"name": name, "partitions": partitions}], "timeout": 30_000}


@pytest.mark.parametrize("version", range(3))
def test_a00_delete_records(twin: Twin, unique: Unique, version: int) -> None:
    name = twin.create(unique("topic"), 2)
    _produce(twin, name, 4)

    def deleted(*parts: tuple[int, int]) -> Answer:
        return twin.ask("delete_records", version, _delete(name, *parts))

    assert deleted((0, 3))["topics"][0]["partitions"][0]["low_watermark"] == 3
    for offset in (1, 9, -2, -5):
        deleted((0, offset))
    deleted((7, 0), (-1, 0))
    deleted((1, 0), (1, -1))
    deleted()
    twin.ask("delete_records", version, _delete("missing", (0, 0)))
    for offset in range(10):
        twin.ask("fetch", 12, _fetch(name, offset))
        twin.ask("list_offsets", 8, _list_offsets(name, -2))
    assert deleted((0, -1))["topics"][0]["partitions"][0]["low_watermark"] == 8
    _produce(twin, name, 1)
    assert deleted((0, 9))["topics"][0]["partitions"][0]["low_watermark"] == 9
    twin.ask("fetch", 12, _fetch(name, 9))


@pytest.mark.parametrize("policy", ["compact", "compact,delete", ""])
def test_a00_records_of_which_the_last_of_each_key_stays(
    twin: Twin, unique: Unique, policy: str
) -> None:
    name = twin.create(unique("topic"), **{"cleanup.policy": policy})
    for offset in (0, -1, -5, 9):
        twin.ask("delete_records", 2, _delete(name, (0, offset), (7, offset)))


def test_a00_records_that_groups_stand_on(twin: Twin) -> None:
    twin.both("find_coordinator", 3, {"key": "any", "key_type": 0})
    for offset in (0, -1, 10**6):
        asked = _delete("__consumer_offsets", (0, offset), (99, offset))
        answer = twin.ask("delete_records", 2, asked)
        codes = {part["error_code"] for part in answer["topics"][0]["partitions"]}
        assert codes == {"invalid_topic_exception", "unknown_topic_or_partition"}


def _fetch(name: str, offset: int) -> dict[str, Any]:
    part = {
        "partition": 0,
        "fetch_offset": offset,
        "partition_max_bytes": 10_000,
        "current_leader_epoch": -1,
        "last_fetched_epoch": -1,
    }
    return {
        "replica_id": -1,
        "max_wait": 0,
        "min_bytes": 0,
        "max_bytes": 10_000,
        "session_epoch": -1,
        "topics": [{"topic": name, "partitions": [part]}],
    }


def test_a00_a_fetch_of_no_leader_epoch_in_particular(twin: Twin, unique: Unique) -> None:
    name = twin.create(unique("topic"))
    for epoch in (-5, -1, 0, 1):
        asked = _fetch(name, 0)
        asked["topics"][0]["partitions"][0]["current_leader_epoch"] = epoch
        twin.ask("fetch", 12, asked)


@pytest.mark.parametrize("version", [1, 8, 11])
def test_a00_offsets_of_no_partition(twin: Twin, unique: Unique, version: int) -> None:
    asked = _list_offsets(twin.create(unique("topic")), -1)
    for name in (unique("absent"), twin.create(unique("topic"))):
        more = {"name": name, "partitions": []}
        twin.ask("list_offsets", version, {**asked, "topics": [*asked["topics"], more]})


def _list_offsets(name: str, timestamp: int) -> dict[str, Any]:
    parts = [{"partition_index": 0, "timestamp": timestamp, "current_leader_epoch": -1}]
    return {"replica_id": -1, "topics": [{"name": name, "partitions": parts}]}


@pytest.mark.parametrize("version", range(2, 5))
def test_a00_offset_for_leader_epoch(twin: Twin, unique: Unique, version: int) -> None:
    name = twin.create(unique("topic"), 2)
    _produce(twin, name, 2)
    twin.ask("delete_records", 2, _delete(name, (0, 3)))

    def end(*parts: tuple[int, int, int], topic: str = name) -> None:
        partitions = [
            {"partition": index, "current_leader_epoch": current, "leader_epoch": epoch}
            for index, current, epoch in parts
        ]
        asked = {"replica_id": -1, "topics": [{"topic": topic, "partitions": partitions}]}
        twin.ask("offset_for_leader_epoch", version, asked)

    for current, epoch in ((-1, 0), (0, 0), (1, 0), (-2, 0), (-1, 5), (-1, -1), (-1, -5)):
        end((0, current, epoch))
    end((1, -1, 0), (9, -1, 0), (1, -1, 0))
    end()
    end((0, -1, 0), topic="missing")


def test_a00_describe_topic_partitions(twin: Twin, unique: Unique) -> None:
    prefix = unique("topic")
    first, second = twin.create(f"{prefix}-a", 2), twin.create(f"{prefix}-b", 3)

    def told(*names: str, limit: int = 2000, cursor: tuple[str, int] | None = None) -> Answer:
        asked: dict[str, Any] = {
            "topics": [{"name": name} for name in names],
            "response_partition_limit": limit,
        }
        if cursor is not None:
            asked["cursor"] = {"topic_name": cursor[0], "partition_index": cursor[1]}
        return twin.ask("describe_topic_partitions", 0, asked)

    told(first)
    told(second, first, f"{prefix}-missing", "a/b", first)
    for limit in (-1, 0, 1, 2, 3, 4, 5):
        told(first, second, limit=limit)
    for index in (0, 1, 2, 5, -1):
        told(first, second, cursor=(first, index))
        told(first, second, cursor=(second, index), limit=1)
    told(first, cursor=("zzz", 0))
    told(first, cursor=("a", 0))


def test_a00_log_dirs(twin: Twin, unique: Unique) -> None:
    name = twin.create(unique("topic"), 2)
    _produce(twin, name, 2)
    where = ("log_dir", "total_bytes", "usable_bytes")
    for version in range(1, 6):
        for partitions in ([0, 1, 9], []):
            asked = {"topics": [{"topic": name, "partitions": partitions}]}
            twin.ask("describe_log_dirs", version, asked, ignoring=where)
        twin.ask("describe_log_dirs", version, {"topics": []}, ignoring=where)


def test_a00_nothing_is_ever_reassigned(twin: Twin, unique: Unique) -> None:
    name = twin.create(unique("topic"))
    for topics in (None, [], [{"name": name, "partition_indexes": [0, 5]}]):
        twin.ask("list_partition_reassignments", 0, {"topics": topics, "timeout": 30_000})
