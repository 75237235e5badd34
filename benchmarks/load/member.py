"""One raw member on a connection of its own: joins, syncs, beats, and joins again when told so.

JoinGroup v9 with the round for a member id (KIP-394), SyncGroup v5, Heartbeat v4. Nothing is
retried and nothing is forgiven: an answer that a healthy group would not give ends the measurement.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from assignors import PartitionSet
from assignors.codec import encode_assignment, encode_generation_user_data, encode_subscription
from assignors.model import Subscription
from benchmarks.load.frames import SIZE, request, response

__all__ = ["PARTITIONS_PER_MEMBER", "TOPICS", "RawMember", "Watcher"]

TOPICS = ("orders", "payments")
PARTITIONS_PER_MEMBER = 10
_NONE, _REBALANCE_IN_PROGRESS, _MEMBER_ID_REQUIRED = 0, 27, 79


class Watcher(Protocol):
    """Hears what becomes of the members."""

    def identified(self, member: RawMember) -> None:
        """It has an id, and its second JoinGroup is under way."""

    def joined(self, member: RawMember) -> None:
        """Its JoinGroup was answered with a generation."""

    def synced(self, member: RawMember) -> None:
        """It has its assignment."""

    def beaten(self, member: RawMember) -> None:
        """Its heartbeat was answered: all is well."""

    def failed(self, member: RawMember, why: str) -> None:
        """It got an answer that it should not, or lost its connection."""


class RawMember(asyncio.Protocol):
    """Number `number` of a group; owns the partitions that go with its number."""

    def __init__(self, group_id: str, number: int, watcher: Watcher, session_ms: int) -> None:
        self.group_id, self.number, self.member_id = group_id, number, ""
        self.generation_id = -1
        self._watcher = watcher
        self._session_ms = session_ms
        self._buffer = bytearray()
        self._asked = ""
        self._beat = b""
        self._transport: asyncio.Transport | None = None
        self._is_closing = False

    @property
    def is_idle(self) -> bool:
        """It waits for no answer."""
        return not self._asked

    # --- what it does ---

    def join(self) -> None:
        """Join, with what it owns."""
        owned = _partitions(self.number) if self.generation_id >= 0 else PartitionSet()
        subscription = Subscription(
            topics=TOPICS,
            owned=owned,
            generation_id=self.generation_id,
            user_data=encode_generation_user_data(self.generation_id),
        )
        offered = {"name": "cooperative-sticky", "metadata": encode_subscription(subscription)}
        body = {
            "group_id": self.group_id,
            "session_timeout": self._session_ms,
            "rebalance_timeout": 300_000,
            "member_id": self.member_id,
            "group_instance_id": None,
            "protocol_type": "consumer",
            "protocols": [offered],
            "reason": None,
        }
        self._ask("join_group", request("join_group", 9, body))

    def beat(self) -> None:
        """Send a heartbeat."""
        self._ask("heartbeat", self._beat)

    def close(self) -> None:
        """End the connection."""
        self._is_closing = True
        if self._transport is not None:
            self._transport.abort()

    def _sync(self, assignments: list[dict[str, Any]]) -> None:
        body = {
            **self._named(),
            "protocol_type": "consumer",
            "protocol_name": "cooperative-sticky",
            "assignments": assignments,
        }
        self._ask("sync_group", request("sync_group", 5, body))

    def _named(self) -> dict[str, Any]:
        return {
            "group_id": self.group_id,
            "generation_id": self.generation_id,
            "member_id": self.member_id,
            "group_instance_id": None,
        }

    def _ask(self, name: str, frame: bytes) -> None:
        assert not self._asked, f"{name} while {self._asked} is under way"
        assert self._transport is not None
        self._asked = name
        self._transport.write(frame)

    # --- what it hears ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop."""
        if not self._is_closing:
            self._watcher.failed(self, f"lost its connection: {exc}")

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        self._buffer += data
        if len(self._buffer) < SIZE.size:
            return
        end = SIZE.size + SIZE.unpack_from(self._buffer)[0]
        if len(self._buffer) < end:
            return
        frame = bytes(self._buffer[SIZE.size : end])
        del self._buffer[:end]
        asked, self._asked = self._asked, ""
        if asked == "heartbeat":
            self._on_heartbeat(frame)
        elif asked == "join_group":
            self._on_join(response("join_group", 9, frame))
        else:
            self._on_sync(response("sync_group", 5, frame))

    def _on_join(self, answer: dict[str, Any]) -> None:
        error = answer["error_code"]
        if error == _MEMBER_ID_REQUIRED:
            self.member_id = answer["member_id"]
            self.join()
            self._watcher.identified(self)
            return
        if error != _NONE:
            self._watcher.failed(self, f"JoinGroup: error {error}")
            return
        self.generation_id = answer["generation_id"]
        self._beat = request("heartbeat", 4, self._named())
        self._watcher.joined(self)
        self._sync(
            [
                {
                    "member_id": member["member_id"],
                    "assignment": encode_assignment(_partitions(number)),
                }
                for number, member in enumerate(answer["members"])
            ]
        )

    def _on_sync(self, answer: dict[str, Any]) -> None:
        error = answer["error_code"]
        if error == _NONE and answer["assignment"]:
            self._watcher.synced(self)
        elif error == _REBALANCE_IN_PROGRESS:
            self.join()
        else:
            self._watcher.failed(self, f"SyncGroup: error {error}")

    def _on_heartbeat(self, frame: bytes) -> None:
        # Correlation id, no tags, throttle time: the error stands at 9.
        error = int.from_bytes(frame[9:11], "big")
        if error == _NONE:
            self._watcher.beaten(self)
        elif error == _REBALANCE_IN_PROGRESS:
            self.join()
        else:
            self._watcher.failed(self, f"Heartbeat: error {error}")


def _partitions(number: int) -> PartitionSet:
    each = PARTITIONS_PER_MEMBER // len(TOPICS)
    return PartitionSet((topic, number * each + index) for topic in TOPICS for index in range(each))
