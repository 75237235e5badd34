"""Offsets that a producer commits in a transaction (O07).

Rule kept: they are written at once, as part of the producer's transaction, and kept aside; its end
is a marker in the log of their partition, and only then do they count or are forgotten. So they
survive a coordinator: who reads the log finds what is open, and what became of the rest.
Source: OffsetMetadataManager.commitTransactionalOffset, replayEndTransactionMarker; KIP-447.
"""

from dataclasses import dataclass

from rebalance.coordinator.append_errors import client_error
from rebalance.coordinator.context import Context
from rebalance.coordinator.offsets import (
    PartitionValue,
    commit_error,
    keep_offsets,
    offset_values,
    simple_group,
    with_error,
)
from rebalance.protocol.effects import Token, TransactionEnded
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.records import OffsetCommit, Producer
from rebalance.protocol.requests import TxnOffsetCommitRequest
from rebalance.protocol.responses import (
    CommittedPartition,
    TransactionCompleted,
    TxnOffsetCommitResponse,
)

_SAYS_GROUP_NOT_FOUND = 6
"""First version of TxnOffsetCommit that answers GROUP_ID_NOT_FOUND."""


def commit_in_transaction(context: Context, token: Token, request: TxnOffsetCommitRequest) -> None:
    """Handle a TxnOffsetCommit: refused as a whole, or kept aside and answered."""
    group = context.groups.get(request.group_id)
    if not request.group_id:
        error: ErrorCode | None = ErrorCode.INVALID_GROUP_ID
    elif group is None:
        error = _unknown_group(request)
    else:
        error = commit_error(group, request)
    if error is not None:
        answers = tuple(
            CommittedPartition(partition=offset.partition, error=error)
            for offset in request.offsets
        )
        context.reply(token, TxnOffsetCommitResponse(partitions=answers))
        return
    if group is None:
        simple_group(context, request.group_id)
    answers, values = offset_values(context, request.offsets)
    kept = _Kept(token=token, request=request, values=values, answers=answers)
    if values:
        records = tuple(
            OffsetCommit(group_id=request.group_id, partition=p, value=v) for p, v in values
        )
        producer = Producer(producer_id=request.producer_id, epoch=request.producer_epoch)
        context.append(request.group_id, records, kept, producer)
    else:
        kept(context, ErrorCode.NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """Goes on when the offsets stand in the log, or could not be written."""

    token: Token
    request: TxnOffsetCommitRequest
    values: tuple[PartitionValue, ...]
    answers: tuple[CommittedPartition, ...]

    def __call__(self, context: Context, error: ErrorCode) -> None:
        group_id, answers = self.request.group_id, self.answers
        if error is ErrorCode.NONE:
            if self.values and group_id not in context.groups:
                simple_group(context, group_id)  # deleted meanwhile (A03)
            context.transactions.add(self.request.producer_id, group_id, dict(self.values))
        else:
            answers = with_error(answers, self.values, client_error(error))
        context.reply(self.token, TxnOffsetCommitResponse(partitions=answers))


def _unknown_group(request: TxnOffsetCommitRequest) -> ErrorCode | None:
    """Whoever names a generation of it is told; who does not, makes a simple group (O01)."""
    if request.generation_id < 0:
        return None
    says_so = request.version >= _SAYS_GROUP_NOT_FOUND
    return ErrorCode.GROUP_ID_NOT_FOUND if says_so else ErrorCode.ILLEGAL_GENERATION


def on_transaction_ended(context: Context, event: TransactionEnded) -> None:
    """Write how it ended; the answer comes when that is written.

    Raises:
        ValueError: there is no such partition.
    """
    partitions = context.ownership.partitions
    if not 0 <= event.partition < partitions:
        raise ValueError(f"__consumer_offsets has no partition {event.partition}, but {partitions}")
    error = context.ownership.partition_error(event.partition)
    if error is not ErrorCode.NONE:
        context.reply(event.token, TransactionCompleted(error=error))
        return
    context.append_marker(event.partition, event.producer, event.committed, _Ended(event=event))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    """Goes on when the end of a transaction is written, or could not be."""

    event: TransactionEnded

    def __call__(self, context: Context, error: ErrorCode) -> None:
        event = self.event
        if error is ErrorCode.NONE:
            producer_id = event.producer.producer_id
            for group_id in context.transactions.groups_of(producer_id):
                if context.ownership.partition_of(group_id) == event.partition:
                    counting = context.transactions.settle(
                        producer_id, group_id, committed=event.committed
                    )
                    keep_offsets(context, group_id, tuple(counting.items()))
        context.reply(event.token, TransactionCompleted(error=error))
