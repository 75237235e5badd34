"""Checks that several requests share: is this member one of the group (J06)?

Source: ClassicGroup.validateMember.
"""

from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.protocol.errors import ErrorCode


def member_error(
    group: ClassicGroup, member_id: str, group_instance_id: str | None
) -> ErrorCode | None:
    """Rule J06: the error for a member that names itself like this, or None."""
    if group_instance_id is not None:
        known = group.static_members.get(group_instance_id)
        if known is None:
            return ErrorCode.UNKNOWN_MEMBER_ID
        if known != member_id:
            return ErrorCode.FENCED_INSTANCE_ID
    if member_id not in group.members:
        return ErrorCode.UNKNOWN_MEMBER_ID
    return None
