"""One request of every API of groups, and the errors in its answer; a node to ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from rebalance.broker import EmbeddedBroker
from tests.broker.handlers.test_groups import join_of
from tests.broker.handlers.test_offsets import commit_of
from tests.broker.raw import RawConnection

__all__ = ["Asked", "at_node", "of_group"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request in one version; `told` reads its answer."""

    api: str
    version: int
    body: Mapping[str, Any]
    told: Callable[[Any], Any]

    async def by(self, client: RawConnection) -> Any:
        """What the broker tells: an error's number, or whatever `told` makes of the answer."""
        return self.told(await client.ask(self.api, self.version, self.body))


def _top(answer: Any) -> int:
    return int(answer.error_code.value)


def _partitions(answer: Any) -> list[int]:
    return [p.error_code.value for topic in answer.topics for p in topic.partitions]


def _of_groups(answer: Any) -> list[int]:
    return [group.error_code.value for group in answer.groups]


def of_group(group: str, topic: str) -> list[Asked]:
    """Requests about a group that its coordinator alone answers; partition 0 must exist."""
    member = {"group_id": group, "member_id": "nobody", "generation_id": 1}
    sync = {**member, "protocol_type": "consumer", "protocol_name": "range", "assignments": []}
    leaving = [{"member_id": "nobody", "group_instance_id": None, "reason": None}]
    deleted = [{"name": topic, "partitions": [{"partition_index": 0}]}]
    return [
        Asked(api="join_group", version=2, body=join_of(group), told=_top),
        Asked(api="join_group", version=9, body=join_of(group), told=_top),
        Asked(api="sync_group", version=5, body=sync, told=_top),
        Asked(api="heartbeat", version=4, body=member, told=_top),
        Asked(api="leave_group", version=2, body=member, told=_top),
        Asked(
            api="leave_group",
            version=5,
            body={"group_id": group, "members": leaving},
            told=lambda a: (a.error_code.value, len(a.members)),
        ),
        *_of_offsets(group, topic),
        Asked(api="describe_groups", version=0, body={"groups": [group]}, told=_of_groups),
        Asked(
            api="describe_groups",
            version=6,
            body={"groups": [group], "include_authorized_operations": True},
            told=lambda a: [
                (g.error_code.value, g.group_state, g.error_message, g.authorized_operations)
                for g in a.groups
            ],
        ),
        Asked(
            api="delete_groups",
            version=2,
            body={"groups_names": [group]},
            told=lambda a: [r.error_code.value for r in a.results],
        ),
        Asked(
            api="offset_delete",
            version=0,
            body={"group_id": group, "topics": deleted},
            told=_top,
        ),
    ]


def _of_offsets(group: str, topic: str) -> list[Asked]:
    asked_offsets = [{"name": topic, "partition_indexes": [0]}]
    return [
        Asked(api="offset_commit", version=2, body=commit_of(group, topic, 0), told=_partitions),
        Asked(api="offset_commit", version=9, body=commit_of(group, topic, 0), told=_partitions),
        Asked(
            api="offset_fetch",
            version=1,
            body={"group_id": group, "topics": asked_offsets},
            told=_partitions,
        ),
        Asked(
            api="offset_fetch",
            version=5,
            body={"group_id": group, "topics": asked_offsets},
            told=lambda a: (a.error_code.value, len(a.topics)),
        ),
        Asked(
            api="offset_fetch",
            version=8,
            body={"groups": [{"group_id": group, "topics": asked_offsets}]},
            told=lambda a: [(g.error_code.value, len(g.topics)) for g in a.groups],
        ),
    ]


@asynccontextmanager
async def at_node(broker: EmbeddedBroker, node_id: int) -> AsyncIterator[RawConnection]:
    """A connection to one node."""
    host, _, port = broker.address_of(node_id).rpartition(":")
    client = RawConnection(*await asyncio.open_connection(host, int(port)))
    try:
        yield client
    finally:
        await client.close()
