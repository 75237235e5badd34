"""EndTxn: key 26, versions 0 to 5. The rules are those of transactions.py (O07)."""

from __future__ import annotations

from rebalance.broker.call import Call
from rebalance.broker.state import BrokerState
from rebalance.broker.topics.topics import TopicError
from rebalance.broker.transactions.transactions import Identity, TransactionError
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 26, 0, 5

_FIRST_WITH_FENCED = 2
_FIRST_WITH_NEW_EPOCH = 5


async def handle(state: BrokerState, call: Call) -> Message:
    """Commit or abort."""
    body = call.body
    bumps = call.version >= _FIRST_WITH_NEW_EPOCH
    if not state.coordinates_transactions_of(body["transactional_id"]):
        return {"error_code": ErrorCode.NOT_COORDINATOR}
    claimed = Identity(producer_id=body["producer_id"], epoch=body["producer_epoch"])
    try:
        identity = state.transactions.end(
            body["transactional_id"], claimed, committed=body["committed"], bumps=bumps
        )
    except TopicError:
        # As with InitProducerId: there is no id to go on with, and nothing is decided.
        return {"error_code": ErrorCode.COORDINATOR_LOAD_IN_PROGRESS}
    except TransactionError as error:
        fenced = error.code is ErrorCode.PRODUCER_FENCED and call.version < _FIRST_WITH_FENCED
        return {"error_code": ErrorCode.INVALID_PRODUCER_EPOCH if fenced else error.code}
    return {
        "error_code": ErrorCode.NONE,
        "producer_id": identity.producer_id,
        "producer_epoch": identity.epoch,
    }
