"""FindCoordinator: key 10, versions 0 to 6.

Whatever the group, this broker is its coordinator. The empty key is legal, an unknown type is not,
and success says "NONE" up to version 3 and "" in the batches of version 4 (A05, A07).
"""

from __future__ import annotations

from rebalance.broker.codec import Message
from rebalance.broker.state import BrokerState, Call
from rebalance.broker.topics import TopicError
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 10, 0, 6

_GROUP, _TRANSACTION = 0, 1


async def handle(state: BrokerState, call: Call) -> Message:
    """Point every key at this broker. Who looks for a group's coordinator gets its topic made."""
    is_ready = True
    if call.body.get("key_type", _GROUP) == _GROUP:
        is_ready = _prepare(state)
    if call.version < 4:
        return _coordinator(state, call, call.body["key"], is_ready=is_ready)
    keys = call.body["coordinator_keys"]
    return {"coordinators": [_coordinator(state, call, key, is_ready=is_ready) for key in keys]}


def _prepare(state: BrokerState) -> bool:
    """False where the topic cannot be made: the client asks again."""
    try:
        state.groups.prepare()
    except TopicError:
        return False
    return True


def _coordinator(state: BrokerState, call: Call, key: str, *, is_ready: bool) -> Message:
    if call.body.get("key_type", _GROUP) not in (_GROUP, _TRANSACTION):
        words = "This coordinator type is not served."
        return _nowhere(key, ErrorCode.INVALID_REQUEST, words)
    if not is_ready:
        return _nowhere(key, ErrorCode.COORDINATOR_NOT_AVAILABLE, "The coordinator is not ready.")
    return {
        "key": key,
        "node_id": state.config.node_id,
        "host": call.host,
        "port": call.port,
        "error_code": ErrorCode.NONE,
        "error_message": "NONE" if call.version < 4 else "",
    }


def _nowhere(key: str, code: ErrorCode, words: str) -> Message:
    return {
        "key": key,
        "node_id": -1,
        "host": "",
        "port": -1,
        "error_code": code,
        "error_message": words,
    }
