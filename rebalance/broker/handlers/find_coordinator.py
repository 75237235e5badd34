"""FindCoordinator: key 10, versions 0 to 6.

Whatever the group, this broker is its coordinator. The empty key is legal, an unknown type is not,
and success says "NONE" up to version 3 and "" in the batches of version 4 (A05, A07).
"""

from __future__ import annotations

from rebalance.broker.codec import Message
from rebalance.broker.state import BrokerState, Call
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 10, 0, 6

_GROUP, _TRANSACTION = 0, 1


async def handle(state: BrokerState, call: Call) -> Message:
    """Point every key at this broker. Who looks for a group's coordinator gets its topic made."""
    if call.body.get("key_type", _GROUP) == _GROUP:
        state.groups.prepare()
    if call.version < 4:
        return _coordinator(state, call, call.body["key"])
    keys = call.body["coordinator_keys"]
    return {"coordinators": [_coordinator(state, call, key) for key in keys]}


def _coordinator(state: BrokerState, call: Call, key: str) -> Message:
    if call.body.get("key_type", _GROUP) not in (_GROUP, _TRANSACTION):
        return {
            "key": key,
            "node_id": -1,
            "host": "",
            "port": -1,
            "error_code": ErrorCode.INVALID_REQUEST,
            "error_message": "This coordinator type is not served.",
        }
    return {
        "key": key,
        "node_id": state.config.node_id,
        "host": call.host,
        "port": call.port,
        "error_code": ErrorCode.NONE,
        "error_message": "NONE" if call.version < 4 else "",
    }
