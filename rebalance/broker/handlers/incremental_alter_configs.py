"""IncrementalAlterConfigs: key 44, versions 0 to 1.

Sets, deletes, appends to and subtracts from single properties (KIP-339). What is appended to a list
that the resource does not have itself is appended to what holds there without it.
"""

from __future__ import annotations

from enum import IntEnum

from rebalance.broker.call import Call
from rebalance.broker.configs.config_changes import (
    Before,
    Change,
    answer_all,
    check_names,
    check_values,
)
from rebalance.broker.configs.config_keys import ConfigType, list_items
from rebalance.broker.configs.config_resources import ResourceError
from rebalance.broker.state import BrokerState
from rebalance.broker.wire.codec import Message
from rebalance.protocol.errors import ErrorCode

KEY, OLDEST, NEWEST = 44, 0, 1


class _Operation(IntEnum):
    SET = 0
    DELETE = 1
    APPEND = 2
    SUBTRACT = 3


async def handle(state: BrokerState, call: Call) -> Message:
    """Change each resource."""
    return {"responses": answer_all(state, call.body, _change)}


def _change(entry: Message) -> Change:
    configs = entry["configs"]

    def change(before: Before) -> dict[str, str]:
        check_values(
            {c["name"]: c["value"] for c in configs if c["config_operation"] != _Operation.DELETE}
        )
        check_names(config["name"] for config in configs)
        after = dict(before.own)
        for config in configs:
            _apply(before, after, config["name"], config["config_operation"], config["value"])
        return after

    return change


def _apply(
    before: Before, after: dict[str, str], name: str, operation: int, value: str | None
) -> None:
    match operation:
        case _Operation.DELETE:
            after.pop(name, None)
        case _Operation.SET if value is not None:
            after[name] = value
        case _Operation.APPEND | _Operation.SUBTRACT if value is not None:
            after[name] = _listed(before, name, _Operation(operation), value)
        case _:
            raise ResourceError(ErrorCode.UNKNOWN_SERVER_ERROR, "")


def _listed(before: Before, name: str, operation: _Operation, value: str) -> str:
    key = before.key_of(name)
    if key is None or key.type is not ConfigType.LIST:
        raise ResourceError(
            ErrorCode.INVALID_CONFIG,
            f"Can't {operation.name} to key {name} because its type is not LIST.",
        )
    items = list_items(before.own.get(name, before.inherited.get(name, key.default)))
    given = list_items(value)
    if operation is _Operation.APPEND:
        return ",".join([*items, *(item for item in given if item not in items)])
    return ",".join(item for item in items if item not in given)
