"""What a conversation leaves in `__consumer_offsets`, batch by batch, as two brokers can have it.

Keys stand as their bytes. A value stands as its length and what it says: ids by their names, times
as what they are counted from; members and tombstones of offsets are sorted, for Kafka's order is a
hash map's.
"""

from __future__ import annotations

import struct
from collections.abc import Container, Iterator, Mapping
from dataclasses import fields
from itertools import groupby
from typing import Any

from rebalance.broker.logs.record_batch import StoredRecord, read_records
from rebalance.protocol.offsets_records import decode_record
from rebalance.protocol.records import GroupMetadata, OffsetCommit
from tests.conformance.plain import plain
from tests.conversations.raw import Connection

TOPIC = "__consumer_offsets"

_FETCH = {"replica_id": -1, "max_wait": 0, "min_bytes": 0, "max_bytes": 10**7, "session_epoch": -1}
_PART = {"partition_max_bytes": 10**6, "current_leader_epoch": -1, "log_start_offset": -1}

_BATCH = struct.Struct(">qiibIhi")
"""How a batch begins: base offset first, last offset delta last."""

Batch = tuple[int, list[Any]]
"""A partition, and records."""


class OffsetsLog:
    """The records of groups whose names begin alike, from now on."""

    def __init__(self, connection: Connection, prefix: str) -> None:
        self._prefix = prefix
        asked = {"topics": [{"name": TOPIC, "topic_id": None}]}
        (topic,) = connection.ask("metadata", 12, asked).topics
        parts = [
            {"partition_index": index, "timestamp": -1, "current_leader_epoch": -1}
            for index in range(len(topic.partitions))
        ]
        listing = {"replica_id": -1, "topics": [{"name": TOPIC, "partitions": parts}]}
        (topic,) = connection.ask("list_offsets", 5, listing).topics
        self._next: dict[int, int] = {
            part.partition_index: part.offset for part in topic.partitions
        }

    def read(
        self, connection: Connection, names: Mapping[Any, str], also: Container[str] = ()
    ) -> list[Batch]:
        """What was written since the last call; each batch with its records in order."""
        found: list[Batch] = []
        while fetched := self._fetch(connection):
            for partition, data in fetched.items():
                for batch in self._batches(partition, data):
                    mine = [_told(each, names) for each in batch if self._is_mine(each, also)]
                    found += [(partition, _in_order(mine))] if mine else []
        return found

    def _batches(self, partition: int, data: bytes) -> Iterator[list[StoredRecord]]:
        while data:
            base, length, _, _, _, _, delta = _BATCH.unpack_from(data)
            size = 12 + length
            first = self._next[partition]
            yield [each for each in read_records(data[:size]) if each.offset >= first]
            self._next[partition] = max(first, base + delta + 1)
            data = data[size:]

    def _is_mine(self, stored: StoredRecord, also: Container[str]) -> bool:
        group = getattr(decode_record(stored.key or b"", stored.value), "group_id", "")
        return group in also or group.startswith(self._prefix)

    def _fetch(self, connection: Connection) -> dict[int, bytes]:
        """By partition, where there is more."""
        parts = [
            {**_PART, "partition": partition, "fetch_offset": offset}
            for partition, offset in self._next.items()
        ]
        said = _FETCH | {"topics": [{"topic": TOPIC, "partitions": parts}]}
        (topic,) = connection.ask("fetch", 11, said).responses
        assert not any(part.error_code.value for part in topic.partitions)
        return {
            part.partition_index: bytes(part.records) for part in topic.partitions if part.records
        }


def _in_order(batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tombstones of offsets that follow one another sorted: Kafka's order is a hash map's."""
    runs = groupby(batch, key=lambda told: told["value"] is None and told["key"] < "0002")
    return [
        told
        for are_tombstones, run in runs
        for told in (sorted(run, key=repr) if are_tombstones else run)
    ]


def _told(stored: StoredRecord, names: Mapping[Any, str]) -> dict[str, Any]:
    """A record, key and value."""
    assert stored.key is not None
    said: dict[str, Any] = {"key": stored.key.hex(), "value": None}
    if stored.value is None:
        return said
    record = decode_record(stored.key, stored.value)
    assert isinstance(record, GroupMetadata | OffsetCommit)
    version = struct.unpack_from(">h", stored.value)[0]
    said |= {"version": version, "value_bytes": len(stored.value)}
    return said | {"value": dict(_fields(record.value, names))}


def _fields(value: Any, names: Mapping[Any, str]) -> Iterator[tuple[str, Any]]:
    for each in fields(value):
        said = getattr(value, each.name)
        match each.name:
            case "commit_timestamp_ms" | "current_state_timestamp_ms":
                said = "now" if said > 0 else said
            case "expire_timestamp_ms":
                said = said if said == -1 else said - value.commit_timestamp_ms
            case "topic_id":
                said = said and [name for key, name in names.items() if _bytes(key) == said]
            case "members":
                said = sorted((dict(_fields(member, names)) for member in said), key=repr)
            case _:
                said = plain(said, names)
        yield each.name, said


def _bytes(key: Any) -> bytes | None:
    """Of a topic id among all that has a name."""
    return getattr(key, "bytes", None)
