"""Offset commits: the user's, in order, and what every commit's answer means.

Rules kept: commits go out in the order in which they were asked for, one request at a time, so that
an offset never goes back; those that wait meanwhile go out together, so that a user who commits
faster than the broker answers does not wait longer and longer; a partition that was not owned when
its commit was asked for, or that others may own since, is refused here (ILLEGAL_GENERATION) and
never sent: its owner's offset would be overwritten; between the JoinGroup and the answer to
SyncGroup nothing is sent (REBALANCE_IN_PROGRESS), as the broker would refuse it (O02).
A user's commit is tried once; to try again is the user's decision.
Source: ConsumerCoordinator.sendOffsetCommitRequest, OffsetCommitResponseHandler.
"""

from collections import deque
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
_NOT_OWNED = ErrorCode.ILLEGAL_GENERATION

_MOVED = frozenset(
    {
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.NOT_COORDINATOR,
        ErrorCode.REQUEST_TIMED_OUT,
    }
)


def ask(core: MemberCore, event: CommitOffsets) -> None:
    """The user commits."""
    if min(event.offsets.values(), default=0) < 0:
        first = min(partition for partition, offset in event.offsets.items() if offset < 0)
        raise MemberUsageError(
            f"commit {event.commit_id} has a negative offset for {first}: "
            "commit the next offset to read"
        )
    core.commits_asked += 1
    deadline = core.now + core.config.request_timeout_ms
    may = frozenset(filter(core.owned.__contains__, event.offsets))
    queued = QueuedCommit(event=event, number=core.commits_asked, deadline=deadline, may=may)
    core.commits.append(queued)


def pursue(core: MemberCore) -> bool:
    """Refuse what need not be sent, then send all that waits; True if a commit ended."""
    if KIND in core.requests or not core.commits:
        return False
    ended = False
    while core.commits and (refused := _hopeless(core, core.commits[0])) is not None:
        event = core.commits.popleft().event
        core.emit(CommitFinished(commit_id=event.commit_id, refused=refused))
        ended = True
    timer = core.key(TimerKind.REQUEST, QUEUED_COMMIT)
    if core.commits and core.coordinator is None:
        core.timers.arm(timer, core.commits[0].deadline)
        return ended
    core.timers.cancel(timer)
    if core.commits:
        _send(core)
    return ended


def _send(core: MemberCore) -> None:
    """One request for all: where two speak of a partition, the later one counts."""
    together, core.commits = tuple(core.commits), deque()
    wanted: dict[TopicPartition, int] = {}
    for queued in together:
        wanted |= {p: at for p, at in queued.event.offsets.items() if p in queued.may}
    core.send(KIND, request(core, wanted), commits=together)


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
    """The user's commits ended."""
    errors = errors_of(sent, response)
    _report(core, sent, errors)
    heed(core, sent, errors)


def unanswered(core: MemberCore, sent: InFlight) -> None:
    """The user's commits may or may not have been written."""
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


def _hopeless(core: MemberCore, queued: QueuedCommit) -> dict[TopicPartition, ErrorCode] | None:
    """The answer to a commit of which nothing need be sent, because it is known; else None."""
    offsets = queued.event.offsets
    if not core.generation.joined:
        return dict.fromkeys(offsets, ErrorCode.UNKNOWN_MEMBER_ID)
    if core.state in BETWEEN_JOIN_AND_SYNC:
        return dict.fromkeys(offsets, ErrorCode.REBALANCE_IN_PROGRESS)
    if not queued.may:
        return dict.fromkeys(offsets, _NOT_OWNED)
    if core.coordinator is None and core.now >= queued.deadline:
        return dict.fromkeys(offsets, ErrorCode.COORDINATOR_NOT_AVAILABLE)
    return None


def _report(core: MemberCore, sent: InFlight, errors: Mapping[TopicPartition, ErrorCode]) -> None:
    """Each commit hears of its own partitions; what was not sent for it was not its to commit."""
    none = ErrorCode.NONE
    for queued in sent.commits:
        may = queued.may
        refused = {
            partition: error
            for partition in queued.event.offsets
            if (error := errors[partition] if partition in may else _NOT_OWNED) is not none
        }
        core.emit(CommitFinished(commit_id=queued.event.commit_id, refused=refused))
