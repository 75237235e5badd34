"""The member's view of a trace, written from inside any aiokafka consumer.

aiokafka tells a listener less than a trace needs: it calls `on_partitions_revoked` before every
join, also when a session was lost; it calls nothing at `stop()` or `unsubscribe()`; it says neither
generation nor member id. The rule kept here: with the consumer at hand the listener finds these out
and writes what is true; without it, it writes what it was told and leaves the rest out.
"""

import inspect
from collections.abc import Callable, Iterable
from typing import Any, Literal

from aiokafka.abc import ConsumerRebalanceListener

from rebalance.clients.aiokafka.private import coordinator_of, require_consumer
from rebalance.clients.guard import Replacement
from rebalance.clients.lane import Lane
from rebalance.timeline.trace import Lost, Revoked, Trace


class TraceListener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Writes the lane of one consumer; give it to `consumer.subscribe(topics, listener=...)`.

    Args:
        trace: where to; several listeners may write into one.
        member: the lane's name, unique in the trace.
        consumer: the consumer it listens to. Without it the trace has no member ids, generations,
            topics or losses, and its end must be told with `stopped()`.
        group_id: needed only without `consumer`.
        listener: the user's own, called as aiokafka would call it.
        clock: milliseconds since the trace began. Default: `time.monotonic`, counted from the
            header's `started_at_ms`, or from now if the trace is still empty.

    Raises ValueError without group id, or without a way to know when the trace began; StrategyError
    for a consumer of an aiokafka it does not know.
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
            group_id = group_id or require_consumer(consumer)._group_id
        self._lane = Lane(trace, member=member, group_id=group_id, clock=clock)
        self._consumer = consumer
        self._listener = listener
        self._watched: Any = None  # the coordinator whose end we wait for

    async def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        """Before a join: the user's listener first, for until its end the member owns.

        After a loss the user's `on_partitions_lost` is called instead, if there is one.
        """
        self._start()
        coordinator = self._coordinator()
        call = "on_partitions_revoked"
        if coordinator is not None and not coordinator.member_id and self._lane.owned:
            # aiokafka forgets its id when the coordinator no longer knows it: that is a loss, and
            # it happened before we were called.
            self._lane.gives_up(Lost)
            if hasattr(self._listener, "on_partitions_lost"):
                call = "on_partitions_lost"
        try:
            await self._call(call, revoked)
        finally:
            self._lane.gives_up(Revoked)
            self._lane.joining(coordinator.member_id if coordinator is not None else "")

    async def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        """After a join: owned from now on, so written before the user's listener runs."""
        self._start()
        self._lane.gives_up(Revoked)  # nothing is left, unless this listener was put in between
        assigned = frozenset(assigned)
        coordinator = self._coordinator()
        generation_id = -1
        if coordinator is not None:
            generation_id = coordinator.generation
            self._note_topics()
            self._lane.joined(
                coordinator.member_id,
                generation_id,
                leader=coordinator._group_subscription is not None,
            )
        self._lane.assigned(assigned, generation_id)
        await self._call("on_partitions_assigned", assigned)

    def stopped(self, how: Literal["closed", "crashed"] = "closed") -> None:
        """The consumer is gone. With `consumer` given, its `stop()` is noticed without this."""
        self._lane.stopped(how)

    def failed(self, error: BaseException) -> None:
        """A fatal error ended the membership; a strategy whose assignor fails says so itself."""
        self._start()
        self._lane.failed(error)

    def replaced(self, replacement: Replacement, generation_id: int) -> None:
        """The guard's fallback answered; a strategy says so itself."""
        self._start()
        self._lane.replaced(replacement, generation_id)

    # --- what aiokafka does not tell --------------------------------------------------------------

    def _start(self) -> None:
        self._lane.start(self._consumer.subscription() if self._consumer is not None else ())

    def _coordinator(self) -> Any:
        """The consumer's coordinator, whose end is watched from the first time on; or None."""
        if self._consumer is None:
            return None
        coordinator = coordinator_of(self._consumer)
        if coordinator is not None and self._watched is not coordinator:
            self._watched = coordinator
            coordinator._coordination_task.add_done_callback(self._ended)
            coordinator._closing.add_done_callback(self._closing)
        return coordinator

    def _ended(self, task: Any) -> None:
        """The coordination task is over: by `stop()`, after the last commit, or by an error."""
        if task.cancelled():
            self.stopped("crashed")
        elif task.exception() is not None:
            self.failed(task.exception())
        else:
            self.stopped("closed")

    def _closing(self, _: Any) -> None:
        """`stop()` was called; if the task has died before, nobody else will say so."""
        if self._watched._coordination_task.done():
            self.stopped("closed")

    def _note_topics(self) -> None:
        subscription = self._consumer._subscription.subscription
        self._lane.wants(subscription.topics)
        subscription.unsubscribe_future.add_done_callback(self._unsubscribed)

    def _unsubscribed(self, _: Any) -> None:
        """`unsubscribe()`, or another listener took over: we shall hear no more of these."""
        if self._consumer._subscription.listener is not self:
            self._lane.gives_up(Revoked)

    async def _call(self, name: str, partitions: Iterable[Any]) -> None:
        if self._listener is not None:
            result = getattr(self._listener, name)(partitions)
            if inspect.isawaitable(result):
                await result
