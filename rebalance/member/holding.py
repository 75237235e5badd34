"""How long a revocation, a join or a leave waits for commits that were asked for before (M01).

Rules kept: what the user committed while the member was in its generation goes out before others
may own the partitions; only what was asked for before is waited for, so that a member that goes on
committing does not hold the group up; before and after the listener together it takes half of the
rebalance timeout at most, the listener's own time not counted.
Source: ConsumerCoordinator.close (pendingAsyncCommits). Java sends each commit as it is asked for,
so none can be overtaken by a JoinGroup; here those that wait behind another one could be.
"""

from dataclasses import replace

from rebalance.member.core import COMMITS_HOLD_UP, Hold, MemberCore, RequestKind
from rebalance.protocol.timers import TimerKind


def begin(core: MemberCore) -> None:
    """Wait from now on, for what was asked for until now."""
    _run(core, core.config.release_timeout_ms)


def waits(core: MemberCore) -> bool:
    """True while the next step must wait; the first call begins it."""
    if not (core.generation.joined and _on_their_way(core, core.commits_asked)):
        return False
    if core.hold is None:
        begin(core)
    elif core.hold.left_ms and _deadline(core) is None:
        _run(core, core.hold.left_ms)
    assert core.hold is not None
    return _deadline(core) is not None and _on_their_way(core, core.hold.until)


def pause(core: MemberCore) -> None:
    """The listener is called: what it commits is waited for when it is done, with the time left."""
    deadline = _deadline(core)
    if core.hold is not None and deadline is not None:
        core.hold = replace(core.hold, left_ms=max(0, deadline - core.now))
        _stop_timer(core)


def resume(core: MemberCore) -> None:
    """The listener is done, and a commit is still to go out: it has the time that is left."""
    if core.hold is not None and _deadline(core) is None:
        core.arm(TimerKind.REQUEST, core.hold.left_ms, COMMITS_HOLD_UP)


def over(core: MemberCore) -> None:
    """The time is over: the group goes on without those commits."""
    if core.hold is not None:
        core.hold = replace(core.hold, left_ms=0)


def end(core: MemberCore) -> None:
    """Nothing more to wait for: the member joins again or is out."""
    core.hold = None
    _stop_timer(core)


def _on_their_way(core: MemberCore, until: int) -> bool:
    """True while a commit up to this number is unanswered; they end in the order of asking."""
    sent = core.requests.get(RequestKind.OFFSET_COMMIT)
    if sent is not None and sent.commits:
        return sent.commits[0].number <= until
    return bool(core.commits) and core.commits[0].number <= until


def _run(core: MemberCore, left_ms: int) -> None:
    core.hold = Hold(until=core.commits_asked, left_ms=left_ms)
    core.arm(TimerKind.REQUEST, left_ms, COMMITS_HOLD_UP)


def _deadline(core: MemberCore) -> int | None:
    return core.timers.deadline(core.key(TimerKind.REQUEST, COMMITS_HOLD_UP))


def _stop_timer(core: MemberCore) -> None:
    core.timers.cancel(core.key(TimerKind.REQUEST, COMMITS_HOLD_UP))
