"""A Stable group of two static members on one broker, made of raw requests."""

from __future__ import annotations

from typing import Any

from tests.conversations.raw import Connection

_SUBSCRIPTION = bytes.fromhex("0000 00000001")
_ASSIGNMENT = bytes.fromhex("0000 00000001")


def _text(text: str) -> bytes:
    return len(text).to_bytes(2, "big") + text.encode()


def subscription(topic: str) -> bytes:
    """ConsumerProtocolSubscription, version 0."""
    return _SUBSCRIPTION + _text(topic) + (-1).to_bytes(4, "big", signed=True)


def assignment(topic: str, *partitions: int) -> bytes:
    """ConsumerProtocolAssignment, version 0."""
    ids = b"".join(partition.to_bytes(4, "big") for partition in partitions)
    size = len(partitions).to_bytes(4, "big")
    return _ASSIGNMENT + _text(topic) + size + ids + (-1).to_bytes(4, "big", signed=True)


class RawGroup:
    """Members "one", which leads, and "two"; each owns the partition of its place."""

    def __init__(self, address: tuple[str, int], group_id: str, topic: str) -> None:
        self.group_id, self.topic = group_id, topic
        self.members = [Connection(address, "client") for _ in range(2)]
        self.ids = ["", ""]
        self._join(0)
        self._sync(0, self._joined(0), {0: b""})
        self._join(1)
        self._wait_for_rebalance()
        self._join(0)
        generation = self._joined(0)
        assert self._joined(1) == generation
        plan = {place: assignment(topic, place) for place in range(2)}
        self._sync(0, generation, plan)
        self._sync(1, generation, {})

    def close(self) -> None:
        """Hang up; static members stay."""
        for member in self.members:
            member.close()

    def _join(self, place: int) -> None:
        self.members[place].send(
            "join_group",
            5,
            {
                "group_id": self.group_id,
                "session_timeout": 600_000,
                "rebalance_timeout": 600_000,
                "member_id": self.ids[place],
                "group_instance_id": ("one", "two")[place],
                "protocol_type": "consumer",
                "protocols": [{"name": "range", "metadata": subscription(self.topic)}],
            },
        )

    def _joined(self, place: int) -> int:
        answer = self.members[place].receive()
        assert answer.error_code.value == 0, answer
        self.ids[place] = answer.member_id
        generation: int = answer.generation_id
        return generation

    def _sync(self, place: int, generation: int, plan: dict[int, bytes]) -> None:
        given: list[dict[str, Any]] = [
            {"member_id": self.ids[to], "assignment": data} for to, data in plan.items()
        ]
        answer = self.members[place].ask(
            "sync_group",
            3,
            {
                "group_id": self.group_id,
                "generation_id": generation,
                "member_id": self.ids[place],
                "group_instance_id": ("one", "two")[place],
                "assignments": given,
            },
        )
        assert answer.error_code.value == 0, answer

    def _wait_for_rebalance(self) -> None:
        """Until the second member's JoinGroup has arrived, the first must not rejoin."""
        beat = {
            "group_id": self.group_id,
            "generation_id": 1,
            "member_id": self.ids[0],
            "group_instance_id": "one",
        }
        while self.members[0].ask("heartbeat", 3, beat).error_code.value == 0:
            pass
