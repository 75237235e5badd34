"""Who comes and goes in a week of churn: members of every manner, committers, producers, admins.

A member joins, syncs, beats every few minutes, commits, and one day leaves, crashes, or does so in
the middle: with an id that it never uses, before it syncs, while its JoinGroup is parked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assignors.model import TopicPartition
from benchmarks.load.churning import ChurnedBroker
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.records import Producer
from rebalance.protocol.requests import (
    DeleteGroupsRequest,
    GroupProtocol,
    HeartbeatRequest,
    JoinGroupRequest,
    LeaveGroupRequest,
    LeavingMember,
    OffsetCommitRequest,
    OffsetDeleteRequest,
    OffsetToCommit,
    SyncGroupAssignment,
    SyncGroupRequest,
    TxnOffsetCommitRequest,
)

__all__ = ["Churner", "commit_in_transaction", "commit_once", "drop_group", "drop_offsets"]

BEAT_MS, SESSION_MS, REBALANCE_MS = 240_000, 900_000, 600_000
_LOST = (ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.FENCED_INSTANCE_ID)
_NO_METADATA = b"\0\0\0\0\0\1\0\6orders\xff\xff\xff\xff"
"""A subscription to "orders", version 0."""
_PARTITIONS = tuple(TopicPartition("orders", number) for number in range(4))


class Churner:
    """One client of a group; `life_ms` after it began it is gone, one way or another."""

    def __init__(
        self, broker: ChurnedBroker, group_id: str, life_ms: int, instance_id: str | None = None
    ) -> None:
        self._broker, self._random = broker, broker.random
        self._group_id, self._instance_id = group_id, instance_id
        self._member_id, self._generation_id = "", -1
        self._is_alive = True
        broker.at(life_ms, self._end)
        self._join()

    def _end(self) -> None:
        if not self._is_alive:
            return
        self._is_alive = False
        if self._member_id and self._random.random() < 0.6:  # the others crash
            leaving = LeavingMember(member_id=self._member_id, group_instance_id=self._instance_id)
            self._broker.ask(
                LeaveGroupRequest(group_id=self._group_id, members=(leaving,)), _ignored
            )

    def _heard(self, act: Callable[[Any], None]) -> Callable[[Any], None]:
        """Who is gone hears nothing; some go just now."""

        def on_reply(response: Any) -> None:
            if self._random.random() < 0.01:
                self._is_alive = False
            if self._is_alive:
                act(response)

        return on_reply

    def _join(self) -> None:
        if not self._is_alive:
            return
        names = ("range",) if self._random.random() < 0.8 else ("roundrobin", "range")
        request = JoinGroupRequest(
            group_id=self._group_id,
            session_timeout_ms=SESSION_MS,
            rebalance_timeout_ms=REBALANCE_MS,
            member_id=self._member_id,
            group_instance_id=self._instance_id,
            protocol_type="consumer",
            protocols=tuple(GroupProtocol(name=name, metadata=_NO_METADATA) for name in names),
            client_id="churner",
        )
        self._broker.ask(request, self._heard(self._on_join))

    def _on_join(self, response: Any) -> None:
        if response.error is ErrorCode.MEMBER_ID_REQUIRED:
            self._member_id = response.member_id
            self._join()
        elif response.error is not ErrorCode.NONE:
            self._on_error(response.error)
        else:
            self._member_id = response.member_id
            self._generation_id = response.generation_id
            request = SyncGroupRequest(
                group_id=self._group_id,
                generation_id=self._generation_id,
                member_id=self._member_id,
                group_instance_id=self._instance_id,
                protocol_type=response.protocol_type,
                protocol_name=response.protocol_name,
                assignments=tuple(
                    SyncGroupAssignment(member_id=member.member_id, assignment=b"assignment")
                    for member in response.members
                ),
            )
            self._broker.ask(request, self._heard(self._on_sync))

    def _on_sync(self, response: Any) -> None:
        if response.error is ErrorCode.NONE:
            self._broker.at(BEAT_MS, self._beat)
        else:
            self._on_error(response.error)

    def _beat(self) -> None:
        if not self._is_alive:
            return
        request = HeartbeatRequest(
            group_id=self._group_id,
            generation_id=self._generation_id,
            member_id=self._member_id,
            group_instance_id=self._instance_id,
        )
        self._broker.ask(request, self._heard(self._on_beat))

    def _on_beat(self, response: Any) -> None:
        if response.error is not ErrorCode.NONE:
            self._on_error(response.error)
        elif self._random.random() < 0.02:  # a new subscription, or a restart of a static member
            if self._instance_id is not None:
                self._member_id = ""
            self._join()
        else:
            if self._random.random() < 0.5:
                self._commit()
            self._broker.at(BEAT_MS, self._beat)

    def _commit(self) -> None:
        request = OffsetCommitRequest(
            group_id=self._group_id,
            generation_id=self._generation_id,
            member_id=self._member_id,
            group_instance_id=self._instance_id,
            offsets=_offsets(self._broker.now_ms),
        )
        self._broker.ask(request, _ignored)

    def _on_error(self, error: ErrorCode) -> None:
        if error in _LOST:
            self._member_id, self._generation_id = "", -1
        self._broker.at(self._random.randint(50, 5000), self._join)


def commit_once(broker: ChurnedBroker, group_id: str) -> None:
    """Offsets of a group that has no members."""
    broker.ask(OffsetCommitRequest(group_id=group_id, offsets=_offsets(broker.now_ms)), _ignored)


def commit_in_transaction(broker: ChurnedBroker, group_id: str, producer_id: int) -> None:
    """Offsets in a transaction, which ends within a minute, one way or the other."""
    producer = Producer(producer_id=producer_id, epoch=0)
    request = TxnOffsetCommitRequest(
        group_id=group_id, producer_id=producer_id, offsets=_offsets(broker.now_ms)
    )
    broker.ask(request, _ignored)
    committed = broker.random.random() < 0.5

    def end() -> None:
        def again(response: Any) -> None:
            if response.error is not ErrorCode.NONE:
                broker.at(100, end)

        broker.end_transaction(group_id, producer, committed=committed, on_reply=again)

    broker.at(broker.random.randint(1, 60_000), end)


def drop_group(broker: ChurnedBroker, group_id: str) -> None:
    """DeleteGroups, of a group in whatever state."""
    broker.ask(DeleteGroupsRequest(group_ids=(group_id,)), _ignored)


def drop_offsets(broker: ChurnedBroker, group_id: str) -> None:
    """OffsetDelete of some."""
    broker.ask(OffsetDeleteRequest(group_id=group_id, partitions=_PARTITIONS[:2]), _ignored)


def _offsets(offset: int) -> tuple[OffsetToCommit, ...]:
    return tuple(OffsetToCommit(partition=partition, offset=offset) for partition in _PARTITIONS)


def _ignored(response: Any) -> None:
    """Whoever asked is content with any answer."""
