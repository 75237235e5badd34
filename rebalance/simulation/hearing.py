"""What a member hears and what becomes of it, as the checkers are told.

Why: where answers are handed to members (in virtual time, and while exploring) the checkers are
told of those that must change something; in virtual time, of the end of a member, too. Rule kept:
an answer that nobody waits for any more, or to what the member no longer is, must change nothing
(M05), and is not told.
"""

from rebalance.member import events
from rebalance.member.classic import ClassicMember
from rebalance.protocol.errors import ErrorCode
from rebalance.simulation.checkers import Fatal, HeartbeatRefused, Membership

__all__ = ["OUT", "failed", "membership", "refused"]

OUT = frozenset(
    {
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.ILLEGAL_GENERATION,
        ErrorCode.FENCED_INSTANCE_ID,
    }
)
"""By these a heartbeat's answer says so."""


def membership(member: ClassicMember) -> Membership:
    """What the member takes itself for."""
    return member.member_id, member.generation_id


def refused(
    member: ClassicMember, lane: str, was: Membership, error: ErrorCode, now: int
) -> HeartbeatRefused:
    """It was told so, as `was`, and is now as it stands; `now` in milliseconds."""
    return HeartbeatRefused(
        t=now,
        group_id=member.config.group_id,
        member=lane,
        error=error,
        was=was,
        now=membership(member),
        state=member.state,
    )


def failed(member: ClassicMember, lane: str, effect: events.Failed, now: int) -> Fatal:
    """It goes on no more; `now` in milliseconds."""
    return Fatal(
        t=now,
        group_id=member.config.group_id,
        member=lane,
        group_instance_id=member.config.group_instance_id,
        code=effect.code,
        cause=effect.cause,
        error=effect.error,
    )
