"""JoinGroup: key 11, versions 0 to 9. The rules are the coordinator's (J01 to J22).

What is left for here: version 0 has no rebalance timeout (G05 reads the -1), and below version 7 a
null protocol name goes out as "" (J16), which the codec does where a version cannot say null.
"""

from __future__ import annotations

from rebalance.broker.call import Call
from rebalance.broker.state import BrokerState
from rebalance.broker.wire.codec import Message
from rebalance.protocol.requests import GroupProtocol, JoinGroupRequest
from rebalance.protocol.responses import JoinGroupResponse

KEY, OLDEST, NEWEST = 11, 0, 9


async def handle(state: BrokerState, call: Call) -> Message:
    """Ask the coordinator; the answer may wait for the other members."""
    body = call.body
    response = await state.groups.ask(
        JoinGroupRequest(
            group_id=body["group_id"],
            session_timeout_ms=body["session_timeout"],
            rebalance_timeout_ms=body.get("rebalance_timeout", -1),
            member_id=body["member_id"],
            group_instance_id=body.get("group_instance_id"),
            protocol_type=body["protocol_type"],
            protocols=tuple(
                GroupProtocol(name=offered["name"], metadata=offered["metadata"])
                for offered in body["protocols"]
            ),
            reason=body.get("reason"),
            version=call.version,
            client_id=call.client_id,
            client_host=call.client_host,
        )
    )
    assert isinstance(response, JoinGroupResponse)
    return {
        "error_code": response.error,
        "generation_id": response.generation_id,
        "protocol_type": response.protocol_type,
        # From version 7 on a name of no letters is none; before, none is no letters (J16).
        "protocol_name": response.protocol_name or None,
        "leader": response.leader,
        "skip_assignment": response.skip_assignment,
        "member_id": response.member_id,
        "members": [
            {
                "member_id": member.member_id,
                "group_instance_id": member.group_instance_id,
                "metadata": member.metadata,
            }
            for member in response.members
        ],
    }
