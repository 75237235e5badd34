"""Offsets that a producer commits in a transaction (O07).

Rule kept: they are kept aside until the transaction ends, in memory and nowhere else. Its commit
writes them as any others and then answers; an abort forgets them. Who dies in between has aborted:
what a transaction did not commit was never promised. (Kafka writes them at once, in a batch of the
producer's, and a marker at the end; who reads only what is committed sees the same.)
Source: OffsetMetadataManager.commitTransactionalOffset, replayEndTransactionMarker; KIP-447.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from assignors.model import TopicPartition
from rebalance.coordinator.append_errors import client_error
from rebalance.coordinator.context import Context
from rebalance.coordinator.offsets import (
    PartitionValue,
    commit_error,
    keep_offsets,
    offset_values,
    simple_group,
)
from rebalance.coordinator.open_transactions import Aside
from rebalance.protocol.effects import Token, TransactionEnded
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.records import OffsetCommit
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
    context.transactions.add(request.producer_id, request.group_id, dict(values))
    context.reply(token, TxnOffsetCommitResponse(partitions=answers))


def _unknown_group(request: TxnOffsetCommitRequest) -> ErrorCode | None:
    """Whoever names a generation of it is told; who does not, makes a simple group (O01)."""
    if request.generation_id < 0:
        return None
    says_so = request.version >= _SAYS_GROUP_NOT_FOUND
    return ErrorCode.GROUP_ID_NOT_FOUND if says_so else ErrorCode.ILLEGAL_GENERATION


def on_transaction_ended(context: Context, event: TransactionEnded) -> None:
    """Write what counts from now on, group by group; the answer comes when all of it is written."""
    pending = context.transactions.of_producer(event.producer_id)
    ending = _Ending(token=event.token, open_groups=set(pending))
    for group_id, asides in pending.items():
        counting = asides if event.committed else {}
        _end_in_group(context, ending, event.producer_id, group_id, counting)
    if not pending:
        ending.answer(context)


def _end_in_group(
    context: Context,
    ending: "_Ending",
    producer_id: int,
    group_id: str,
    asides: Mapping[TopicPartition, Aside],
) -> None:
    values = tuple((p, aside.value) for p, aside in asides.items() if aside.value is not None)
    stored = _Stored(
        ending=ending, producer_id=producer_id, group_id=group_id, values=values, asides=asides
    )
    if values:
        records = tuple(OffsetCommit(group_id=group_id, partition=p, value=v) for p, v in values)
        context.append(group_id, records, stored)
    else:
        stored(context, ErrorCode.NONE)


@dataclass(slots=True, kw_only=True)
class _Ending:
    """The groups of one transaction that are being written."""

    token: Token
    open_groups: set[str] = field(default_factory=set)
    error: ErrorCode = ErrorCode.NONE

    def answer(self, context: Context) -> None:
        """Reply once nothing is open."""
        if not self.open_groups:
            context.reply(self.token, TransactionCompleted(error=client_error(self.error)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """Goes on when the offsets of one group are written, or could not be."""

    ending: _Ending
    producer_id: int
    group_id: str
    values: tuple[PartitionValue, ...]
    asides: Mapping[TopicPartition, Aside]

    def __call__(self, context: Context, error: ErrorCode) -> None:
        if error is ErrorCode.NONE:
            keep_offsets(context, self.group_id, self.values)
            for partition, _ in self.values:
                number = self.asides[partition].number
                context.transactions.overtake(self.group_id, partition, number)
            context.transactions.end(self.producer_id, self.group_id)
        else:
            self.ending.error = error
        self.ending.open_groups.discard(self.group_id)
        self.ending.answer(context)
