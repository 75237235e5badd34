"""TxnOffsetCommit: key 28, versions 0 to 5. Who may commit what is the coordinator's to say (O07).

What is left for here, in Kafka's order: partitions that do not exist are refused and never reach
it; the producer must be who it says it is, and its transaction must hold the group. Version 5 adds
the group by itself (KIP-890).
"""

from __future__ import annotations

from assignors.model import TopicPartition
from rebalance.broker.codec import Message
from rebalance.broker.state import BrokerState, Call
from rebalance.broker.transactions import Identity, TransactionError
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import OffsetToCommit, TxnOffsetCommitRequest
from rebalance.protocol.responses import TxnOffsetCommitResponse

KEY, OLDEST, NEWEST = 28, 0, 5

_FIRST_THAT_SAYS_ABORT = 4
_FIRST_THAT_ADDS = 5


async def handle(state: BrokerState, call: Call) -> Message:
    """Ask about what exists."""
    offsets = tuple(
        OffsetToCommit(
            partition=TopicPartition(entry["name"], part["partition_index"]),
            offset=part["committed_offset"],
            leader_epoch=part.get("committed_leader_epoch", -1),
            metadata=part["committed_metadata"],
        )
        for entry in call.body["topics"]
        for part in entry["partitions"]
        if _exists(state, entry["name"], part["partition_index"])
    )
    errors = await _errors(state, call, offsets) if offsets else {}
    return {
        "topics": [
            {
                "name": entry["name"],
                "partitions": [
                    {
                        "partition_index": part["partition_index"],
                        "error_code": errors.get(
                            TopicPartition(entry["name"], part["partition_index"]),
                            ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                        ),
                    }
                    for part in entry["partitions"]
                ],
            }
            for entry in call.body["topics"]
            if entry["partitions"]
        ]
    }


def _exists(state: BrokerState, name: str, partition: int) -> bool:
    topic = state.topics.get(name)
    return topic is not None and 0 <= partition < topic.num_partitions


async def _errors(
    state: BrokerState, call: Call, offsets: tuple[OffsetToCommit, ...]
) -> dict[TopicPartition, ErrorCode]:
    body = call.body
    refusal = _verified(state, call)
    if refusal is not None:
        return {offset.partition: refusal for offset in offsets}
    response = await state.groups.ask(
        TxnOffsetCommitRequest(
            group_id=body["group_id"],
            producer_id=body["producer_id"],
            generation_id=body.get("generation_id", -1),
            member_id=body.get("member_id", ""),
            group_instance_id=body.get("group_instance_id"),
            offsets=offsets,
        )
    )
    assert isinstance(response, TxnOffsetCommitResponse)
    return {answer.partition: answer.error for answer in response.partitions}


def _verified(state: BrokerState, call: Call) -> ErrorCode | None:
    """Whether the group's offsets belong to the producer's transaction."""
    body = call.body
    if not body["group_id"]:
        return ErrorCode.INVALID_GROUP_ID
    claimed = Identity(producer_id=body["producer_id"], epoch=body["producer_epoch"])
    name, group_id = body["transactional_id"], body["group_id"]
    try:
        if call.version >= _FIRST_THAT_ADDS:
            state.transactions.add_group(name, claimed, group_id)
        elif not state.transactions.has_group(name, claimed, group_id):
            says_abort = call.version >= _FIRST_THAT_SAYS_ABORT
            return ErrorCode.TRANSACTION_ABORTABLE if says_abort else ErrorCode.INVALID_TXN_STATE
    except TransactionError as error:
        fenced = error.code is ErrorCode.PRODUCER_FENCED
        return ErrorCode.INVALID_PRODUCER_EPOCH if fenced else error.code
    return None
