"""OffsetCommit: key 8, versions 2 to 10. Who may commit is the coordinator's to say (O01, O02).

A partition that does not exist is refused here and never reaches it (O03); a request without any
that exists is answered without asking it at all (O09). Version 10 names topics by their ids.
"""

from __future__ import annotations

from rebalance.broker.call import Call
from rebalance.broker.groups.offsets_asked import OffsetsAsked
from rebalance.broker.state import BrokerState
from rebalance.broker.wire.codec import Message
from rebalance.protocol.requests import OffsetCommitRequest
from rebalance.protocol.responses import OffsetCommitResponse

KEY, OLDEST, NEWEST = 8, 2, 10

_FIRST_WITH_TOPIC_IDS = 10


async def handle(state: BrokerState, call: Call) -> Message:
    """Ask the coordinator about what exists."""
    body = call.body
    asked = OffsetsAsked.of(state, body["topics"], by_id=call.version >= _FIRST_WITH_TOPIC_IDS)
    if not asked.offsets:
        return asked.answer(())
    response = await state.groups.ask(
        OffsetCommitRequest(
            group_id=body["group_id"],
            generation_id=body["generation_id_or_member_epoch"],
            member_id=body["member_id"],
            group_instance_id=body.get("group_instance_id"),
            offsets=asked.offsets,
            retention_time_ms=body.get("retention_time", -1),
            version=call.version,
        )
    )
    assert isinstance(response, OffsetCommitResponse)
    return asked.answer(response.partitions)
