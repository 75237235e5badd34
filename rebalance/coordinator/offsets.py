"""Offsets of a group: who may commit, and what is answered (O01, O02, O04, H03).

Source: OffsetMetadataManager, ClassicGroup.validateOffsetCommit.
"""

from dataclasses import dataclass

from assignors.model import TopicPartition
from rebalance.coordinator.append_errors import client_error
from rebalance.coordinator.checks import member_error
from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.coordinator.context import Context
from rebalance.coordinator.sessions import arm_session
from rebalance.protocol.effects import Token
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.notices import CommitRefused
from rebalance.protocol.records import NO_EXPIRY, OffsetCommit, OffsetCommitValue
from rebalance.protocol.requests import NO_MEMBER_ID, OffsetCommitRequest, OffsetFetchRequest
from rebalance.protocol.responses import (
    CommittedPartition,
    FetchedOffset,
    OffsetCommitResponse,
    OffsetFetchResponse,
)
from rebalance.protocol.states import GroupState

_SAYS_GROUP_NOT_FOUND = 9
"""First version of OffsetCommit that answers GROUP_ID_NOT_FOUND (KIP-848)."""
_NOT_SAID = -1
"""Kafka takes any other retention time at its word, also a negative one."""
_REARMS = frozenset({GroupState.STABLE, GroupState.PREPARING_REBALANCE})


def commit(context: Context, token: Token, request: OffsetCommitRequest) -> None:
    """Handle an OffsetCommit: refused as a whole, or written and then answered."""
    group = context.groups.get(request.group_id)
    if group is None and request.generation_id < 0:
        group = _simple_group(context, request.group_id)
    error = _unknown_group(request) if group is None else _refusal(group, request)
    if error is not None or group is None:
        refuse(context, token, request, error or ErrorCode.UNKNOWN_SERVER_ERROR)
        return
    member = group.members.get(request.member_id)
    if member is not None and group.state in _REARMS:
        arm_session(context, group, member)
    longest = context.config.offset_metadata_max_bytes
    answers: list[CommittedPartition] = []
    values: list[tuple[TopicPartition, OffsetCommitValue]] = []
    for offset in request.offsets:
        metadata = offset.metadata or ""
        if _utf16_units(metadata) > longest:  # O03
            too_large = ErrorCode.OFFSET_METADATA_TOO_LARGE
            answers.append(CommittedPartition(partition=offset.partition, error=too_large))
            continue
        answers.append(CommittedPartition(partition=offset.partition))
        value = OffsetCommitValue(
            offset=offset.offset,
            leader_epoch=offset.leader_epoch,
            metadata=metadata,
            commit_timestamp_ms=context.now,
            expire_timestamp_ms=_expiry(context, request),
            topic_id=offset.topic_id,
        )
        values.append((offset.partition, value))
    stored = _Stored(
        group_id=request.group_id, token=token, values=tuple(values), answers=tuple(answers)
    )
    records = tuple(
        OffsetCommit(group_id=request.group_id, partition=partition, value=value)
        for partition, value in values
    )
    if records:
        context.append(request.group_id, records, stored)
    else:
        stored(context, ErrorCode.NONE)


def _expiry(context: Context, request: OffsetCommitRequest) -> int:
    """Rule P05: an offset has an expiry of its own only where the request says how long to keep."""
    retention_ms = request.retention_time_ms
    return NO_EXPIRY if retention_ms == _NOT_SAID else context.now + retention_ms


def _simple_group(context: Context, group_id: str) -> ClassicGroup:
    """Rule O01: a group that only keeps offsets."""
    group = ClassicGroup(group_id=group_id, state_since_ms=context.now)
    context.groups[group_id] = group
    return group


def _unknown_group(request: OffsetCommitRequest) -> ErrorCode:
    if request.version >= _SAYS_GROUP_NOT_FOUND:
        return ErrorCode.GROUP_ID_NOT_FOUND
    return ErrorCode.ILLEGAL_GENERATION


def _refusal(group: ClassicGroup, request: OffsetCommitRequest) -> ErrorCode | None:
    """Rule O02. Preparing is accepted: who commits while revoking is in time."""
    if group.state is GroupState.DEAD:
        return ErrorCode.COORDINATOR_NOT_AVAILABLE
    outside = request.generation_id < 0
    if outside and group.state is GroupState.EMPTY:
        return None
    named = request.member_id != NO_MEMBER_ID or request.group_instance_id is not None
    if outside and not named:
        return ErrorCode.UNKNOWN_MEMBER_ID
    error = member_error(group, request.member_id, request.group_instance_id)
    if error is not None:
        return error
    if request.generation_id != group.generation_id:
        return ErrorCode.ILLEGAL_GENERATION
    if group.state is GroupState.COMPLETING_REBALANCE:
        return ErrorCode.REBALANCE_IN_PROGRESS
    return None


def refuse(context: Context, token: Token, request: OffsetCommitRequest, error: ErrorCode) -> None:
    """Refuse a commit as a whole: every partition of it has the error."""
    answers = tuple(
        CommittedPartition(partition=offset.partition, error=error) for offset in request.offsets
    )
    context.reply(token, OffsetCommitResponse(partitions=answers))
    context.tell(
        CommitRefused(
            group_id=request.group_id,
            member_id=request.member_id,
            generation_id=request.generation_id,
            error=error.name,
        )
    )


def _utf16_units(text: str) -> int:
    return len(text) + sum(ord(letter) > 0xFFFF for letter in text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """Goes on when the offsets are durable, or could not be written."""

    group_id: str
    token: Token
    values: tuple[tuple[TopicPartition, OffsetCommitValue], ...]
    answers: tuple[CommittedPartition, ...]

    def __call__(self, context: Context, error: ErrorCode) -> None:
        answers = self.answers
        if error is ErrorCode.NONE:
            if self.values and self.group_id not in context.groups:
                # Deleted meanwhile (A03): in the log the offsets stand behind its tombstones.
                _simple_group(context, self.group_id)
            context.offsets.setdefault(self.group_id, {}).update(self.values)
        else:
            failed, told = {partition for partition, _ in self.values}, client_error(error)
            answers = tuple(
                CommittedPartition(partition=answer.partition, error=told)
                if answer.partition in failed
                else answer
                for answer in answers
            )
        context.reply(self.token, OffsetCommitResponse(partitions=answers))


def fetch(context: Context, token: Token, request: OffsetFetchRequest) -> None:
    """Handle an OffsetFetch of one group: what was never committed is -1 (O04)."""
    committed = context.offsets.get(request.group_id, {})
    asked = sorted(committed) if request.partitions is None else request.partitions
    offsets = tuple(_fetched(partition, committed.get(partition)) for partition in asked)
    context.reply(token, OffsetFetchResponse(group_id=request.group_id, offsets=offsets))


def _fetched(partition: TopicPartition, value: OffsetCommitValue | None) -> FetchedOffset:
    if value is None:
        return FetchedOffset(partition=partition)
    return FetchedOffset(
        partition=partition,
        offset=value.offset,
        leader_epoch=value.leader_epoch,
        metadata=value.metadata,
    )
