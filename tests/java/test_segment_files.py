"""Kafka's own classes read our segment files: FileRecords, GroupCoordinatorRecordSerde."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rebalance.broker import EmbeddedBroker
from rebalance.broker.logs.log import PartitionLog
from rebalance.broker.logs.record_batch import build_batch, read_records
from rebalance.protocol.java_hash import partition_of
from rebalance.protocol.offsets_records import decode_record
from rebalance.testing.embedded import EmbeddedBrokerThread
from tests.broker.batch_maker import batch, values
from tests.broker.storage.making import append, in_files
from tests.conversations.talk import Talk, form_group
from tests.java.group_records import key_of, value_of
from tests.java.oracle import Oracle
from tests.java.programs import require_java
from tests.support.brokers import SETTINGS


@pytest.fixture(scope="module")
def kafka() -> Iterator[Oracle]:
    require_java()
    with Oracle("GroupRecords") as oracle:
        yield oracle


def _batches(kafka: Oracle, file: Path) -> list[Any]:
    (answer,) = kafka.ask([{"ask": "segment", "file": str(file)}])
    assert "error" not in answer, answer
    assert answer["size"] == file.stat().st_size
    return list(answer["batches"])


def test_p01_p06_kafka_reads_the_groups_that_we_stored(kafka: Oracle, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with EmbeddedBrokerThread(EmbeddedBroker(SETTINGS, data=data)) as broker:
        host, _, port = broker.bootstrap_servers.rpartition(":")
        talk = Talk((host, int(port)), "shop", "orders")
        wanted = {"name": "orders", "num_partitions": 1, "replication_factor": 1}
        talk.connect("admin").ask("create_topics", 5, {"topics": [wanted], "timeout": 30_000})
        a, s = talk.speaker("A", protocols=(("range", b"\0sub"),)), talk.speaker("S", instance="s")
        form_group(a, s)
        assert a.commit(11) == "NONE"
        talk.close()
    file = data / f"__consumer_offsets-{partition_of('shop', 50)}" / f"{0:020d}.log"
    stored = [record for each in _batches(kafka, file) for record in each["records"]]
    answers = kafka.ask(
        {"ask": "read", "key": record["key"], "value": record["value"]} for record in stored
    )
    assert answers == [_ours(record) for record in stored]
    group, offset = answers[-2:]
    members = {member["memberId"]: member for member in group["value"]["members"]}
    assert (group["type"], group["key"], group["version"]) == (2, {"group": "shop"}, 3)
    assert group["value"]["generation"] == 2
    assert members.keys() == {a.member_id, s.member_id}
    assert base64.b64decode(members[a.member_id]["subscription"]) == b"\0sub"
    assert members[s.member_id]["groupInstanceId"] == "s"
    assert (offset["type"], offset["version"]) == (1, 4)
    assert offset["value"]["offset"] == 11


def _ours(stored: Any) -> Any:
    """What our decoder makes of a record, in the words of Kafka's converters."""
    value = None if stored["value"] is None else bytes.fromhex(stored["value"])
    record: Any = decode_record(bytes.fromhex(stored["key"]), value)
    told = {"type": int(stored["key"][:4], 16), "key": key_of(record)}
    if value is not None:
        version = int.from_bytes(value[:2], "big")
        told |= {"version": version, "value": value_of(record, version)}
    return told


def test_kafka_reads_what_producers_sent_segment_by_segment(kafka: Oracle, tmp_path: Path) -> None:
    log = in_files(tmp_path, segment_bytes=400)
    for number in range(20):
        append(log, b"%d" % number, bytes(50), timestamp=1000 + number, gzip=number % 2 == 1)
    files = sorted(tmp_path.glob("*.log"))
    assert len(files) > 3
    found = [each for file in files for each in _batches(kafka, file)]
    assert [int(file.stem) for file in files] == [
        _batches(kafka, file)[0]["base_offset"] for file in files
    ]
    assert [record["offset"] for each in found for record in each["records"]] == list(range(40))
    assert {each["leader_epoch"] for each in found} == {0}
    assert [bytes.fromhex(each["records"][0]["value"]) for each in found] == [
        b"%d" % number for number in range(20)
    ]


def test_kafka_reads_what_compaction_left(kafka: Oracle, tmp_path: Path) -> None:
    log = in_files(tmp_path, segment_bytes=10**6)
    for number in range(12):
        keys = [b"a%d" % (number % 5), b"b%d" % (number % 4), b"c"]
        values_: list[bytes | None] = [b"1", None if number % 3 == 0 else b"%d" % number, b"3"]
        log.append(*build_batch(list(zip(keys, values_, strict=True)), 1000 + number))
    log.compact()
    (file, _active) = sorted(tmp_path.glob("*.log"))
    told = [
        (record["offset"], record["timestamp"], record["key"], record["value"])
        for each in _batches(kafka, file)
        for record in each["records"]
    ]
    assert told == [
        (record.offset, record.timestamp, (record.key or b"").hex(), (record.value or b"").hex())
        for record in _records(log)
    ]
    assert len(told) < 15


def _records(log: PartitionLog) -> list[Any]:
    return [record for data in log.batches() for record in read_records(data)]


def test_kafka_refuses_what_we_refuse(kafka: Oracle, tmp_path: Path) -> None:
    """The checker is awake: a damaged file is an error there as well."""
    log = in_files(tmp_path)
    append(log, b"a")
    assert values(log.read(0, 1000, at_least_one=True)) == [(0, b"a")]
    (file,) = tmp_path.glob("*.log")
    whole = bytearray(file.read_bytes())
    whole[-2] ^= 1
    file.write_bytes(whole)
    (answer,) = kafka.ask([{"ask": "segment", "file": str(file)}])
    assert "corrupt" in answer["error"].lower()
    assert len(whole) == len(batch(b"a"))
