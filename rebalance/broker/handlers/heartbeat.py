"""Heartbeat: key 12, versions 0 to 4. The rules are the coordinator's (H01, H02)."""

from __future__ import annotations

from rebalance.broker.call import Call
from rebalance.broker.state import BrokerState
from rebalance.broker.wire.codec import Message
from rebalance.protocol.requests import HeartbeatRequest
from rebalance.protocol.responses import HeartbeatResponse

KEY, OLDEST, NEWEST = 12, 0, 4


async def handle(state: BrokerState, call: Call) -> Message:
    """Ask the coordinator."""
    response = await state.groups.ask(
        HeartbeatRequest(
            group_id=call.body["group_id"],
            generation_id=call.body["generation_id"],
            member_id=call.body["member_id"],
            group_instance_id=call.body.get("group_instance_id"),
        )
    )
    assert isinstance(response, HeartbeatResponse)
    return {"error_code": response.error}
