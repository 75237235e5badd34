"""A data directory: its topics, its lock, what it refuses, what it clears away."""

from __future__ import annotations

import json
import logging
import uuid
from pathlib import Path

import pytest

from rebalance.broker.config import BrokerConfig
from rebalance.broker.errors import StorageError
from rebalance.broker.storage import StoredTopic, files
from rebalance.broker.storage.directory import DataDirectory
from rebalance.broker.topics.topics import NewTopic, TopicError, TopicStore
from rebalance.protocol.errors import ErrorCode
from tests.broker.storage.making import append

ORDERS = StoredTopic(
    name="orders",
    topic_id=uuid.UUID(int=7),
    num_partitions=3,
    configs={"retention.bytes": "100", "cleanup.policy": "delete"},
)
PLAIN = StoredTopic(name="a.b_c-0", topic_id=uuid.UUID(int=8), num_partitions=1, configs={})


def _topics(path: Path) -> TopicStore:
    return TopicStore(BrokerConfig(), uuid.uuid4, DataDirectory(path))


def test_topics_are_kept_with_ids_partitions_and_configs(tmp_path: Path) -> None:
    first = DataDirectory(tmp_path / "made" / "on the way")
    assert first.topics() == ()
    first.save_topics([ORDERS, PLAIN])
    first.close()
    second = DataDirectory(tmp_path / "made" / "on the way")
    assert list(second.topics()) == [ORDERS, PLAIN]
    second.save_topics([PLAIN])
    second.close()
    third = DataDirectory(tmp_path / "made" / "on the way")
    assert list(third.topics()) == [PLAIN]
    third.close()


def test_a_second_broker_is_refused_in_words_and_may_come_later(tmp_path: Path) -> None:
    first = DataDirectory(tmp_path)
    with pytest.raises(StorageError, match="is in use by another broker"):
        DataDirectory(tmp_path)
    first.close()
    DataDirectory(tmp_path).close()


@pytest.mark.parametrize("stranger", ["meta.properties", "orders-0", "notes.txt"])
def test_a_directory_of_something_else_is_refused_and_left_alone(
    tmp_path: Path, stranger: str
) -> None:
    (tmp_path / stranger).write_text("mine")
    with pytest.raises(StorageError, match="is not the data directory of a broker") as refused:
        DataDirectory(tmp_path)
    assert repr(stranger) in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == [stranger]


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot use .*file"):
        DataDirectory(tmp_path / "file")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": 2}', '{"format": 1}', '{"format": 1, "topics": [{}]}']
)
def test_a_file_that_cannot_be_read_is_told_and_the_lock_is_free_again(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "broker.json").write_text(text)
    for _ in range(2):
        with pytest.raises(StorageError, match=r"broker\.json"):
            DataDirectory(tmp_path)


def test_a_write_that_was_interrupted_leaves_the_old_file(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    data.save_topics([ORDERS])
    data.close()
    (tmp_path / "broker.json.part").write_text('{"format": 1, "top')
    again = DataDirectory(tmp_path)
    assert list(again.topics()) == [ORDERS]
    again.close()


def test_producer_ids_are_never_given_out_again(tmp_path: Path) -> None:
    given: set[int] = set()
    for _ in range(3):
        data = DataDirectory(tmp_path)
        mine = [data.next_producer_id() for _ in range(1001)]
        assert given.isdisjoint(mine)
        given.update(mine)
        data.close()  # as after a kill: nothing is written on closing


def test_topics_records_and_counts_come_back(tmp_path: Path) -> None:
    store = _topics(tmp_path)
    made = store.create(NewTopic(name="orders", num_partitions=3))
    log = made.log(2)
    assert log is not None
    append(log, b"a", b"b")
    store.close()
    again = _topics(tmp_path)
    found = again.get("orders")
    assert found is not None
    assert (found.topic_id, found.num_partitions) == (made.topic_id, 3)
    assert again.by_id(made.topic_id) is found
    ends = [log.end_offset for log in map(found.log, range(3)) if log is not None]
    assert ends == [0, 0, 2]
    with pytest.raises(TopicError, match="already exists"):
        again.create(NewTopic(name="orders"))
    again.close()


def test_a_deleted_topic_is_gone_with_its_files_and_its_name_is_free(tmp_path: Path) -> None:
    store = _topics(tmp_path)
    topic = store.create(NewTopic(name="orders", num_partitions=2))
    log = topic.log(1)
    assert log is not None
    append(log, b"old")
    assert (tmp_path / "orders-1").is_dir()
    store.delete(topic)
    assert not list(tmp_path.glob("orders-*"))
    anew = store.create(NewTopic(name="orders", num_partitions=2)).log(1)
    assert anew is not None
    assert anew.end_offset == 0
    store.close()


def test_what_a_kill_left_of_a_deleted_topic_is_cleared_away(tmp_path: Path) -> None:
    store = _topics(tmp_path)
    log = store.create(NewTopic(name="orders")).log(0)
    assert log is not None
    append(log, b"old")
    store.close()
    kept = json.loads((tmp_path / "broker.json").read_text())
    (tmp_path / "broker.json").write_text(json.dumps(kept | {"topics": []}))
    (tmp_path / "lost-1").mkdir()
    (tmp_path / "lost-1" / "diary.txt").write_text("somebody's")
    again = _topics(tmp_path)
    assert not (tmp_path / "orders-0").exists()
    assert (tmp_path / "lost-1" / "diary.txt").exists(), "nothing but a log is removed"
    again.close()


def test_a_topic_that_cannot_be_stored_is_not_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = _topics(tmp_path)
    kept = store.create(NewTopic(name="kept"))

    def full(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "replace", full)
    for change in (
        lambda: store.create(NewTopic(name="orders")),
        lambda: store.delete(kept),
        store.next_producer_id,
    ):
        with (
            caplog.at_level(logging.ERROR, "rebalance.broker"),
            pytest.raises(TopicError, match="No space left on device") as refused,
        ):
            change()
        assert refused.value.code is ErrorCode.KAFKA_STORAGE_ERROR
    assert [topic.name for topic in store] == ["kept"]
    monkeypatch.undo()
    assert store.next_producer_id() == 0
    store.close()
