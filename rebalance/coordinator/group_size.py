"""group.max.size (J03, KIP-389): how many members one group may have.

Rule kept: while a join phase is on, only who is parked counts, so that newcomers can turn away
members that were there before them; otherwise all members count. Ids that were handed out and not
used (J05) never do. Whoever is turned away is no member any more, and nobody looks whether the join
phase could end without it: it goes on to its timer or the next request.
Source: GroupMetadataManager.acceptJoiningMember.
"""

from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.coordinator.context import Context
from rebalance.coordinator.sessions import end_session
from rebalance.protocol.causes import Cause
from rebalance.protocol.notices import MemberRemoved
from rebalance.protocol.states import GroupState


def has_room(group: ClassicGroup, member_id: str, max_size: int) -> bool:
    """Whether this member may join as the group stands; "" asks for a newcomer."""
    member = group.members.get(member_id)
    match group.state:
        case GroupState.EMPTY | GroupState.DEAD:
            return True
        case GroupState.PREPARING_REBALANCE:
            parked = member is not None and member.awaits_join
            return parked or group.awaiting_join < max_size
        case GroupState.COMPLETING_REBALANCE | GroupState.STABLE:
            return member is not None or len(group.members) < max_size


def turn_away(context: Context, group: ClassicGroup, member_id: str) -> None:
    """Forget a member, or an id that was handed out, for which there is no room."""
    end_session(context, group, member_id)
    if group.remove(member_id) is not None:
        cause = Cause.GROUP_FULL
        context.tell(MemberRemoved(group_id=group.group_id, member_id=member_id, cause=cause))
