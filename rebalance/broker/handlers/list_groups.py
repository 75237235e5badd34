"""ListGroups: key 16, versions 0 to 5.

All groups the coordinator knows; version 4 filters by state and version 5 by type, whatever the
case of the letters (A02); blanks around a state do not count. Every node lists the groups that it
coordinates; one that is loading some lists none, as whoever asks could not tell what is missing.
"""

from __future__ import annotations

from rebalance.broker.call import Call
from rebalance.broker.state import BrokerState
from rebalance.broker.wire.codec import Message
from rebalance.coordinator import ListedGroup
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 16, 0, 5

_TYPE = "classic"


async def handle(state: BrokerState, call: Call) -> Message:
    """List the groups that pass the filters; an empty filter lets everything pass."""
    if state.groups.is_any_loading:
        return {"error_code": ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, "groups": []}
    states = {name.lower().strip() for name in call.body.get("states_filter", ())}
    types = {name.lower() for name in call.body.get("types_filter", ())}
    groups = [
        _entry(group)
        for group in state.groups.listed()
        if (not states or group.state.value.lower() in states) and (not types or _TYPE in types)
    ]
    return {"error_code": ErrorCode.NONE, "groups": groups}


def _entry(group: ListedGroup) -> Message:
    return {
        "group_id": group.group_id,
        "protocol_type": group.protocol_type or "",
        "group_state": group.state.value,
        "group_type": _TYPE,
    }
