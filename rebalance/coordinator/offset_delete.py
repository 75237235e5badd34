"""OffsetDelete (A04): offsets of some partitions go, the group stays.

Rule kept: a group with members must be of type "consumer", and keeps what it subscribes to. What
was never committed is deleted without an error.
Source: OffsetMetadataManager.deleteOffsets, ClassicGroup.validateOffsetDelete; KIP-496.
"""

from dataclasses import dataclass

from assignors.model import TopicPartition
from rebalance.coordinator.append_errors import client_error
from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.coordinator.context import Context
from rebalance.coordinator.kept_offsets import forget_offsets, kept_partitions, tombstones
from rebalance.coordinator.subscribed import is_consumer, is_subscribed, subscribed_topics
from rebalance.protocol.effects import Token
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import OffsetDeleteRequest
from rebalance.protocol.responses import CommittedPartition, OffsetDeleteResponse
from rebalance.protocol.states import GroupState


def delete_offsets(context: Context, token: Token, request: OffsetDeleteRequest) -> None:
    """Handle an OffsetDelete: refused as a whole, or each partition on its own."""
    group = context.groups.get(request.group_id)
    error = _refusal(group, request)
    if error is not None or group is None:
        error = error or ErrorCode.GROUP_ID_NOT_FOUND
        context.reply(token, OffsetDeleteResponse(error=error))
        return
    topics = subscribed_topics(group)
    kept = kept_partitions(context, group.group_id)
    answers: list[CommittedPartition] = []
    gone: list[TopicPartition] = []
    for partition in request.partitions:
        subscribed = is_subscribed(group, topics, partition.topic)
        error = ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC if subscribed else ErrorCode.NONE
        answers.append(CommittedPartition(partition=partition, error=error))
        if not subscribed and partition in kept:
            gone.append(partition)
    stored = _Stored(
        group_id=group.group_id,
        token=token,
        gone=tuple(gone),
        response=OffsetDeleteResponse(partitions=tuple(answers)),
    )
    if gone:
        context.append(group.group_id, tombstones(group.group_id, gone), stored)
    else:
        stored(context, ErrorCode.NONE)


def _refusal(group: ClassicGroup | None, request: OffsetDeleteRequest) -> ErrorCode | None:
    if not request.group_id:
        return ErrorCode.INVALID_GROUP_ID
    if group is None or group.state is GroupState.DEAD:
        return ErrorCode.GROUP_ID_NOT_FOUND
    if group.state is not GroupState.EMPTY and not is_consumer(group):
        return ErrorCode.NON_EMPTY_GROUP
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """Goes on when the tombstones are written, or could not be."""

    group_id: str
    token: Token
    gone: tuple[TopicPartition, ...]
    response: OffsetDeleteResponse

    def __call__(self, context: Context, error: ErrorCode) -> None:
        if error is ErrorCode.NONE:
            forget_offsets(context, self.group_id, self.gone)
            context.reply(self.token, self.response)
        else:
            context.reply(self.token, OffsetDeleteResponse(error=client_error(error)))
