"""What a conversation leaves in `__consumer_offsets`, read from the broker as any consumer may.

A record is a small tuple in which member ids are the names of their speakers; the members of a
group are a set, for Kafka promises no order.
"""

from __future__ import annotations

import itertools
import struct
from typing import Any, NamedTuple

from kio.schema.errors import ErrorCode

from rebalance.broker.logs.record_batch import read_records
from rebalance.protocol.java_hash import partition_of
from rebalance.protocol.offsets_records import decode_record
from rebalance.protocol.records import GroupMetadata, GroupMetadataMember, OffsetCommit
from tests.conversations.raw import Connection
from tests.conversations.talk import Talk

TOPIC = "__consumer_offsets"


class Offset(NamedTuple):
    """An offset record; version None: a tombstone. `expires` counts from the commit, in ms."""

    version: int | None
    offset: int = -1
    metadata: str = ""
    expires: int | None = None
    has_topic_id: bool = False


class Member(NamedTuple):
    """A member in a group record."""

    name: str
    instance: str | None
    client_id: str
    session: int
    rebalance: int
    subscription: bytes
    assignment: bytes


class Group(NamedTuple):
    """A group record; version None: a tombstone."""

    version: int | None
    type: str = ""
    generation: int = 0
    protocol: str | None = None
    leader: str | None = None
    members: frozenset[Member] = frozenset()


def commit_alone(connection: Connection, group: str, topic: str) -> ErrorCode:
    """An offset of a group that has no members; what the topic's first partition is answered."""
    part = {"partition_index": 0, "committed_offset": 1, "committed_leader_epoch": -1}
    topics = [{"name": topic, "partitions": [part | {"committed_metadata": ""}]}]
    fields = {"group_id": group, "generation_id_or_member_epoch": -1, "topics": topics}
    answer = connection.ask("offset_commit", 8, fields)
    error: ErrorCode = answer.topics[0].partitions[0].error_code
    return error


def let_be_written(connection: Connection, partition: int, partitions: int) -> None:
    """Return once all is in the log that a partition's coordinator was asked to write so far.

    Kafka hands out a member id before the record of the new group is appended. It appends in order,
    and answers a commit when it is appended: so somebody else commits.
    """
    names = (f"somebody-else-{number}" for number in itertools.count())
    group = next(name for name in names if partition_of(name, partitions) == partition)
    assert commit_alone(connection, group, TOPIC) is ErrorCode.none


class OffsetsLog:
    """The records of one conversation's group, from now on."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._connection: Connection = talk.connect("reader")
        metadata = self._connection.ask("metadata", 12, {"topics": [_named(TOPIC)]})
        self._partitions = len(metadata.topics[0].partitions)
        self._partition = partition_of(talk.group, self._partitions)
        topic = self._connection.ask("metadata", 12, {"topics": [_named(talk.topic)]})
        self._topic_id = topic.topics[0].topic_id.bytes
        part = {"partition_index": self._partition, "timestamp": -1, "current_leader_epoch": -1}
        asked = {"replica_id": -1, "topics": [{"name": TOPIC, "partitions": [part]}]}
        self._next = self._connection.ask("list_offsets", 5, asked).topics[0].partitions[0].offset

    def read(self) -> list[Offset | Group]:
        """What was written since the last call."""
        let_be_written(self._connection, self._partition, self._partitions)
        found: list[Offset | Group] = []
        while data := self._fetch():
            while data:
                size = 12 + struct.unpack_from(">i", data, 8)[0]
                for stored in read_records(data[:size]):
                    record = decode_record(stored.key or b"", stored.value)
                    version = stored.value and struct.unpack_from(">h", stored.value)[0]
                    mine = getattr(record, "group_id", None) == self._talk.group
                    if mine and stored.offset >= self._next:
                        found.append(self._told(record, version))
                self._next = max(
                    self._next,
                    struct.unpack_from(">q", data)[0] + 1 + struct.unpack_from(">i", data, 23)[0],
                )
                data = data[size:]
        return found

    def _fetch(self) -> bytes:
        part = {
            "partition": self._partition,
            "fetch_offset": self._next,
            "partition_max_bytes": 10**6,
            "current_leader_epoch": -1,
            "log_start_offset": -1,
        }
        fields = {
            "replica_id": -1,
            "max_wait": 0,
            "min_bytes": 0,
            "max_bytes": 10**7,
            "session_epoch": -1,
            "topics": [{"topic": TOPIC, "partitions": [part]}],
        }
        answer = self._connection.ask("fetch", 11, fields).responses[0].partitions[0]
        assert answer.error_code.value == 0
        return bytes(answer.records or b"")

    def _told(self, record: Any, version: int | None) -> Offset | Group:
        if record.value is None:
            return Offset(None) if isinstance(record, OffsetCommit) else Group(None)
        value = record.value
        if isinstance(record, OffsetCommit):
            assert value.topic_id in (None, self._topic_id)
            expires = value.expire_timestamp_ms - value.commit_timestamp_ms
            return Offset(
                version=version,
                offset=value.offset,
                metadata=value.metadata,
                expires=None if value.expire_timestamp_ms == -1 else expires,
                has_topic_id=value.topic_id is not None,
            )
        assert isinstance(record, GroupMetadata)
        return Group(
            version=version,
            type=value.protocol_type,
            generation=value.generation_id,
            protocol=value.protocol_name,
            leader=None if value.leader is None else self._talk.name_of(value.leader),
            members=frozenset(self._member(member) for member in value.members),
        )

    def _member(self, member: GroupMetadataMember) -> Member:
        return Member(
            name=self._talk.name_of(member.member_id),
            instance=member.group_instance_id,
            client_id=member.client_id,
            session=member.session_timeout_ms,
            rebalance=member.rebalance_timeout_ms,
            subscription=member.subscription,
            assignment=member.assignment,
        )


def _named(name: str) -> dict[str, Any]:
    return {"name": name, "topic_id": None}
