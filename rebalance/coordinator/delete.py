"""DeleteGroups (A03): empty groups go, and their offsets with them.

Rule kept: a group is gone once its tombstones are written, those of the offsets first (P06).
Until then it is as it was. Somebody who joins in between joins a group that lives on, without the
offsets: in the log, too, whatever it writes stands behind the tombstones.
A pending id does not keep its group, as in Kafka 4.4.0; it is answered UNKNOWN_MEMBER_ID when it
comes back.
Source: GroupCoordinatorShard.deleteGroups, ClassicGroup.validateDeleteGroup,
OffsetMetadataManager.deleteAllOffsets; KafkaApis takes a name that is sent twice once.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from assignors.model import TopicPartition
from rebalance.coordinator.append_errors import client_error
from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.coordinator.context import Context
from rebalance.coordinator.kept_offsets import forget_offsets, kept_partitions, tombstones
from rebalance.coordinator.sessions import end_session
from rebalance.protocol.effects import Token
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.records import GroupMetadata, Record
from rebalance.protocol.requests import DeleteGroupsRequest
from rebalance.protocol.responses import DeletedGroup, DeleteGroupsResponse
from rebalance.protocol.states import GroupState


def delete(context: Context, token: Token, request: DeleteGroupsRequest) -> None:
    """Handle a DeleteGroups: each group on its own, one answer when all are written."""
    batch = _Batch(token=token, results=dict.fromkeys(request.group_ids))
    groups: list[ClassicGroup] = []
    for group_id in batch.results:
        group = context.groups.get(group_id)
        error = _refusal(context, group_id, group)
        if error is None and group is not None:
            groups.append(group)
        else:
            batch.results[group_id] = error
    for group in groups:
        partitions = tuple(sorted(kept_partitions(context, group.group_id)))
        stored = _Stored(
            group=group, partitions=partitions, known=frozenset(group.pending), batch=batch
        )
        records = tombstones_of_group(group.group_id, partitions)
        context.append(group.group_id, records, stored)
    if not groups:
        batch.answer(context)


def _refusal(context: Context, group_id: str, group: ClassicGroup | None) -> ErrorCode | None:
    elsewhere = context.ownership.error(group_id)
    if elsewhere is not ErrorCode.NONE:  # P04, for each group on its own
        return elsewhere
    if group is None or group.state is GroupState.DEAD:
        return ErrorCode.GROUP_ID_NOT_FOUND
    return None if group.state is GroupState.EMPTY else ErrorCode.NON_EMPTY_GROUP


def tombstones_of_group(group_id: str, partitions: Iterable[TopicPartition]) -> tuple[Record, ...]:
    """Rule P06: those of the offsets come first."""
    gone = GroupMetadata(group_id=group_id, value=None)
    return (*tombstones(group_id, partitions), gone)


@dataclass(slots=True, kw_only=True)
class _Batch:
    """The groups of one request and what became of them; None while that is being written."""

    token: Token
    results: dict[str, ErrorCode | None]

    def answer(self, context: Context) -> None:
        """Reply once nothing is open."""
        results = tuple(
            DeletedGroup(group_id=group_id, error=error)
            for group_id, error in self.results.items()
            if error is not None
        )
        if len(results) == len(self.results):
            context.reply(self.token, DeleteGroupsResponse(results=results))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """Goes on when the tombstones are written, or could not be."""

    group: ClassicGroup
    partitions: tuple[TopicPartition, ...]
    known: frozenset[str]
    """The ids that were pending when the deletion was asked for: they go with the group."""
    batch: _Batch

    def __call__(self, context: Context, error: ErrorCode) -> None:
        group = self.group
        self.batch.results[group.group_id] = client_error(error)
        if error is ErrorCode.NONE and group.state is GroupState.DEAD:
            # An earlier deletion was faster. The name may be another group's by now.
            self.batch.results[group.group_id] = ErrorCode.GROUP_ID_NOT_FOUND
        elif error is ErrorCode.NONE:
            forget_offsets(context, group.group_id, self.partitions)
            bury(context, group, self.known)
        self.batch.answer(context)


def bury(context: Context, group: ClassicGroup, known: frozenset[str]) -> None:
    """The tombstones are written; `known` ids were pending then, and go with the group.

    Who was faster, with a new id or as a member, has a group that lives on.
    """
    if group.state is not GroupState.EMPTY or not known.issuperset(group.pending):
        return
    for member_id in tuple(group.pending):
        end_session(context, group, member_id)
        group.remove(member_id)
    context.tell(group.transition(GroupState.DEAD, context.now))
    del context.groups[group.group_id]
