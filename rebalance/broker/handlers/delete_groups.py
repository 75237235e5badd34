"""DeleteGroups: key 42, versions 0 to 3. The rules are the coordinator's (A03, P06).

Version 3 has room for an error in words; Kafka 4.4.0 fills it for no error that this broker knows.
"""

from __future__ import annotations

from rebalance.broker.call import Call
from rebalance.broker.state import BrokerState
from rebalance.broker.wire.codec import Message
from rebalance.protocol.requests import DeleteGroupsRequest
from rebalance.protocol.responses import DeleteGroupsResponse

KEY, OLDEST, NEWEST = 42, 0, 3


async def handle(state: BrokerState, call: Call) -> Message:
    """Ask the coordinator."""
    request = DeleteGroupsRequest(group_ids=tuple(call.body["groups_names"]))
    response = await state.groups.ask(request)
    assert isinstance(response, DeleteGroupsResponse)
    return {
        "results": [
            {"group_id": result.group_id, "error_code": result.error} for result in response.results
        ]
    }
