"""What the broker itself says of a group, asked raw: who is in it, which generation, what it keeps.

Why: clients differ in what they tell of themselves, and some tell nothing of their generation.
"""

from __future__ import annotations

from typing import Any

import confluent_kafka
from kio.schema.errors import ErrorCode

from assignors.codec import decode_assignment
from rebalance.protocol.java_hash import partition_of
from rebalance.protocol.offsets_records import decode_record
from rebalance.protocol.records import GroupMetadata, GroupMetadataValue
from tests.conversations.raw import Connection
from tests.interop.ledger import Partition
from tests.interop.peers import until

_STABLE = "Stable"
_MOST_GENERATIONS = 200
_TOPIC = "__consumer_offsets"
_READ_WITHIN_S = 20.0


class BrokerView:
    """One group of a broker, as soon as it is coordinated (A06); `close()` it."""

    def __init__(self, servers: str, group_id: str) -> None:
        host, _, port = servers.rpartition(":")
        self._servers, self._group_id = servers, group_id
        self._connection = Connection((host, int(port)), "broker view")
        until(self._is_coordinated, lambda: f"nobody coordinates {group_id}")

    def close(self) -> None:
        self._connection.close()

    def assignment(self) -> dict[str, frozenset[Partition]]:
        """Client id -> what was assigned to it; nothing unless the group is in Stable."""
        group = self._described()
        if group.group_state != _STABLE:
            return {}
        return {
            each.client_id: frozenset(
                (topic, partition)
                for topic, partition in decode_assignment(each.member_assignment).partitions
            )
            for each in group.members
        }

    def generation_id(self) -> int | None:
        """The generation of a group at rest; None: it is not in Stable.

        No API tells it. But a member's heartbeat is taken in the group's own generation alone.
        """
        group = self._described()
        if group.group_state != _STABLE:
            return None
        member = group.members[0]
        for generation_id in range(1, _MOST_GENERATIONS):
            fields = {
                "group_id": self._group_id,
                "generation_id": generation_id,
                "member_id": member.member_id,
                "group_instance_id": member.group_instance_id,
            }
            error = self._connection.ask("heartbeat", 4, fields).error_code
            if error != ErrorCode.illegal_generation:
                return generation_id if error == ErrorCode.none else None
        raise AssertionError(f"{self._group_id}: no generation below {_MOST_GENERATIONS}")

    def leaders(self) -> list[tuple[int, str]]:
        """Each generation that was stored, and its leader's client id.

        No API tells it, the group's records do.
        """
        return [
            (value.generation_id, member.client_id)
            for value in self._records()
            for member in value.members
            if member.member_id == value.leader
        ]

    def committed(self) -> dict[Partition, int]:
        """Every offset that is kept for the group."""
        fields = {"groups": [{"group_id": self._group_id, "topics": None}]}
        (group,) = self._connection.ask("offset_fetch", 8, fields).groups
        assert group.error_code == ErrorCode.none
        return {
            (str(topic.name), each.partition_index): each.committed_offset
            for topic in group.topics
            for each in topic.partitions
        }

    def _is_coordinated(self) -> bool:
        asked = {"key": self._group_id, "key_type": 0}
        found = self._connection.ask("find_coordinator", 3, asked).error_code
        return bool(found == self._described().error_code == ErrorCode.none)

    def _described(self) -> Any:
        asked = {"groups": [self._group_id]}
        (group,) = self._connection.ask("describe_groups", 5, asked).groups
        return group

    def _records(self) -> list[GroupMetadataValue]:
        reader = confluent_kafka.Consumer(
            {
                "bootstrap.servers": self._servers,
                "group.id": "reads no group",
                "enable.partition.eof": True,
            }
        )
        metadata = reader.list_topics(_TOPIC, timeout=_READ_WITHIN_S)
        partition = partition_of(self._group_id, len(metadata.topics[_TOPIC].partitions))
        begin = confluent_kafka.TopicPartition(_TOPIC, partition, confluent_kafka.OFFSET_BEGINNING)
        reader.assign([begin])
        found: list[GroupMetadataValue] = []
        while (message := reader.poll(_READ_WITHIN_S)) is not None and message.error() is None:
            match decode_record(message.key() or b"", message.value()):
                case GroupMetadata(group_id=self._group_id, value=GroupMetadataValue() as value):
                    found.append(value)
        reader.close()
        assert message is not None, f"{_TOPIC}-{partition} does not end"
        error = message.error()
        assert error is not None
        assert error.code() == confluent_kafka.KafkaError._PARTITION_EOF
        return found
