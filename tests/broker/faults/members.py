"""Members on raw sockets, and what they ask, in few words."""

from __future__ import annotations

from typing import Any

from tests.broker.handlers.test_groups import join_of, joined
from tests.broker.raw import RawConnection

FAST = {"group.initial.rebalance.delay.ms": "0"}

__all__ = [
    "FAST",
    "beat",
    "beat_of_nobody",
    "commit",
    "committed",
    "join_of",
    "joined",
    "stable",
]


async def stable(client: RawConnection, group: str = "g", **more: Any) -> Any:
    """The only member of a group, which has synced; its answer to JoinGroup."""
    member = await joined(client, group, 9, **more)
    given = [{"member_id": member.member_id, "assignment": b""}]
    synced = await client.ask(
        "sync_group",
        5,
        {
            "group_id": group,
            "generation_id": member.generation_id,
            "member_id": member.member_id,
            "group_instance_id": more.get("group_instance_id"),
            "protocol_type": "consumer",
            "protocol_name": "range",
            "assignments": given,
        },
    )
    assert synced.error_code.value == 0, synced
    return member


async def beat(client: RawConnection, member: Any, group: str = "g") -> int:
    """What a member's heartbeat is answered."""
    asked = {
        "group_id": group,
        "generation_id": member.generation_id,
        "member_id": member.member_id,
    }
    code: int = (await client.ask("heartbeat", 4, asked)).error_code.value
    return code


async def beat_of_nobody(client: RawConnection) -> None:
    """A heartbeat from nobody's member, answered UNKNOWN_MEMBER_ID."""
    answer = await client.ask("heartbeat", 4, {"group_id": "g", "member_id": "m"})
    assert answer.error_code.value == 25


async def commit(client: RawConnection, group: str, topic: str, offset: int) -> int:
    """What a commit of somebody without a generation is answered."""
    part = {"partition_index": 0, "committed_offset": offset}
    asked = {
        "group_id": group,
        "generation_id_or_member_epoch": -1,
        "topics": [{"name": topic, "partitions": [part]}],
    }
    answer = await client.ask("offset_commit", 8, asked)
    code: int = answer.topics[0].partitions[0].error_code.value
    return code


async def committed(client: RawConnection, group: str, topic: str) -> int:
    """The offset that is committed, or -1."""
    topics = [{"name": topic, "partition_indexes": [0]}]
    answer = await client.ask("offset_fetch", 7, {"group_id": group, "topics": topics})
    offset: int = answer.topics[0].partitions[0].committed_offset
    return offset
