"""The client library around a user's code in one simulated process: it is what the member asks.

Why: member, connections and coordinator are real; between them and the user stands a client. This
one behaves as aiokafka does towards its user (positions, commits, errors, a listener that runs
beside the application, or as in Java while the application polls), and cooperates.

Rule kept: everything it does later goes through the loop of the process, so it pauses and dies with
it. The user's own code runs on that loop and nowhere else.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import partial
from typing import Any, Literal

from aiokafka.errors import ConsumerStoppedError, KafkaError

from assignors.model import PartitionSet, TopicPartition
from rebalance.member import events
from rebalance.simulation.hosting import Surroundings
from rebalance.simulation.values import partition_name, partitions_text, short_duration
from rebalance.testing.simulated.clock import ProcessClock
from rebalance.testing.simulated.journal import Commit, Journal, Kind, in_a_line
from rebalance.testing.simulated.listening import Callback, called, knows_losses
from rebalance.testing.simulated.loop import VirtualLoop, VirtualLoopError
from rebalance.testing.simulated.offsets import Offsets
from rebalance.testing.simulated.overdue import Overdue
from rebalance.testing.simulated.partitions import Partitions
from rebalance.testing.simulated.reading import Readings

__all__ = ["Client", "ListenerRuns"]

ListenerRuns = Literal["beside", "in poll"]
"""When a listener is called: at once beside the application (aiokafka), or while it waits for
records (Java, kafka-python, librdkafka)."""

_POLL_MS = 500
"""An application that waits for records polls at least so often."""
_TELLS_MS = 100
"""An application that takes record after record is told of to the member so often: what hangs on
it is max.poll.interval.ms, which is much longer."""
_RETRY_MS = 100


class Client:
    """One life of one consumer, below what its user sees."""

    def __init__(
        self,
        around: Surroundings,
        journal: Journal,
        *,
        has_sink: bool,
        listener_runs: ListenerRuns,
    ) -> None:
        self.around = around
        self.clock = ProcessClock(around.gate)
        # What it does not implement it refuses, by methods that no type checker sees.
        self.loop = VirtualLoop(self.clock, self.note, self._spins)  # type: ignore[abstract]
        self.readings = Readings(around, has_sink=has_sink)
        self.offsets = Offsets(around, self.loop)
        self.listener: Any = None
        self.topics = around.topics
        self.owned: set[TopicPartition] = set()
        """What the member owns: until its revocation is done, or it is lost."""
        self.told_lost: set[TopicPartition] = set()
        """What its user knows to be gone: a listener was told of the loss, or gave it up."""
        self._journal = journal
        self._listener_runs = listener_runs
        self._queued: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._fetches = 0
        self._tells_at = 0
        self._listening = 0
        """Calls of the listener that have not returned."""
        self._polls = self._overdue(
            lambda: self._waits or self._listening > 0 or self._stopping or not self.topics,
            "slow poll",
            f"{around.name} works between two polls for",
        )
        self._stopping = False
        self.stopped = False
        """Its consumer is closed; its process may go on."""
        self._kept: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """The application begins."""
        self._polls.start()

    def note(self, text: str) -> None:
        """Into the journal, under this consumer's name."""
        if self.around.gate.alive:
            self._journal.note(self.around.name, text)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something on the loop, beside the application."""
        task = self.loop.create_task(work)
        self._kept.add(task)
        task.add_done_callback(self._kept.discard)
        return task

    def _spins(self, error: VirtualLoopError) -> None:
        """Code that never waits would go on for ever; its process ends here."""
        self._journal.raised(self.around.name, f"code of {self.around.name}", error)
        self._journal.ends(self.around.config.client_id, f"it raised {in_a_line(error)}")
        self.around.crash()

    # --- what the user's consumer does -----------------------------------------------------------

    def want(self, topics: tuple[str, ...]) -> None:
        """Be a member of the group for these topics from now on."""
        if not self._stopping and topics != tuple(sorted(self.topics)):
            self.topics = topics
            self.around.subscribe(topics)

    def unsubscribe(self) -> None:
        """Leave the group. As in aiokafka nothing is assigned any more, and no listener is told."""
        self.listener = None
        self.readings.stop(tuple(self.readings.of))
        self.want(())
        self.spawn(self.serve())  # what waits for a poll concerns a listener that is none any more

    def polled(self) -> None:
        """The application comes for records."""
        if self._stopping:
            raise ConsumerStoppedError
        self.readings.done_with_all()
        self._polls.again()
        now = self.clock.now
        if now >= self._tells_at:
            self._tells_at = now + _TELLS_MS
            self.around.tell(events.Polled())

    async def wait(self, partitions: Iterable[TopicPartition], until: int | None) -> None:
        """Until something may have changed: records, assignment, `until` (ms), the next poll."""
        if self._queued:
            await self.serve()
            return
        now = self.clock.now
        times = [now + _POLL_MS, until, self.readings.next_arrival(partitions)]
        # A millisecond at least: asking again and again for what is not there takes time.
        wake_at = max(now + 1, min(time for time in times if time is not None))
        timer = self.loop.call_at(wake_at / 1000, self._wake_all)
        try:
            await self._change()
        finally:
            timer.cancel()
        await self.serve()

    async def serve(self) -> None:
        """Run the listener's calls that wait for a poll; cancelling the poll does not end them."""
        while self._queued:
            await asyncio.shield(self.spawn(self._queued.pop(0)()))

    async def commit(
        self, offsets: Mapping[TopicPartition, int], *, automatic: bool = False
    ) -> None:
        """Commit, and say in the journal what became of it.

        The user who commits a record is done with it; a client that commits by itself knows
        nothing of that.
        """
        what = ", ".join(f"{p.topic}-{p.partition} at {at}" for p, at in sorted(offsets.items()))
        for partition, offset in offsets.items():
            if not automatic:
                self.readings.done_before(partition, offset)
            commit = Commit(
                who=self.around.name,
                what=f"{partition_name(partition)} at {offset}",
                t=self.clock.now,
                sought=self.readings.sought(partition, offset),
            )
            key = (self.around.config.group_id, partition, offset)
            self._journal.commits.setdefault(key, []).append(commit)
        try:
            await self.offsets.commit(offsets)
        except KafkaError as error:
            self.note(f"commit of {what} fails: {type(error).__name__}")
            raise
        self.note(f"has committed {what}")

    def commits_late(self, partitions: Iterable[TopicPartition]) -> None:
        """The user commits for these and has lost them: that is an error of the user's."""
        text = partitions_text(partitions)
        self._journal.found(
            "late commit", self.around.name, f"{self.around.name} commits {text}, which it has lost"
        )

    async def stop(self) -> None:
        """Leave the group in order; returns once the consumer is closed."""
        if not self._stopping:
            self._stopping = True
            self.readings.done_with_all()
            self.around.tell(events.Close())
            self._wake_all()
        while not self.stopped:
            await self.serve()
            if not self.stopped:
                await self._change()

    def closed(self) -> None:
        """The member is no more; who waits for something that it should do hears of it."""
        self.stopped = True
        self.readings.remove(tuple(self.readings.of))
        self.owned.clear()
        self.offsets.closed()
        self._wake_all()

    # --- what the member asks for ----------------------------------------------------------------

    def take_positions(self, effect: events.TakePositions) -> None:
        """Stop handing out records of these; where do they stand?"""
        self._call(partial(self._take_positions, effect))

    async def _take_positions(self, effect: events.TakePositions) -> None:
        self.readings.stop(effect.partitions)
        at = self.readings.positions()
        offsets = {p: at[p] for p in effect.partitions if p in at}
        self.around.tell(events.PositionsTaken(token=effect.token, offsets=offsets))

    def revoke(self, effect: events.Revoke) -> None:
        """`on_partitions_revoked`; they are owned until it returns."""
        self._call(partial(self._revoke, effect))

    async def _revoke(self, effect: events.Revoke) -> None:
        self.readings.stop(effect.partitions)
        error = await self._listener_called("revoked", effect.partitions)
        self._gave_up(effect.partitions)
        self.owned.difference_update(effect.partitions)
        self.around.notice(effect)
        self.around.tell(events.CallbackDone(token=effect.token, error=error))

    def lose(self, effect: events.Lose) -> None:
        """`on_partitions_lost`; they are not owned any more as it begins.

        What is due before that is the user's, who cannot know of the loss yet.
        """
        self.readings.stop(effect.partitions)
        self._call(partial(self._lose, effect))

    async def _lose(self, effect: events.Lose) -> None:
        self.owned.difference_update(effect.partitions)
        self.around.notice(effect)
        if knows_losses(self.listener):
            self.told_lost.update(effect.partitions)
        error = await self._listener_called("lost", effect.partitions)
        self._gave_up(effect.partitions)
        self.around.tell(events.CallbackDone(token=effect.token, error=error))

    def _gave_up(self, partitions: PartitionSet) -> None:
        self.readings.remove(partitions)
        if self.listener is not None:
            self.told_lost.update(partitions)

    def assign(self, effect: events.Assign) -> None:
        """`on_partitions_assigned`, then records."""
        self.around.notice(effect)
        self.owned.update(effect.partitions)
        self.told_lost.difference_update(effect.partitions)
        self.readings.add(effect.partitions)
        self._fetch_positions(effect.partitions)
        self._call(partial(self._assign, effect))

    async def _assign(self, effect: events.Assign) -> None:
        error = await self._listener_called("assigned", effect.partitions)
        for partition in effect.partitions:
            reading = self.readings.of.get(partition)
            if reading is not None:
                reading.readable = True
        self.around.tell(events.CallbackDone(token=effect.token, error=error))
        self._wake_all()

    def _call(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if self._listener_runs == "beside" or not self.topics:
            self.spawn(work())
        else:
            self._queued.append(work)
            self._wake_all()

    async def _listener_called(
        self, callback: Callback, partitions: PartitionSet
    ) -> Exception | None:
        if self.listener is None:
            return None
        what, began = f"on_partitions_{callback}", self.clock.now
        self.note(f"{what} {partitions_text(partitions)}")
        said = f"{what} of {self.around.name} takes"
        with self._overdue(lambda: self._waits, "slow listener", said):
            self._listening += 1
            error = await called(self.listener, callback, Partitions(partitions))
            self._listening -= 1
        if isinstance(error, KafkaError):
            self.note(f"{what} raises {type(error).__name__}")
        elif error is not None:
            name = self.around.name
            self.note(f"{what} raises {error!r}")
            self._journal.raised(name, f"{what} of {name}", error)
        elif self.clock.now > began:
            self.note(f"{what} returns")
        return error

    # --- what takes too long ---------------------------------------------------------------------

    @property
    def _waits(self) -> bool:
        """For the coordinator, which is no fault of the user's."""
        nowhere = any(reading.position is None for reading in self.readings.of.values())
        return self.offsets.waiting or nowhere

    def _overdue(self, waits: Callable[[], bool], kind: Kind, said: str) -> Overdue:
        limit_ms = self.around.config.max_poll_interval_ms
        message = (
            f"{said} longer than max.poll.interval.ms, {short_duration(limit_ms)}: "
            "the group goes on without it"
        )
        found = partial(self._journal.found, kind, self.around.name, message)
        return Overdue(self.loop, waits, limit_ms, found)

    # --- positions -------------------------------------------------------------------------------

    def _fetch_positions(self, partitions: Iterable[TopicPartition]) -> None:
        """The committed offset of each that has no position yet."""
        self._fetches += 1
        number = self._fetches
        unknown = [
            partition
            for partition in partitions
            if (reading := self.readings.of.get(partition)) is not None and reading.position is None
        ]
        if not unknown:
            return
        for partition in unknown:
            self.readings.of[partition].fetch = number

        def fetched(offsets: Mapping[TopicPartition, int] | None) -> None:
            waiting = [p for p, r in self.readings.of.items() if r.fetch == number]
            if offsets is None:
                self.around.gate.after(_RETRY_MS, self._fetch_positions, waiting)
                return
            for partition in waiting:
                self.readings.of[partition].fetch = 0
                self.readings.of[partition].position = max(offsets.get(partition, -1), 0)
            self._wake_all()

        self.offsets.fetch(unknown, fetched)

    async def position(self, partition: TopicPartition) -> int | None:
        """The next offset to hand out, as soon as it is known; None: it was taken away."""
        while (reading := self.readings.of.get(partition)) is not None:
            if reading.position is not None:
                return reading.position
            await self._change()
        return None

    async def _change(self) -> None:
        """Until something has changed."""
        future: asyncio.Future[None] = self.loop.create_future()
        self._waiting.append(future)
        try:
            await future
        finally:
            self._waiting.remove(future)

    def _wake_all(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
