"""TxnOffsetCommit: key 28, versions 0 to 6. Who may commit what is the coordinator's to say (O07).

What is left for here, in Kafka's order: partitions that do not exist are refused and never reach
it; the group must be coordinated here, or nothing is added to a transaction by a node that keeps
nothing of it; the producer must be who it says it is, and its transaction must hold the group.
Version 5 adds the group by itself (KIP-890), version 6 names topics by their ids.
"""

from __future__ import annotations

from rebalance.broker.call import Call
from rebalance.broker.groups.offsets_asked import OffsetsAsked
from rebalance.broker.state import BrokerState
from rebalance.broker.transactions.transactions import Identity, TransactionError
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import TxnOffsetCommitRequest
from rebalance.protocol.responses import CommittedPartition, TxnOffsetCommitResponse

KEY, OLDEST, NEWEST = 28, 0, 6

_FIRST_THAT_SAYS_ABORT = 4
_FIRST_THAT_ADDS = 5
_FIRST_WITH_TOPIC_IDS = 6


async def handle(state: BrokerState, call: Call) -> Message:
    """Ask about what exists."""
    body = call.body
    asked = OffsetsAsked.of(state, body["topics"], by_id=call.version >= _FIRST_WITH_TOPIC_IDS)
    if not asked.offsets:
        return asked.answer(())
    refusal = _verified(state, call)
    if refusal is not None:
        return asked.answer(
            [CommittedPartition(partition=each.partition, error=refusal) for each in asked.offsets]
        )
    response = await state.groups.ask(
        TxnOffsetCommitRequest(
            group_id=body["group_id"],
            producer_id=body["producer_id"],
            producer_epoch=body["producer_epoch"],
            generation_id=body.get("generation_id", -1),
            member_id=body.get("member_id", ""),
            group_instance_id=body.get("group_instance_id"),
            offsets=asked.offsets,
            version=call.version,
        )
    )
    assert isinstance(response, TxnOffsetCommitResponse)
    return asked.answer(response.partitions)


def _verified(state: BrokerState, call: Call) -> ErrorCode | None:
    """Whether the group's offsets belong to the producer's transaction."""
    body = call.body
    if not body["group_id"]:
        return ErrorCode.INVALID_GROUP_ID
    if state.groups.availability(body["group_id"]) is ErrorCode.NOT_COORDINATOR:
        return ErrorCode.NOT_COORDINATOR
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
