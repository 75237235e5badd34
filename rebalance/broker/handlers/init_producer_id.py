"""InitProducerId: key 22, versions 0 to 5.

Gives an idempotent producer its id. Transactions are not served, and whoever brings a transactional
id must learn it here, at once: TRANSACTIONAL_ID_AUTHORIZATION_FAILED is the one code that Java,
librdkafka and aiokafka all take as final. librdkafka would ask again for ever after
UNSUPPORTED_VERSION, and a producer that got an id would fail late, in the middle of its work.
Source: `TransactionManager.InitProducerIdHandler`, `rd_kafka_idemp_check_error`, `InitPIDHandler`.
"""

from __future__ import annotations

from rebalance.broker.codec import Message
from rebalance.broker.state import BrokerState, Call
from rebalance.broker.topics import TopicError
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 22, 0, 5


async def handle(state: BrokerState, call: Call) -> Message:
    """Hand out a producer id and epoch."""
    if call.body["transactional_id"] is not None:
        # Also before Kafka's other checks: there, too, nobody without the right gets further.
        return _refused(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
    asked = (call.body.get("producer_id", -1), call.body.get("producer_epoch", -1))
    if (asked[0] == -1) != (asked[1] == -1):
        return _refused(ErrorCode.INVALID_REQUEST)
    try:
        return _granted(state.topics.next_producer_id(), 0)
    except TopicError:
        # What Kafka says while it cannot have a block of ids: ask again.
        return _refused(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)


def _granted(producer_id: int, epoch: int) -> Message:
    return {"error_code": ErrorCode.NONE, "producer_id": producer_id, "producer_epoch": epoch}


def _refused(code: ErrorCode) -> Message:
    return {"error_code": code, "producer_id": -1, "producer_epoch": -1}
