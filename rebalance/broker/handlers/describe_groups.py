"""DescribeGroups: key 15, versions 0 to 6.

Shows the coordinator's snapshot of a group. While a rebalance is on, Kafka shows no protocol and no
metadata, but every member's last assignment (A01); an unknown group is "Dead" without an error
until version 6 gives one (A10). A group that another node coordinates, or that is being loaded, has
that as its error (P04).
"""

from __future__ import annotations

from rebalance.broker.call import Call
from rebalance.broker.state import BrokerState
from rebalance.broker.wire.codec import Message
from rebalance.coordinator import GroupSnapshot
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.states import GroupState

KEY, OLDEST, NEWEST = 15, 0, 6

_FIRST_WITH_ERROR = 6
_OPERATIONS = 3400
"""Read, delete, describe, describe and alter configs (A09)."""
_OMITTED = -(2**31)
_NOTHING = {"group_state": "", "authorized_operations": _OMITTED}


async def handle(state: BrokerState, call: Call) -> Message:
    """Describe each group."""
    operations = _OPERATIONS if call.body.get("include_authorized_operations") else _OMITTED
    groups = []
    for group_id in call.body["groups"]:
        code = state.groups.availability(group_id)
        group = state.groups.group(group_id)
        if code is not ErrorCode.NONE:
            groups.append({"group_id": group_id, "error_code": code, **_NOTHING})
        elif group is None:
            groups.append(_unknown(call, group_id, operations))
        else:
            groups.append({**_known(group), "authorized_operations": operations})
    return {"groups": groups}


def _unknown(call: Call, group_id: str, operations: int) -> Message:
    unknown: Message = {
        "group_id": group_id,
        "group_state": GroupState.DEAD.value,
        "authorized_operations": operations,
    }
    if call.version >= _FIRST_WITH_ERROR:
        unknown["error_code"] = ErrorCode.GROUP_ID_NOT_FOUND
        unknown["error_message"] = f"Group {group_id} not found."
        unknown["authorized_operations"] = _OMITTED  # an error comes without them
    return unknown


def _known(group: GroupSnapshot) -> Message:
    is_stable = group.state is GroupState.STABLE
    return {
        "error_code": ErrorCode.NONE,
        "group_id": group.group_id,
        "group_state": group.state.value,
        "protocol_type": group.protocol_type or "",
        "protocol_data": (group.protocol_name or "") if is_stable else "",
        "members": [
            {
                "member_id": member.member_id,
                "group_instance_id": member.group_instance_id,
                "client_id": member.client_id,
                "client_host": member.client_host,
                "member_metadata": member.metadata if is_stable else b"",
                "member_assignment": member.assignment,
            }
            for member in group.members
        ],
    }
