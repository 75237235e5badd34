"""ListConfigResources: key 74, versions 0 to 1.

Version 0 asks for client metrics alone, of which there are none (KIP-714); version 1 for any types,
and for all of them if it names none (KIP-1142).
"""

from __future__ import annotations

from rebalance.broker.call import Call
from rebalance.broker.configs.config_resources import ResourceType
from rebalance.broker.state import BrokerState
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 74, 0, 1

_LOGGER, _CLIENT_METRICS = 8, 16
_ALL = (ResourceType.TOPIC, ResourceType.BROKER, _LOGGER, _CLIENT_METRICS, ResourceType.GROUP)


async def handle(state: BrokerState, call: Call) -> Message:
    """List what can be configured."""
    wanted = call.body["resource_types"] or _ALL if call.version >= 1 else [_CLIENT_METRICS]
    if not set(wanted) <= set(_ALL):
        return {"error_code": ErrorCode.UNSUPPORTED_VERSION, "config_resources": []}
    nodes = [str(node_id) for node_id in state.leadership.running]
    names = {
        ResourceType.TOPIC: [topic.name for topic in state.topics],
        ResourceType.BROKER: nodes,
        _LOGGER: nodes,
        ResourceType.GROUP: list(state.group_configs),
    }
    return {
        "error_code": ErrorCode.NONE,
        "config_resources": [
            {"resource_name": name, "resource_type": resource_type}
            for resource_type in dict.fromkeys(wanted)
            for name in names.get(resource_type, ())
        ],
    }
