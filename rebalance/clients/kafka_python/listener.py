"""The member's view of a trace, written from inside any kafka-python consumer.

kafka-python tells a listener less than a trace needs: nothing of a join that brings a cooperative
member nothing new, nothing at `unsubscribe()`, and neither generation nor member id. The rule kept
here: with the consumer at hand the listener finds these out and writes what is true; without it, it
writes what it was told and leaves the rest out.
"""

import inspect
from collections.abc import Callable, Iterable
from typing import Any, Literal

from kafka.consumer.subscription_state import AsyncConsumerRebalanceListener

from rebalance.clients.guard import Replacement
from rebalance.clients.kafka_python.private import require_consumer
from rebalance.clients.lane import Lane
from rebalance.timeline.trace import Lost, Revoked, Trace


class TraceListener(AsyncConsumerRebalanceListener):  # type: ignore[misc]  # untyped
    """Writes the lane of one consumer; give it to `consumer.subscribe(topics, listener=...)`.

    Args:
        trace: where to; several listeners may write into one.
        member: the lane's name, unique in the trace.
        consumer: the consumer it listens to. Without it the trace has no member ids, generations or
            topics, and its end must be told with `stopped()`.
        group_id: needed only without `consumer`.
        listener: the user's own, of either of kafka-python's two kinds.
        clock: milliseconds since the trace began. Default: `time.monotonic`, counted from the
            header's `started_at_ms`, or from now if the trace is still empty.

    Raises ValueError without group id, or without a way to know when the trace began; StrategyError
    for a consumer of a kafka-python it does not know.
    """

    def __init__(
        self,
        trace: Trace,
        *,
        member: str,
        consumer: Any = None,
        group_id: str | None = None,
        listener: Any = None,
        clock: Callable[[], int] | None = None,
    ) -> None:
        if consumer is not None:
            group_id = group_id or require_consumer(consumer).config["group_id"]
        self._lane = Lane(trace, member=member, group_id=group_id, clock=clock)
        self._consumer = consumer
        self._listener = listener
        self._generation_id = -1
        self._joining = False  # said already: a JoinGroup may take several attempts
        self._told = False  # assigned was written in this generation
        if consumer is not None:
            self._hook(consumer._coordinator)

    async def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        """The user's listener first, for until its end the member owns."""
        self._start()
        revoked = frozenset(revoked)
        try:
            await self._call("on_partitions_revoked", revoked)
        finally:
            self._lane.gives_up(Revoked, revoked)

    async def on_partitions_lost(self, lost: Iterable[Any]) -> None:
        """Written first: others may own them already."""
        self._start()
        lost = frozenset(lost)
        self._lane.gives_up(Lost, lost)
        await self._call("on_partitions_lost", lost)

    async def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        """Owned from now on, so written before the user's listener runs."""
        self._start()
        assigned = frozenset(assigned)
        self._lane.assigned(assigned, self._generation_id)
        self._told = True
        await self._call("on_partitions_assigned", assigned)

    def stopped(self, how: Literal["closed", "crashed"] = "closed") -> None:
        """The consumer is gone. With `consumer` given, its `close()` is noticed without this."""
        self._lane.stopped(how)

    def failed(self, error: BaseException) -> None:
        """A fatal error ended the membership; a strategy whose assignor fails says so itself."""
        self._start()
        self._lane.failed(error)

    def replaced(self, replacement: Replacement, generation_id: int) -> None:
        """The guard's fallback answered; a strategy says so itself."""
        self._start()
        self._lane.replaced(replacement, generation_id)

    # --- what kafka-python does not tell ----------------------------------------------------------

    def _hook(self, coordinator: Any) -> None:
        join_and_sync = coordinator._do_join_and_sync_async
        join_complete = coordinator._on_join_complete_async
        leave = coordinator.maybe_leave_group
        close = coordinator.close

        async def do_join_and_sync() -> Any:
            if self._listens():
                self._start()
                self._lane.wants(self._topics())
                if not self._joining:
                    self._lane.joining(coordinator._generation.member_id)
                self._joining = True
            return await join_and_sync()

        async def on_join_complete(
            generation: int, member_id: str, protocol: str, assignment: bytes
        ) -> None:
            if self._listens():
                self._generation_id, self._joining, self._told = generation, False, False
                self._lane.joined(member_id, generation, leader=coordinator._is_leader)
            await join_complete(generation, member_id, protocol, assignment)
            if self._listens() and not self._told:
                self._lane.assigned((), generation)

        def maybe_leave_group(*args: Any, **kwargs: Any) -> Any:
            result = leave(*args, **kwargs)
            self._lane.gives_up(Revoked)  # unsubscribe(): no listener is called
            return result

        def closing(*args: Any, **kwargs: Any) -> Any:
            try:
                return close(*args, **kwargs)
            finally:
                self._lane.stopped("closed")

        coordinator._do_join_and_sync_async = do_join_and_sync
        coordinator._on_join_complete_async = on_join_complete
        coordinator.maybe_leave_group = maybe_leave_group
        coordinator.close = closing

    def _listens(self) -> bool:
        """Another listener may have taken over."""
        return self._consumer._subscription.rebalance_listener is self

    def _topics(self) -> Iterable[str]:
        return self._consumer._subscription.subscription or () if self._consumer else ()

    def _start(self) -> None:
        self._lane.start(self._topics())

    async def _call(self, name: str, partitions: Iterable[Any]) -> None:
        if self._listener is not None:
            result = getattr(self._listener, name)(partitions)
            if inspect.isawaitable(result):
                await result
