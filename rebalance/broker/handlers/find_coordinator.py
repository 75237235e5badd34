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

_GROUP, _TRANSACTION, _SHARE = 0, 1, 2
_INVALID_REQUEST = (
    "This most likely occurs because of a request being malformed by the client library or the "
    "message was sent to an incompatible broker. See the broker logs for more details."
)
"""What the protocol's table of errors says beside this one; Kafka sends it as it stands there."""


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
        is_share = call.body["key_type"] == _SHARE and call.version >= 4
        words = "" if is_share else _INVALID_REQUEST
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
