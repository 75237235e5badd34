"""SyncGroup: key 14, versions 0 to 5. The rules are the coordinator's (S01 to S05)."""

from __future__ import annotations

from rebalance.broker.call import Call
from rebalance.broker.state import BrokerState
from rebalance.broker.wire.codec import Message
from rebalance.protocol.requests import SyncGroupAssignment, SyncGroupRequest
from rebalance.protocol.responses import SyncGroupResponse

KEY, OLDEST, NEWEST = 14, 0, 5


async def handle(state: BrokerState, call: Call) -> Message:
    """Ask the coordinator; a follower's answer waits for the leader."""
    body = call.body
    response = await state.groups.ask(
        SyncGroupRequest(
            group_id=body["group_id"],
            generation_id=body["generation_id"],
            member_id=body["member_id"],
            group_instance_id=body.get("group_instance_id"),
            protocol_type=body.get("protocol_type"),
            protocol_name=body.get("protocol_name"),
            assignments=tuple(
                SyncGroupAssignment(member_id=given["member_id"], assignment=given["assignment"])
                for given in body["assignments"]
            ),
            version=call.version,
        )
    )
    assert isinstance(response, SyncGroupResponse)
    return {
        "error_code": response.error,
        "protocol_type": response.protocol_type,
        "protocol_name": response.protocol_name,
        "assignment": response.assignment,
    }
