"""AlterConfigs: key 33, versions 0 to 2.

Replaces all that a resource has of its own: what is not named goes back to what holds without it.
Kafka advises IncrementalAlterConfigs instead; older clients know only this.
"""

from __future__ import annotations

from rebalance.broker.call import Call
from rebalance.broker.configs.config_changes import (
    Before,
    Change,
    answer_all,
    check_names,
    check_values,
)
from rebalance.broker.state import BrokerState
from rebalance.broker.wire.codec import Message

KEY, OLDEST, NEWEST = 33, 0, 2


async def handle(state: BrokerState, call: Call) -> Message:
    """Replace the values of each resource."""
    return {"responses": answer_all(state, call.body, _change)}


def _change(entry: Message) -> Change:
    values = {config["name"]: config["value"] for config in entry["configs"]}

    def change(before: Before) -> dict[str, str]:
        check_names(config["name"] for config in entry["configs"])
        return check_values(values)

    return change
