"""Offsets of a group: who may commit, and what is answered (O01, O02, O04, H03).

Source: OffsetMetadataManager, ClassicGroup.validateOffsetCommit.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from assignors.model import TopicPartition
from rebalance.coordinator.append_errors import client_error
from rebalance.coordinator.checks import member_error
from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.coordinator.context import Context
from rebalance.coordinator.sessions import arm_session
from rebalance.protocol.effects import Token
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.notices import CommitRefused
from rebalance.protocol.quickly_made import quickly_made
from rebalance.protocol.records import NO_EXPIRY, OffsetCommit, OffsetCommitValue
from rebalance.protocol.requests import (
    NO_MEMBER_ID,
    OffsetCommitRequest,
    OffsetFetchRequest,
    OffsetToCommit,
    TxnOffsetCommitRequest,
)
from rebalance.protocol.responses import (
    CommittedPartition,
    FetchedOffset,
    OffsetCommitResponse,
    OffsetFetchResponse,
)
from rebalance.protocol.states import GroupState

PartitionValue: TypeAlias = tuple[TopicPartition, OffsetCommitValue]

_SAYS_GROUP_NOT_FOUND = 9
"""First version of OffsetCommit that answers GROUP_ID_NOT_FOUND (KIP-848)."""
_NOT_SAID = -1
"""Kafka takes any other retention time at its word, also a negative one."""
_REARMS = frozenset({GroupState.STABLE, GroupState.PREPARING_REBALANCE})


def commit(context: Context, token: Token, request: OffsetCommitRequest) -> None:
    """Handle an OffsetCommit: refused as a whole, or written and then answered."""
    group = context.groups.get(request.group_id)
    if group is None and request.generation_id < 0:
        group = simple_group(context, request.group_id)
    error = _unknown_group(request) if group is None else commit_error(group, request)
    if error is not None or group is None:
        refuse(context, token, request, error or ErrorCode.UNKNOWN_SERVER_ERROR)
        return
    member = group.members.get(request.member_id)
    if member is not None and group.state in _REARMS:
        arm_session(context, group, member)
    answers, values = offset_values(context, request.offsets, _expiry(context, request))
    stored = _Stored(group_id=request.group_id, token=token, values=values, answers=answers)
    records = tuple(
        OffsetCommit(group_id=request.group_id, partition=partition, value=value)
        for partition, value in values
    )
    if records:
        context.append(request.group_id, records, stored)
    else:
        stored(context, ErrorCode.NONE)


def offset_values(
    context: Context, offsets: Iterable[OffsetToCommit], expire_timestamp_ms: int = NO_EXPIRY
) -> tuple[tuple[CommittedPartition, ...], tuple[PartitionValue, ...]]:
    """Answers to all partitions, and what is to be kept of those that are accepted (O03)."""
    longest = context.config.offset_metadata_max_bytes
    answers: list[CommittedPartition] = []
    values: list[PartitionValue] = []
    for offset in offsets:
        metadata = offset.metadata or ""
        if metadata and _utf16_units(metadata) > longest:  # O03
            too_large = ErrorCode.OFFSET_METADATA_TOO_LARGE
            answers.append(CommittedPartition(partition=offset.partition, error=too_large))
            continue
        answers.append(CommittedPartition(partition=offset.partition))
        value = OffsetCommitValue(
            offset=offset.offset,
            leader_epoch=offset.leader_epoch,
            metadata=metadata,
            commit_timestamp_ms=context.now,
            expire_timestamp_ms=expire_timestamp_ms,
            topic_id=offset.topic_id,
        )
        values.append((offset.partition, value))
    return tuple(answers), tuple(values)


def _expiry(context: Context, request: OffsetCommitRequest) -> int:
    """Rule P05: an offset has an expiry of its own only where the request says how long to keep."""
    retention_ms = request.retention_time_ms
    return NO_EXPIRY if retention_ms == _NOT_SAID else context.now + retention_ms


def simple_group(context: Context, group_id: str) -> ClassicGroup:
    """Rule O01: a group that only keeps offsets."""
    group = ClassicGroup(group_id=group_id, state_since_ms=context.now)
    context.groups[group_id] = group
    return group


def _unknown_group(request: OffsetCommitRequest) -> ErrorCode:
    if request.version >= _SAYS_GROUP_NOT_FOUND:
        return ErrorCode.GROUP_ID_NOT_FOUND
    return ErrorCode.ILLEGAL_GENERATION


def commit_error(
    group: ClassicGroup, request: OffsetCommitRequest | TxnOffsetCommitRequest
) -> ErrorCode | None:
    """Rule O02. Preparing is accepted: who commits while revoking is in time.

    In a transaction nobody need say who it is, and Completing is accepted too: the producer's
    epoch keeps out whoever comes late (O07).
    """
    if group.state is GroupState.DEAD:
        return ErrorCode.COORDINATOR_NOT_AVAILABLE
    in_transaction = isinstance(request, TxnOffsetCommitRequest)
    outside = request.generation_id < 0
    if outside and group.state is GroupState.EMPTY:
        return None
    named = request.member_id != NO_MEMBER_ID or request.group_instance_id is not None
    if outside and not named:
        return None if in_transaction else ErrorCode.UNKNOWN_MEMBER_ID
    error = member_error(group, request.member_id, request.group_instance_id)
    if error is not None:
        return error
    if request.generation_id != group.generation_id:
        return ErrorCode.ILLEGAL_GENERATION
    if not in_transaction and group.state is GroupState.COMPLETING_REBALANCE:
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
    return len(text) if text.isascii() else len(text) + sum(ord(each) > 0xFFFF for each in text)


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """Goes on when the offsets are durable, or could not be written."""

    group_id: str
    token: Token
    values: tuple[PartitionValue, ...]
    answers: tuple[CommittedPartition, ...]

    def __call__(self, context: Context, error: ErrorCode) -> None:
        answers = self.answers
        if error is ErrorCode.NONE:
            keep_offsets(context, self.group_id, self.values)
            transactions = context.transactions
            if self.group_id in transactions.group_ids:
                # What a transaction holds by now stands before it in the log (O07).
                for partition, _ in self.values:
                    transactions.overtake(self.group_id, partition, transactions.written)
        else:
            answers = with_error(answers, self.values, client_error(error))
        context.reply(self.token, OffsetCommitResponse(partitions=answers))


def with_error(
    answers: tuple[CommittedPartition, ...], values: tuple[PartitionValue, ...], error: ErrorCode
) -> tuple[CommittedPartition, ...]:
    """The answers to a commit whose accepted partitions could not be written."""
    failed = {partition for partition, _ in values}
    return tuple(
        CommittedPartition(partition=answer.partition, error=error)
        if answer.partition in failed
        else answer
        for answer in answers
    )


def keep_offsets(context: Context, group_id: str, values: tuple[PartitionValue, ...]) -> None:
    """They are written, and count from now on."""
    if not values:
        return  # an entry without offsets would outlive its group
    if group_id not in context.groups:
        # Deleted meanwhile (A03): in the log the offsets stand behind its tombstones.
        simple_group(context, group_id)
    context.offsets.setdefault(group_id, {}).update(values)


def fetch(context: Context, token: Token, request: OffsetFetchRequest) -> None:
    """Handle an OffsetFetch of one group: what was never committed is -1 (O04).

    Who wants stable offsets is told which may change with a transaction that is open (O07).
    """
    committed = context.offsets.get(request.group_id, {})
    asked = sorted(committed) if request.partitions is None else request.partitions
    unstable = context.transactions.partitions(request.group_id) if request.require_stable else ()
    offsets = tuple(
        FetchedOffset(partition=partition, error=ErrorCode.UNSTABLE_OFFSET_COMMIT)
        if partition in unstable
        else _fetched(partition, committed.get(partition))
        for partition in asked
    )
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
