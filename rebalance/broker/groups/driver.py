"""Drives one node's GroupCoordinator: events in, effects out, one timer armed.

No rule of the group protocol is here. The driver brings time (its clock's), hands every request
over with a token of its own, resolves the future of a token when its Reply comes, writes what is to
be appended to `__consumer_offsets` and says then that it is durable. It coordinates nothing until
it is elected for partitions of that topic; who is elected when is decided in coordinators.py.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from itertools import count
from typing import TYPE_CHECKING

from rebalance.broker.clock import Clock, LoopClock, Timer
from rebalance.broker.groups.group_limits import GroupLimits
from rebalance.broker.groups.offsets_topic import OffsetsTopic
from rebalance.broker.tracing import Tracer
from rebalance.coordinator import GroupCoordinator, GroupSnapshot, ListedGroup
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
    SessionTimedOut,
    TopicDeleted,
    TransactionEnded,
)
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.records import Producer
from rebalance.protocol.responses import TransactionCompleted

if TYPE_CHECKING:
    from rebalance.protocol.requests import CoordinatorRequest
    from rebalance.protocol.responses import CoordinatorResponse
    from rebalance.protocol.timers import TimerKey

__all__ = ["GroupDriver"]


class GroupDriver:
    """Owns the coordinator of one node's groups.

    Args:
        prepare: called before each request, to see that there is a `__consumer_offsets`.
    """

    def __init__(
        self,
        config: CoordinatorConfig,
        new_uuid: Callable[[], uuid.UUID],
        tracer: Tracer,
        offsets: OffsetsTopic,
        limits: GroupLimits = GroupLimits(),  # noqa: B008  # frozen
        prepare: Callable[[], object] | None = None,
        clock: Clock | None = None,
        on_handled: Callable[[], None] | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._clock = clock or LoopClock()
        self._on_handled = on_handled or _nobody_waits
        self._tracer = tracer
        self._offsets = offsets
        self._limits = limits
        self._prepare = prepare
        self._tokens = count(1)
        self._waiting: dict[int, asyncio.Future[CoordinatorResponse]] = {}
        self._timer: Timer | None = None
        self._armed_for: int | None = None
        self._coordinator = GroupCoordinator(config, lambda: str(new_uuid()))
        self._is_loaded: dict[int, bool] = {}
        """By partition that it was elected for."""
        self._last_ms = 0
        self._handle(Resigned(partition=0))  # told of one partition, it answers for no other

    def elect(self, partition: int) -> None:
        """It is to coordinate the groups of a partition, which it does not know before `load`."""
        self._is_loaded[partition] = False
        self._handle(Elected(partition=partition))

    def is_loading(self, partition: int) -> bool:
        """Whether it was elected for a partition and has not loaded it."""
        return self._is_loaded.get(partition) is False

    def load(self, partition: int) -> None:
        """Read the log of a partition that it was elected for; its groups are here then."""
        for event in self._offsets.replay(partition):
            self._handle(event)
        self._handle(Loaded(partition=partition))
        self._is_loaded[partition] = True

    def resign(self, partition: int) -> None:
        """The groups of a partition are another's from now on, if they were its own."""
        if self._is_loaded.pop(partition, None) is not None:
            self._handle(Resigned(partition=partition))

    def resign_all(self) -> None:
        """It coordinates nothing any more."""
        for partition in tuple(self._is_loaded):
            self.resign(partition)

    async def ask(self, request: CoordinatorRequest) -> CoordinatorResponse:
        """Hand a request to the coordinator and wait for its reply, however long that takes."""
        if self._prepare is not None:
            self._prepare()
        refused = self._limits.refusal(self._coordinator, request)
        if refused is not None:
            return refused
        return await self._reply_to(lambda token: Received(token=token, request=request))

    def end_transaction(self, partition: int, producer: Producer, committed: bool) -> ErrorCode:
        """Its offsets in a partition count, or are forgotten (O07), when this returns NONE; else
        why it could not be written, or NOT_COORDINATOR or COORDINATOR_LOAD_IN_PROGRESS."""
        token = next(self._tokens)
        answer = self._waiting[token] = self._loop.create_future()
        try:
            self._handle(
                TransactionEnded(
                    token=token, partition=partition, producer=producer, committed=committed
                )
            )
        finally:
            del self._waiting[token]
        response = answer.result()  # what is appended is durable before `_handle` returns
        assert isinstance(response, TransactionCompleted)
        return response.error

    async def _reply_to(self, event: Callable[[int], CoordinatorEvent]) -> CoordinatorResponse:
        token = next(self._tokens)
        answer: asyncio.Future[CoordinatorResponse] = self._loop.create_future()
        self._waiting[token] = answer
        try:
            self._handle(event(token))
            return await answer
        finally:
            # A request that was replaced (J17) is never answered; its connection ends it.
            self._waiting.pop(token, None)

    def expire_session(self, group_id: str, member_id: str) -> None:
        """The session of a member, or of a pending id, ends now (H06).

        Raises:
            ValueError: nobody waits to hear of it.
        """
        self._handle(SessionTimedOut(group_id=group_id, member_id=member_id))

    def topic_deleted(self, topic: str) -> None:
        """Its offsets go, in every group (O08)."""
        self._handle(TopicDeleted(topic=topic))

    def availability(self, group_id: str) -> ErrorCode:
        """NONE where the group is coordinated here, else what a request about it is told (P04)."""
        if self._prepare is not None:
            self._prepare()
        return self._coordinator.availability(group_id)

    @property
    def is_any_loading(self) -> bool:
        """Whether some partition's groups are not all here yet."""
        return self._coordinator.is_loading

    @property
    def group_count(self) -> int:
        """How many groups there are."""
        return self._coordinator.group_count

    def group(self, group_id: str) -> GroupSnapshot | None:
        """The group as the coordinator sees it."""
        return self._coordinator.group(group_id)

    def groups(self) -> list[GroupSnapshot]:
        """All groups, in the order in which they were made."""
        found = (self._coordinator.group(group_id) for group_id in self._coordinator.group_ids)
        return [group for group in found if group is not None]

    def listed(self) -> list[ListedGroup]:
        """What a list says of all groups, in the order in which they were made."""
        return self._coordinator.listed()

    def now_ms(self) -> int:
        """The time of its groups, in milliseconds since 1970."""
        return self._now()

    def timers(self) -> Mapping[TimerKey, int]:
        """The armed timers and when they fire (ms since 1970), the next one first."""
        return self._coordinator.timers

    def close(self) -> None:
        """Disarm the timer; whoever waits is cancelled with its connection."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _now(self) -> int:
        """Milliseconds, never going back: a timer may have fired a hair before its time."""
        self._last_ms = max(self._last_ms, self._clock.now_ms())
        return self._last_ms

    def _handle(self, event: CoordinatorEvent) -> None:
        now = self._now()
        try:
            # What was due before this event happens before it, even if the loop is late.
            self._perform(self._advance(now), now)
            self._perform(self._coordinator.handle(event, now), now)
        finally:
            self._arm()
        self._on_handled()

    def _advance(self, now: int) -> tuple[Effect, ...]:
        deadline = self._coordinator.next_deadline()
        if deadline is None or deadline > now:
            return ()
        return self._coordinator.advance(now)

    def _perform(self, effects: tuple[Effect, ...], now: int) -> None:
        """Act on effects in their order; what an append brings about comes after the rest."""
        while effects:
            after: tuple[Effect, ...] = ()
            for effect in effects:
                if isinstance(effect, Reply):
                    self._resolve(effect)
                elif isinstance(effect, Append):
                    error = self._offsets.append(
                        effect.group_id, effect.records, now, effect.producer
                    )
                    after += self._appended(effect.token, error, now)
                elif isinstance(effect, AppendMarker):
                    error = self._offsets.append_marker(
                        effect.partition, effect.producer, effect.committed, now
                    )
                    after += self._appended(effect.token, error, now)
                else:
                    self._tracer.notice(effect)
            effects = after

    def _appended(self, token: int, error: ErrorCode, now: int) -> tuple[Effect, ...]:
        return self._coordinator.handle(Appended(token=token, error=error), now)

    def _resolve(self, reply: Reply) -> None:
        assert isinstance(reply.token, int)
        answer = self._waiting.get(reply.token)
        if answer is not None and not answer.done():
            answer.set_result(reply.response)

    def _arm(self) -> None:
        """One timer, for the earliest deadline. A later deadline leaves an early timer alone."""
        deadline = self._coordinator.next_deadline()
        if self._timer is not None:
            if deadline is not None and self._armed_for is not None and self._armed_for <= deadline:
                return
            self._timer.cancel()
            self._timer = None
        if deadline is not None:
            self._armed_for = deadline
            self._timer = self._clock.call_at(deadline, self._fire)

    def _fire(self) -> None:
        self._timer = None
        # A loop's clock may be a hair early; the deadline that was armed has come all the same.
        self._last_ms = max(self._last_ms, self._armed_for or 0)
        now = self._now()
        try:
            self._perform(self._advance(now), now)
        finally:
            # Whatever failed, one group's error must not stop the timers of all groups.
            self._arm()
        self._on_handled()


def _nobody_waits() -> None:
    """Nobody wants to know that groups may have changed."""
