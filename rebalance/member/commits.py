"""Offset commits: the user's, one after the other, and what every commit's answer means.

Rules kept: commits go out in the order in which they were asked for, one at a time, so that an
offset never goes back; a partition that is not owned, or was given up since the commit was asked
for, is refused here (ILLEGAL_GENERATION) and never
sent: its owner's offset would be overwritten; between the JoinGroup and the answer to SyncGroup
nothing is sent (REBALANCE_IN_PROGRESS), as the broker would refuse it (O02).
A user's commit is tried once; to try again is the user's decision.
Source: ConsumerCoordinator.sendOffsetCommitRequest, OffsetCommitResponseHandler.
"""

from collections.abc import Mapping

from assignors.model import TopicPartition
from rebalance.member import reasons
from rebalance.member.core import QUEUED_COMMIT, InFlight, MemberCore, QueuedCommit, RequestKind
from rebalance.member.errors import MemberUsageError
from rebalance.member.events import CommitFinished, CommitOffsets
from rebalance.member.heartbeat import SETTLED
from rebalance.member.membership import (
    BETWEEN_JOIN_AND_SYNC,
    fail,
    forget_coordinator,
    lose_generation,
)
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import OffsetCommitRequest, OffsetToCommit
from rebalance.protocol.responses import OffsetCommitResponse
from rebalance.protocol.timers import TimerKind

KIND = RequestKind.OFFSET_COMMIT
Offsets = Mapping[TopicPartition, int]

_MOVED = frozenset(
    {
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.NOT_COORDINATOR,
        ErrorCode.REQUEST_TIMED_OUT,
    }
)


def ask(core: MemberCore, event: CommitOffsets) -> None:
    """The user commits."""
    negative = sorted(partition for partition, offset in event.offsets.items() if offset < 0)
    if negative:
        raise MemberUsageError(
            f"commit {event.commit_id} has a negative offset for {negative[0]}: "
            "commit the next offset to read"
        )
    deadline = core.now + core.config.request_timeout_ms
    core.commits.append(QueuedCommit(event=event, deadline=deadline))


def pursue(core: MemberCore) -> None:
    """Send or refuse what is queued, in order."""
    while core.commits and KIND not in core.requests:
        queued = core.commits[0]
        event = queued.event
        refused = _refused(core, queued)
        if len(refused) == len(event.offsets):
            _finish(core, refused)
        elif core.coordinator is None:
            if core.now >= queued.deadline:
                error = ErrorCode.COORDINATOR_NOT_AVAILABLE
                _finish(core, dict.fromkeys(event.offsets, error))
                continue
            core.timers.arm(core.key(TimerKind.REQUEST, QUEUED_COMMIT), queued.deadline)
            return
        else:
            core.commits.popleft()
            wanted = {p: offset for p, offset in event.offsets.items() if p not in refused}
            core.send(KIND, request(core, wanted), commit=event)
    if not core.commits:
        core.timers.cancel(core.key(TimerKind.REQUEST, QUEUED_COMMIT))


def request(core: MemberCore, offsets: Offsets) -> OffsetCommitRequest:
    """These offsets, in the name of the current generation."""
    return OffsetCommitRequest(
        group_id=core.config.group_id,
        generation_id=core.generation.generation_id,
        member_id=core.generation.member_id,
        group_instance_id=core.config.group_instance_id,
        offsets=tuple(
            OffsetToCommit(partition=partition, offset=offsets[partition])
            for partition in sorted(offsets)
        ),
    )


def errors_of(sent: InFlight, response: OffsetCommitResponse) -> dict[TopicPartition, ErrorCode]:
    """The error of each partition that was asked for; one that is not answered is an error too."""
    assert isinstance(sent.request, OffsetCommitRequest)
    said = {each.partition: each.error for each in response.partitions}
    missing = ErrorCode.UNKNOWN_SERVER_ERROR
    return {each.partition: said.get(each.partition, missing) for each in sent.request.offsets}


def answered(core: MemberCore, sent: InFlight, response: OffsetCommitResponse) -> None:
    """A user's commit ended."""
    errors = errors_of(sent, response)
    _report(core, sent, {p: error for p, error in errors.items() if error is not ErrorCode.NONE})
    heed(core, sent, errors)


def unanswered(core: MemberCore, sent: InFlight) -> None:
    """A user's commit may or may not have been written."""
    assert isinstance(sent.request, OffsetCommitRequest)
    partitions = [each.partition for each in sent.request.offsets]
    _report(core, sent, dict.fromkeys(partitions, ErrorCode.REQUEST_TIMED_OUT))
    forget_coordinator(core)


def heed(core: MemberCore, sent: InFlight, errors: Mapping[TopicPartition, ErrorCode]) -> None:
    """What an answer says of the group itself; of an old generation it says nothing (M05)."""
    said = set(errors.values())
    if said & _MOVED:
        forget_coordinator(core)
    if sent.generation != core.generation:
        return
    for error in (ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.ILLEGAL_GENERATION):
        if error in said:
            reason = reasons.after_error(KIND.value, error.name)
            keep = error is ErrorCode.ILLEGAL_GENERATION
            lose_generation(core, reason, keep_member_id=keep)
            return
    if ErrorCode.FENCED_INSTANCE_ID in said:
        fail(
            core,
            f"group.instance.id {core.config.group_instance_id!r} was taken over by another "
            "consumer: give every consumer its own",
            code=ErrorCode.FENCED_INSTANCE_ID,
        )
    elif ErrorCode.REBALANCE_IN_PROGRESS in said and core.state in SETTLED:
        core.request_rejoin(reasons.COMMIT_MET_REBALANCE)


def _refused(core: MemberCore, queued: QueuedCommit) -> dict[TopicPartition, ErrorCode]:
    """What need not be sent, because the answer is known."""
    event = queued.event
    if not core.generation.joined:
        return dict.fromkeys(event.offsets, ErrorCode.UNKNOWN_MEMBER_ID)
    if core.state in BETWEEN_JOIN_AND_SYNC:
        return dict.fromkeys(event.offsets, ErrorCode.REBALANCE_IN_PROGRESS)
    may = core.owned - queued.gone
    return {p: ErrorCode.ILLEGAL_GENERATION for p in event.offsets if p not in may}


def _finish(core: MemberCore, refused: Mapping[TopicPartition, ErrorCode]) -> None:
    event = core.commits.popleft().event
    core.emit(CommitFinished(commit_id=event.commit_id, refused=refused))


def _report(core: MemberCore, sent: InFlight, refused: Mapping[TopicPartition, ErrorCode]) -> None:
    assert sent.commit is not None
    assert isinstance(sent.request, OffsetCommitRequest)
    asked = {each.partition for each in sent.request.offsets}
    not_sent = {p: ErrorCode.ILLEGAL_GENERATION for p in sent.commit.offsets if p not in asked}
    core.emit(CommitFinished(commit_id=sent.commit.commit_id, refused={**not_sent, **refused}))
