"""Giving partitions up in order: take the positions, commit them, call on_partitions_revoked (M01).

Rules kept: the member owns what it gives up until the listener is done; the user's own commits are
waited for (holding.py); a commit that fails, or that takes longer than half the rebalance timeout,
does not stop the revocation. Some clients call the listener first and commit then
(`ClientProfile.commits_before_revoke`): nobody else can own anything before the join that follows.
Source: ConsumerCoordinator.onJoinPrepare.
"""

from dataclasses import replace

from assignors.model import PartitionSet
from rebalance.member import commits, holding
from rebalance.member.core import (
    CallbackKind,
    InFlight,
    MemberCore,
    Release,
    RequestKind,
)
from rebalance.member.events import PositionsTaken, Revoke, TakePositions
from rebalance.member.membership import abandon_release, forget_coordinator
from rebalance.protocol.errors import RETRIABLE
from rebalance.protocol.requests import OffsetCommitRequest
from rebalance.protocol.responses import OffsetCommitResponse

KIND = RequestKind.OFFSET_COMMIT


def begin(core: MemberCore, partitions: PartitionSet, *, commit: bool = True) -> None:
    """Start to give up `partitions`, which are owned and not empty."""
    core.release = Release(partitions=partitions, token=core.new_token())
    if not core.generation.joined:
        revoke(core)
        return
    holding.begin(core)
    if commit and core.config.enable_auto_commit:
        core.emit(TakePositions(token=core.release.token, partitions=partitions))
    else:
        core.release = replace(core.release, offsets={})


def step(core: MemberCore) -> bool:
    """Revoke once nothing is to be committed any more; True if it was done."""
    release = core.release
    if release is None or release.offsets is None:
        return False
    if release.revoked:
        if release.offsets:
            return False
        abandon_release(core)
        return True
    if (release.offsets and _commits_first(core)) or holding.waits(core):
        return False
    revoke(core)
    return True


def _commits_first(core: MemberCore) -> bool:
    return core.config.profile.commits_before_revoke


def positions_taken(core: MemberCore, event: PositionsTaken) -> None:
    """Now they can be committed; what is not being given up is not committed here."""
    release = core.release
    if release is None or release.offsets is not None or release.token != event.token:
        return
    offsets = {
        partition: offset
        for partition, offset in event.offsets.items()
        if partition in release.partitions and offset >= 0
    }
    core.release = replace(release, offsets=offsets)


def pursue(core: MemberCore) -> None:
    """Send the commit, after those of the user and after any pause."""
    release = core.release
    if release is None or not release.offsets or core.callback is not None:
        return
    if not (release.revoked or _commits_first(core)):
        return
    busy = KIND in core.requests or core.commits or core.backing_off(KIND)
    if not busy and core.coordinator is not None:
        core.send(KIND, commits.request(core, release.offsets))


def answered(core: MemberCore, sent: InFlight, response: OffsetCommitResponse) -> None:
    """Try again what may succeed, then revoke."""
    errors = commits.errors_of(sent, response)
    commits.heed(core, sent, errors)
    if core.release is None:  # the answer took the generation away
        return
    assert isinstance(sent.request, OffsetCommitRequest)
    again = {
        each.partition: each.offset
        for each in sent.request.offsets
        if errors[each.partition] in RETRIABLE
    }
    core.release = replace(core.release, offsets=again)
    if again:
        core.back_off(KIND)


def unanswered(core: MemberCore, sent: InFlight) -> None:
    """Try again at the coordinator that will be found."""
    forget_coordinator(core)
    if core.release is not None:
        core.back_off(KIND)


def timed_out(core: MemberCore) -> None:
    """The group waits for this member: go on without the commits."""
    holding.over(core)
    if core.release is None:
        return
    if core.release.revoked:
        abandon_release(core)
    elif core.callback is None:
        revoke(core)


def listener_done(core: MemberCore) -> None:
    """What is committed after the listener was called can go out now."""
    if core.release is not None:
        holding.resume(core)


def revoke(core: MemberCore) -> None:
    """Call the listener; what it was given is owned until it is done."""
    release = core.release
    assert release is not None
    partitions = release.partitions
    holding.pause(core)
    if release.offsets and not _commits_first(core):
        core.release = replace(release, revoked=True)
    else:
        abandon_release(core)
    core.emit(Revoke(token=core.call(CallbackKind.REVOKE, partitions), partitions=partitions))
