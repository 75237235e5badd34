"""What the broker itself says of a group, asked raw: who is in it, which generation, what it keeps.

Why: clients differ in what they tell of themselves, and some tell nothing of their generation.
"""

from __future__ import annotations

from kio.schema.errors import ErrorCode

from tests.conversations.raw import Connection
from tests.interop.ledger import Partition

_MOST_GENERATIONS = 200


class BrokerView:
    """One group of a broker; `close()` it."""

    def __init__(self, servers: str, group_id: str) -> None:
        host, _, port = servers.rpartition(":")
        self._group_id = group_id
        self._connection = Connection((host, int(port)), "broker view")

    def close(self) -> None:
        self._connection.close()

    def generation_id(self) -> int | None:
        """The generation of a group at rest; None: it is not in Stable.

        No API tells it. But a member's heartbeat is taken in the group's own generation alone.
        """
        (group,) = self._connection.ask("describe_groups", 5, {"groups": [self._group_id]}).groups
        if group.group_state != "Stable":
            return None
        member = group.members[0]
        for generation_id in range(1, _MOST_GENERATIONS):
            fields = {
                "group_id": self._group_id,
                "generation_id": generation_id,
                "member_id": member.member_id,
                "group_instance_id": member.group_instance_id,
            }
            error = self._connection.ask("heartbeat", 4, fields).error_code
            if error != ErrorCode.illegal_generation:
                return generation_id if error == ErrorCode.none else None
        raise AssertionError(f"{self._group_id}: no generation below {_MOST_GENERATIONS}")

    def committed(self) -> dict[Partition, int]:
        """Every offset that is kept for the group."""
        fields = {"groups": [{"group_id": self._group_id, "topics": None}]}
        (group,) = self._connection.ask("offset_fetch", 8, fields).groups
        assert group.error_code == ErrorCode.none
        return {
            (str(topic.name), each.partition_index): each.committed_offset
            for topic in group.topics
            for each in topic.partitions
        }
