"""A group's leader on a raw socket, which hands out whatever bytes it is told to.

Why: what one maker's leader writes another maker's member must read; here a test writes it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from kio.schema.errors import ErrorCode

from assignors import Subscription
from assignors.codec import encode_assignment, encode_subscription
from tests.conversations.raw import Connection
from tests.interop.peers import until

_SESSION_MS = 60_000


class RawLeader:
    """Alone in its group at first, so that it leads; it beats only while it waits for others."""

    def __init__(self, servers: str, group_id: str, topic: str, assignor: str) -> None:
        host, _, port = servers.rpartition(":")
        self._connection = Connection((host, int(port)), "raw leader")
        self._group_id, self._assignor = group_id, assignor
        self._metadata = encode_subscription(Subscription(topics=[topic]))
        self._member_id = ""
        self._member_id = self._join().member_id  # KIP-394: it is given an id
        self._generation_id = -1
        self._lead(None)

    def give(self, assignment: bytes) -> None:
        """To the other member, as soon as it joins; the leader itself takes nothing."""
        beat = {"generation_id": self._generation_id}
        until(
            lambda: self._ask("heartbeat", 4, beat).error_code == ErrorCode.rebalance_in_progress,
            lambda: "nobody joins",
        )
        self._lead(assignment)

    def close(self) -> None:
        """Leave."""
        entry = {"member_id": self._member_id, "group_instance_id": None, "reason": None}
        self._ask("leave_group", 5, {"members": [entry]})
        self._connection.close()

    def _lead(self, given: bytes | None) -> None:
        joined = self._join()
        assert joined.leader == self._member_id
        self._generation_id = joined.generation_id
        nothing = encode_assignment([])
        assignments = [
            {
                "member_id": each.member_id,
                "assignment": nothing if each.member_id == self._member_id else given,
            }
            for each in joined.members
        ]
        fields = {
            "generation_id": self._generation_id,
            "protocol_type": "consumer",
            "protocol_name": self._assignor,
            "assignments": assignments,
        }
        assert self._ask("sync_group", 5, fields).error_code == ErrorCode.none

    def _join(self) -> Any:
        fields = {
            "session_timeout": _SESSION_MS,
            "rebalance_timeout": _SESSION_MS,
            "protocol_type": "consumer",
            "protocols": [{"name": self._assignor, "metadata": self._metadata}],
        }
        return self._ask("join_group", 9, fields)

    def _ask(self, api: str, version: int, fields: dict[str, Any]) -> Any:
        whose = {"group_id": self._group_id, "member_id": self._member_id}
        return self._connection.ask(api, version, whose | fields)


def assignment_of(*entries: tuple[str, Sequence[int]]) -> bytes:
    """An assignment (version 0) that names these topics in this order, also one of them twice."""
    parts = [struct.pack(">hi", 0, len(entries))]
    for topic, ids in entries:
        name = topic.encode()
        parts.append(struct.pack(f">h{len(name)}si{len(ids)}i", len(name), name, len(ids), *ids))
    return b"".join([*parts, struct.pack(">i", -1)])
