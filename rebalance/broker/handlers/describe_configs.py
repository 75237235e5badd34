"""DescribeConfigs: key 32, versions 1 to 4.

Of topics, of the one broker ("" = of all brokers), and of groups. Names that nobody knows are left
out, and an empty list of names asks for all, as null does.
Source: `ConfigHelper`; KIP-133, KIP-226, KIP-569.
"""

from __future__ import annotations

from rebalance.broker.call import Call
from rebalance.broker.configs.broker_configs import ConfigEntry, ConfigSource
from rebalance.broker.configs.config_resources import (
    ResourceError,
    ResourceType,
    check_broker,
    find_topic,
)
from rebalance.broker.configs.group_configs import GROUP_KEYS
from rebalance.broker.configs.topic_configs import TOPIC_KEYS
from rebalance.broker.state import BrokerState
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 32, 1, 4


async def handle(state: BrokerState, call: Call) -> Message:
    """Describe each resource."""
    return {"results": [_result(state, call, asked) for asked in call.body["resources"]]}


def _result(state: BrokerState, call: Call, asked: Message) -> Message:
    answer: Message = {
        "error_code": ErrorCode.NONE,
        "error_message": "",
        "resource_type": asked["resource_type"],
        "resource_name": asked["resource_name"],
        "configs": [],
    }
    try:
        entries = _entries(state, asked["resource_type"], asked["resource_name"])
    except ResourceError as error:
        return {**answer, "error_code": error.code, "error_message": str(error)}
    names = asked["configuration_keys"]
    answer["configs"] = [
        _config(entry, with_synonyms=bool(call.body["include_synonyms"]))
        for entry in entries
        if not names or entry.key.name in names
    ]
    return answer


def _entries(state: BrokerState, resource_type: int, name: str) -> list[ConfigEntry]:
    """What is there to show.

    Raises:
        ResourceError: there is no such resource.
    """
    match resource_type:
        case ResourceType.TOPIC:
            topic = find_topic(state, name, "")
            return state.configs.entries(TOPIC_KEYS, topic.configs, ConfigSource.TOPIC)
        case ResourceType.BROKER:
            if name == "":
                return state.configs.cluster_entries()
            check_broker(state, name, what="Broker id", or_else=" or empty string")
            return state.configs.broker_entries(state.node_id)
        case ResourceType.GROUP:
            if name == "":
                raise ResourceError(ErrorCode.INVALID_REQUEST, "Group name must not be empty")
            own = state.group_configs.get(name, {})
            return state.configs.entries(GROUP_KEYS, own, ConfigSource.GROUP)
    raise ResourceError(
        ErrorCode.INVALID_REQUEST,
        "This most likely occurs because of a request being malformed by the client library or "
        "the message was sent to an incompatible broker. See the broker logs for more details.",
    )


def _config(entry: ConfigEntry, *, with_synonyms: bool) -> Message:
    return {
        "name": entry.key.name,
        "value": entry.value,
        "read_only": entry.read_only,
        "config_source": entry.source,
        "is_sensitive": False,
        "synonyms": [
            {"name": synonym.name, "value": synonym.value, "source": synonym.source}
            for synonym in (entry.synonyms if with_synonyms else ())
        ],
        "config_type": entry.key.type,
        "documentation": None,
    }
