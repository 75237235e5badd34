"""LeaveGroup: key 13, versions 0 to 5. The rules are the coordinator's (H04, H05, H08).

Below version 3 one member leaves and its error stands at the top; from 3 on it is a batch.
"""

from __future__ import annotations

from rebalance.broker.call import Call
from rebalance.broker.state import BrokerState
from rebalance.broker.wire.codec import Message
from rebalance.protocol.requests import LeaveGroupRequest, LeavingMember
from rebalance.protocol.responses import LeaveGroupResponse

KEY, OLDEST, NEWEST = 13, 0, 5

_FIRST_WITH_BATCH = 3


async def handle(state: BrokerState, call: Call) -> Message:
    """Ask the coordinator."""
    body = call.body
    leaving = body["members"] if call.version >= _FIRST_WITH_BATCH else [body]
    response = await state.groups.ask(
        LeaveGroupRequest(
            group_id=body["group_id"],
            members=tuple(
                LeavingMember(
                    member_id=member["member_id"],
                    group_instance_id=member.get("group_instance_id"),
                    reason=member.get("reason"),
                )
                for member in leaving
            ),
            version=call.version,
        )
    )
    assert isinstance(response, LeaveGroupResponse)
    return {
        "error_code": response.error,
        "members": [
            {
                "member_id": member.member_id,
                "group_instance_id": member.group_instance_id,
                "error_code": member.error,
            }
            for member in response.members
        ],
    }
