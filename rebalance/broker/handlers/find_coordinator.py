"""FindCoordinator: key 10, versions 0 to 6.

Any node says who coordinates what. The empty key is legal, an unknown type is not, and success says
"NONE" up to version 3 and "" in the batches of version 4 (A05, A07). Who looks for a group's
coordinator has `__consumer_offsets` made, and may have to ask again (A06).
"""

from __future__ import annotations

from enum import IntEnum

from rebalance.broker.call import Call
from rebalance.broker.state import BrokerState
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 10, 0, 6

_INVALID_REQUEST = (
    "This most likely occurs because of a request being malformed by the client library or the "
    "message was sent to an incompatible broker. See the broker logs for more details."
)
"""What the protocol's table of errors says beside this one; Kafka sends it as it stands there."""


class _KeyType(IntEnum):
    """What a key names."""

    GROUP = 0
    TRANSACTION = 1
    SHARE = 2


async def handle(state: BrokerState, call: Call) -> Message:
    """Point every key at its node."""
    is_ready = call.body.get("key_type", _KeyType.GROUP) != _KeyType.GROUP or _prepare(state)
    if call.version < 4:
        return _coordinator(state, call, call.body["key"], is_ready=is_ready)
    keys = call.body["coordinator_keys"]
    return {"coordinators": [_coordinator(state, call, key, is_ready=is_ready) for key in keys]}


def _prepare(state: BrokerState) -> bool:
    """See that there is a topic; False where this answer does not know it yet."""
    coordinators = state.cluster.coordinators
    was_ready = coordinators.is_ready
    return coordinators.prepare() and (was_ready or coordinators.at_once)


def _coordinator(state: BrokerState, call: Call, key: str, *, is_ready: bool) -> Message:
    key_type = call.body.get("key_type", _KeyType.GROUP)
    match key_type:
        case _KeyType.GROUP:
            found = state.cluster.coordinators.node_of(key) if is_ready else None
        case _KeyType.TRANSACTION:
            found = state.leadership.transaction_coordinator(key)
        case _:
            is_share = key_type == _KeyType.SHARE and call.version >= 4
            words = "" if is_share else _INVALID_REQUEST
            return _nowhere(key, ErrorCode.INVALID_REQUEST, words)
    if found is None:
        words = "The coordinator is not available." if call.version < 4 else ""
        return _nowhere(key, ErrorCode.COORDINATOR_NOT_AVAILABLE, words)
    endpoint = state.endpoint(found, call)
    return {
        "key": key,
        "node_id": endpoint.node_id,
        "host": endpoint.host,
        "port": endpoint.port,
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
