"""A transactional producer on raw sockets, and who reads what it committed."""

from __future__ import annotations

from typing import Any

from rebalance.broker import EmbeddedBroker
from tests.broker.nodes.asking import at_node

__all__ = [
    "CONCURRENT",
    "LOADING",
    "NONE",
    "NOT_COORDINATOR",
    "UNSTABLE",
    "TransactionalProducer",
    "offset_of",
    "when_stable",
]

NONE, LOADING, NOT_COORDINATOR, CONCURRENT, UNSTABLE = 0, 14, 16, 51, 88


class TransactionalProducer:
    """A transactional producer on raw sockets, that looks for its coordinators each time."""

    def __init__(self, broker: EmbeddedBroker, name: str = "t") -> None:
        self._broker = broker
        self._name = name
        self._ids: dict[str, Any] = {}

    async def _ask(self, node_id: int, api: str, version: int, body: dict[str, Any]) -> Any:
        async with at_node(self._broker, node_id) as client:
            return await client.ask(api, version, body)

    async def coordinator(self) -> int:
        """The node that coordinates its transactions."""
        asked = {"key_type": 1, "coordinator_keys": [self._name]}
        node_id = self._broker.running_nodes[0]
        (found,) = (await self._ask(node_id, "find_coordinator", 4, asked)).coordinators
        assert found.error_code.value == NONE
        return int(found.node_id)

    async def begin(self) -> None:
        """The next incarnation."""
        asked = {"transactional_id": self._name, "transaction_timeout": 60_000}
        told = await self._ask(await self.coordinator(), "init_producer_id", 2, asked)
        assert told.error_code.value == NONE
        self._ids = {"producer_id": told.producer_id, "producer_epoch": told.producer_epoch}

    async def add(self, group: str) -> int:
        """AddOffsetsToTxn; its error."""
        asked = {"transactional_id": self._name, "group_id": group, **self._ids}
        told = await self._ask(await self.coordinator(), "add_offsets_to_txn", 2, asked)
        return int(told.error_code.value)

    async def commit_offset(self, group: str, offset: int) -> int:
        """TxnOffsetCommit of partition 0 of "orders"; its error."""
        part = {
            "partition_index": 0,
            "committed_offset": offset,
            "committed_leader_epoch": -1,
            "committed_metadata": "",
        }
        topics = [{"name": "orders", "partitions": [part]}]
        asked = {"transactional_id": self._name, "group_id": group, **self._ids, "topics": topics}
        node_id = self._broker.coordinator_of(group)
        assert node_id is not None
        told = await self._ask(node_id, "txn_offset_commit", 2, asked)
        return int(told.topics[0].partitions[0].error_code.value)

    async def end(self, *, committed: bool) -> int:
        """EndTxn; its error."""
        asked = {"transactional_id": self._name, **self._ids, "committed": committed}
        told = await self._ask(await self.coordinator(), "end_txn", 2, asked)
        return int(told.error_code.value)


async def offset_of(broker: EmbeddedBroker, group: str = "g") -> tuple[int, int]:
    """Offset and error of partition 0 of "orders", for who wants what is stable."""
    node_id = broker.coordinator_of(group)
    assert node_id is not None
    asked = {
        "group_id": group,
        "topics": [{"name": "orders", "partition_indexes": [0]}],
        "require_stable": True,
    }
    async with at_node(broker, node_id) as client:
        answer = await client.ask("offset_fetch", 7, asked)
    if answer.error_code.value != NONE:
        return -1, answer.error_code.value
    (topic,) = answer.topics
    return topic.partitions[0].committed_offset, topic.partitions[0].error_code.value


async def when_stable(broker: EmbeddedBroker) -> int:
    """The offset once no transaction is open."""
    while (found := await offset_of(broker))[1] in (UNSTABLE, LOADING):
        pass
    assert found[1] == NONE
    return found[0]
