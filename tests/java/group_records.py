"""Records of `__consumer_offsets` in the terms of Kafka's own JSON converters.

Rule: what an answer of src/GroupRecords.java means in terms of `rebalance.protocol` is said here,
once. Bytes are base64 there, a topic's id is Kafka's Uuid in letters.
"""

from __future__ import annotations

import base64
from typing import Any

from rebalance.protocol.records import (
    GroupMetadata,
    GroupMetadataMember,
    GroupMetadataValue,
    OffsetCommit,
    OffsetCommitValue,
    Record,
)

OFFSET_VERSIONS = GROUP_VERSIONS = range(5)


def key_of(record: Record) -> dict[str, Any]:
    """The key as Kafka's converters write it."""
    if isinstance(record, OffsetCommit):
        topic, partition = record.partition
        return {"group": record.group_id, "topic": topic, "partition": partition}
    return {"group": record.group_id}


def value_of(record: Record, version: int) -> dict[str, Any] | None:
    """The value in that version as Kafka's converters write it: only what the version has."""
    if record.value is None:
        return None
    if isinstance(record, OffsetCommit):
        return _offset(record.value, version)
    assert isinstance(record, GroupMetadata)
    return _group(record.value, version)


def _offset(value: OffsetCommitValue, version: int) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "offset": value.offset,
        "metadata": value.metadata,
        "commitTimestamp": value.commit_timestamp_ms,
    }
    if version >= 3:
        fields["leaderEpoch"] = value.leader_epoch
    if version == 1:
        fields["expireTimestamp"] = value.expire_timestamp_ms
    if version >= 4 and value.topic_id is not None:
        fields["topicId"] = base64.urlsafe_b64encode(value.topic_id).decode().rstrip("=")
    return fields


def _group(value: GroupMetadataValue, version: int) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "protocolType": value.protocol_type,
        "generation": value.generation_id,
        "protocol": value.protocol_name,
        "leader": value.leader,
        "members": [_member(member, version) for member in value.members],
    }
    if version >= 2:
        fields["currentStateTimestamp"] = value.current_state_timestamp_ms
    return fields


def _member(member: GroupMetadataMember, version: int) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "memberId": member.member_id,
        "clientId": member.client_id,
        "clientHost": member.client_host,
        "sessionTimeout": member.session_timeout_ms,
        "subscription": base64.b64encode(member.subscription).decode(),
        "assignment": base64.b64encode(member.assignment).decode(),
    }
    if version >= 1:
        fields["rebalanceTimeout"] = member.rebalance_timeout_ms
    if version >= 3:
        fields["groupInstanceId"] = member.group_instance_id
    return fields
