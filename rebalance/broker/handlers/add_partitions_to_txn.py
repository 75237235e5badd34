"""AddPartitionsToTxn: key 24, versions 0 to 5.

Transactions are of offsets alone here. A producer that would write records in one must learn that
it cannot as soon as it tries: TRANSACTIONAL_ID_AUTHORIZATION_FAILED is the one code that Java,
librdkafka and aiokafka all take as final.
Source: `TransactionManager.AddPartitionsToTxnHandler`, `rd_kafka_txn_handle_AddPartitionsToTxn`.
"""

from __future__ import annotations

from rebalance.broker.call import Call
from rebalance.broker.state import BrokerState
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 24, 0, 5

_FIRST_WITH_BATCHES = 4


async def handle(state: BrokerState, call: Call) -> Message:
    """Refuse every partition."""
    if call.version < _FIRST_WITH_BATCHES:
        code = _code(state, call.body["v3_and_below_transactional_id"])
        return {"results_by_topic_v3_and_below": _refused(call.body["v3_and_below_topics"], code)}
    return {
        "results_by_transaction": [
            {
                "transactional_id": transaction["transactional_id"],
                "topic_results": _refused(
                    transaction["topics"], _code(state, transaction["transactional_id"])
                ),
            }
            for transaction in call.body["transactions"]
        ]
    }


def _code(state: BrokerState, transactional_id: str) -> ErrorCode:
    if not state.coordinates_transactions_of(transactional_id):
        return ErrorCode.NOT_COORDINATOR
    return ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED


def _refused(topics: list[Message], code: ErrorCode) -> list[Message]:
    return [
        {
            "name": topic["name"],
            "results_by_partition": [
                {"partition_index": partition, "partition_error_code": code}
                for partition in topic["partitions"]
            ],
        }
        for topic in topics
    ]
