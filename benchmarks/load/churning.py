"""A simulated broker for churn: virtual time, the one GroupCoordinator, its log with compaction.

Nothing here is a stand-in: records go into a real `__consumer_offsets` in memory, and partitions
that move are replayed from it. Now and then an append fails. The same seed gives the same week.
"""

from __future__ import annotations

import heapq
import uuid
from collections.abc import Callable
from itertools import count
from random import Random
from typing import Any

from rebalance.broker.config import BrokerConfig
from rebalance.broker.groups.offsets_topic import OffsetsTopic, offsets_topic
from rebalance.broker.topics.topic import OFFSETS_TOPIC
from rebalance.broker.topics.topics import TopicStore
from rebalance.coordinator import GroupCoordinator
from rebalance.protocol.config import CoordinatorConfig
from rebalance.protocol.effects import (
    Append,
    Appended,
    AppendMarker,
    CoordinatorEvent,
    Effect,
    Elected,
    Loaded,
    Received,
    Reply,
    Resigned,
    TransactionEnded,
)
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.java_hash import partition_of
from rebalance.protocol.records import Producer
from rebalance.protocol.requests import (
    CoordinatorRequest,
    JoinGroupRequest,
    OffsetCommitRequest,
    TxnOffsetCommitRequest,
)

__all__ = ["DAY_MS", "PARTITIONS", "ChurnedBroker", "OnReply"]

DAY_MS = 86_400_000
PARTITIONS = 50
FAILING_SHARE = 0.002
"""Of all appends."""

OnReply = Callable[[Any], None]


class ChurnedBroker:
    """Time, actors' appointments, and requests that wait for their answers."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.now_ms = 0
        self.requests = 0
        self.group_ids: set[str] = set()
        """All that somebody wanted to have."""
        self.appends_fail = True
        config = CoordinatorConfig(
            offsets_retention_minutes=24 * 60, offsets_topic_num_partitions=PARTITIONS
        )
        suffix = count()
        self.coordinator = GroupCoordinator(config, lambda: f"{next(suffix):032x}")
        self.topics = TopicStore(
            BrokerConfig(),
            lambda: uuid.UUID(int=self.random.getrandbits(128)),
            internal=[offsets_topic(PARTITIONS, 2**20)],
        )
        self._offsets = OffsetsTopic(self.topics)
        self._offsets.create()
        self._tokens = count(1)
        self._waiting: dict[int, OnReply] = {}
        self._seq = count()
        self._appointments: list[tuple[int, int, Callable[[], None]]] = []
        for partition in range(PARTITIONS):
            self._load(partition)

    # --- for actors ---

    def at(self, delay_ms: int, act: Callable[[], None]) -> None:
        """Call `act` after so long."""
        heapq.heappush(self._appointments, (self.now_ms + delay_ms, next(self._seq), act))

    def ask(self, request: CoordinatorRequest, on_reply: OnReply) -> None:
        """Send a request; `on_reply` gets the response, now or later."""
        if isinstance(request, JoinGroupRequest | OffsetCommitRequest | TxnOffsetCommitRequest):
            self.group_ids.add(request.group_id)
        self._event(lambda token: Received(token=token, request=request), on_reply)

    def end_transaction(
        self, group_id: str, producer: Producer, *, committed: bool, on_reply: OnReply
    ) -> None:
        """A producer's transaction, which has offsets of this group, is over."""
        partition = partition_of(group_id, PARTITIONS)
        self._event(
            lambda token: TransactionEnded(
                token=token, partition=partition, producer=producer, committed=committed
            ),
            on_reply,
        )

    def move(self, partition: int) -> None:
        """The partition's coordinator resigns and is elected again, as after a broker's restart."""
        self._handle(Resigned(partition=partition))
        self._load(partition)

    def run_until(self, end_ms: int) -> None:
        """Let time pass: appointments and timers, whichever is first."""
        while True:
            deadline = self.coordinator.next_deadline()
            next_ms = self._appointments[0][0] if self._appointments else end_ms
            if deadline is not None and deadline <= min(next_ms, end_ms):
                self.now_ms = max(self.now_ms, deadline)
                self._perform(self.coordinator.advance(self.now_ms))
            elif self._appointments and next_ms <= end_ms:
                self.now_ms, _, act = heapq.heappop(self._appointments)
                act()
            else:
                self.now_ms = end_ms
                return

    # --- what there is ---

    @property
    def log_bytes(self) -> int:
        """What `__consumer_offsets` takes."""
        topic = self.topics.get(OFFSETS_TOPIC)
        assert topic is not None
        return sum(log.size_bytes for log in topic.logs())

    def compact(self) -> None:
        """Have the log keep what is live and nothing else."""
        topic = self.topics.get(OFFSETS_TOPIC)
        assert topic is not None
        for log in topic.logs():
            self.topics.compact(log)

    def held(self) -> dict[str, int]:
        """All that a coordinator and its driver can forget to forget, by name."""
        context = self.coordinator._context
        transactions = context.transactions
        self.coordinator.next_deadline()  # stale entries go when they come up
        return {
            "groups": self.coordinator.group_count,
            "pending ids": sum(len(group.pending) for group in context.groups.values()),
            "groups with offsets": len(context.offsets),
            "appends": len(context._appends),
            "replays": len(context.replays),
            "groups in transactions": len(transactions.group_ids),
            "producers in transactions": len(transactions._groups_of),
            "armed timers": len(self.coordinator.timers),
            "timer entries": self.coordinator.timer_entries,
            "unanswered requests": len(self._waiting),
        }

    # --- the driver ---

    def _event(self, event_of: Callable[[int], CoordinatorEvent], on_reply: OnReply) -> None:
        self.requests += 1
        token = next(self._tokens)
        self._waiting[token] = on_reply
        self._handle(event_of(token))

    def _handle(self, event: CoordinatorEvent) -> None:
        deadline = self.coordinator.next_deadline()
        if deadline is not None and deadline <= self.now_ms:
            self._perform(self.coordinator.advance(self.now_ms))
        self._perform(self.coordinator.handle(event, self.now_ms))

    def _perform(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            if isinstance(effect, Reply):
                on_reply = self._waiting.pop(effect.token)  # type: ignore[call-overload]
                # A client hears of it later: its next act is none of this one.
                self.at(1, lambda on_reply=on_reply, r=effect.response: on_reply(r))  # type: ignore[misc]
            elif isinstance(effect, Append | AppendMarker):
                appended = Appended(token=effect.token, error=self._write(effect))
                self._perform(self.coordinator.handle(appended, self.now_ms))

    def _write(self, append: Append | AppendMarker) -> ErrorCode:
        if self.appends_fail and self.random.random() < FAILING_SHARE:
            return ErrorCode.NOT_ENOUGH_REPLICAS
        if isinstance(append, AppendMarker):
            return self._offsets.append_marker(
                append.partition, append.producer, append.committed, self.now_ms
            )
        return self._offsets.append(append.group_id, append.records, self.now_ms, append.producer)

    def _load(self, partition: int) -> None:
        self._handle(Elected(partition=partition))
        for replayed in self._offsets.replay(partition):
            self._handle(replayed)
        self._handle(Loaded(partition=partition))
