"""InitProducerId: key 22, versions 0 to 5.

Gives an idempotent producer its id; a transactional id keeps its producer id and gets the next
epoch, so that an older producer of that name is fenced. Transactions themselves are not served.
"""

from __future__ import annotations

from rebalance.broker.codec import Message
from rebalance.broker.state import BrokerState, Call
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 22, 0, 5

_LAST_EPOCH = 2**15 - 2
_FIRST_WITH_FENCED = 4


async def handle(state: BrokerState, call: Call) -> Message:
    """Hand out a producer id and epoch."""
    transactional_id = call.body["transactional_id"]
    asked = (call.body.get("producer_id", -1), call.body.get("producer_epoch", -1))
    if (asked[0] == -1) != (asked[1] == -1):
        return _refused(ErrorCode.INVALID_REQUEST)
    if transactional_id is None:
        return _granted(_new_id(state), 0)
    if transactional_id == "":
        return _refused(ErrorCode.INVALID_REQUEST)
    if not 0 < call.body["transaction_timeout"] <= state.config.transaction_max_timeout_ms:
        return _refused(ErrorCode.INVALID_TRANSACTION_TIMEOUT)
    held = state.transactional_ids.get(transactional_id)
    if held is not None and asked[0] != -1 and asked != held:
        # Old clients know no PRODUCER_FENCED.
        fenced = call.version >= _FIRST_WITH_FENCED
        return _refused(ErrorCode.PRODUCER_FENCED if fenced else ErrorCode.INVALID_PRODUCER_EPOCH)
    if held is None or held[1] >= _LAST_EPOCH:
        granted = (_new_id(state), 0)
    else:
        granted = (held[0], held[1] + 1)
    state.transactional_ids[transactional_id] = granted
    return _granted(*granted)


def _new_id(state: BrokerState) -> int:
    producer_id = state.next_producer_id
    state.next_producer_id += 1
    return producer_id


def _granted(producer_id: int, epoch: int) -> Message:
    return {"error_code": ErrorCode.NONE, "producer_id": producer_id, "producer_epoch": epoch}


def _refused(code: ErrorCode) -> Message:
    return {"error_code": code, "producer_id": -1, "producer_epoch": -1}
