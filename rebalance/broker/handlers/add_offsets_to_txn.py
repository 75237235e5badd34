"""AddOffsetsToTxn: key 25, versions 0 to 4. The rules are those of transactions.py (O07)."""

from __future__ import annotations

from rebalance.broker.call import Call
from rebalance.broker.state import BrokerState
from rebalance.broker.transactions.transactions import Identity, TransactionError
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 25, 0, 4

_FIRST_WITH_FENCED = 2


async def handle(state: BrokerState, call: Call) -> Message:
    """Add a group to the producer's transaction."""
    body = call.body
    if not state.coordinates_transactions_of(body["transactional_id"]):
        return {"error_code": ErrorCode.NOT_COORDINATOR}
    claimed = Identity(producer_id=body["producer_id"], epoch=body["producer_epoch"])
    try:
        state.transactions.add_group(body["transactional_id"], claimed, body["group_id"])
    except TransactionError as error:
        fenced = error.code is ErrorCode.PRODUCER_FENCED and call.version < _FIRST_WITH_FENCED
        return {"error_code": ErrorCode.INVALID_PRODUCER_EPOCH if fenced else error.code}
    return {"error_code": ErrorCode.NONE}
