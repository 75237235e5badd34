"""InitProducerId: key 22, versions 0 to 5.

Gives an idempotent producer its id, and a transactional one its next epoch (transactions.py). Who
then writes records in a transaction is told at once that it may not: see add_partitions_to_txn.py.
"""

from __future__ import annotations

from rebalance.broker.call import Call
from rebalance.broker.state import BrokerState
from rebalance.broker.topics.topics import TopicError
from rebalance.broker.transactions.transactions import Identity, TransactionError
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 22, 0, 5

_FIRST_WITH_FENCED = 4


async def handle(state: BrokerState, call: Call) -> Message:
    """Hand out a producer id and epoch."""
    body = call.body
    claimed = Identity(
        producer_id=body.get("producer_id", -1), epoch=body.get("producer_epoch", -1)
    )
    if (claimed.producer_id == -1) != (claimed.epoch == -1):
        return _refused(ErrorCode.INVALID_REQUEST)
    name = body["transactional_id"]
    try:
        if name is None:
            return _granted(state.topics.next_producer_id(), 0)
        if not state.coordinates_transactions_of(name):
            return _refused(ErrorCode.NOT_COORDINATOR)
        identity = state.transactions.begin(name, body["transaction_timeout"], claimed)
    except TopicError:
        # What Kafka says while it cannot have a block of ids: ask again.
        return _refused(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
    except TransactionError as error:
        fenced = error.code is ErrorCode.PRODUCER_FENCED and call.version < _FIRST_WITH_FENCED
        return _refused(ErrorCode.INVALID_PRODUCER_EPOCH if fenced else error.code)
    return _granted(identity.producer_id, identity.epoch)


def _granted(producer_id: int, epoch: int) -> Message:
    return {"error_code": ErrorCode.NONE, "producer_id": producer_id, "producer_epoch": epoch}


def _refused(code: ErrorCode) -> Message:
    return {"error_code": code, "producer_id": -1, "producer_epoch": -1}
