"""A user's application in one life of one simulated process.

Rule kept: it comes and goes as a real process does. Its coroutine is the process: what it raises
ends it on the spot, and so does its return; only `consumer.stop()` leaves the group, and what
stands behind it still runs. `close` is a SIGTERM: the coroutine is cancelled, may clean up, and
then the consumer leaves the group. After a crash nothing of it runs any more, whatever its
`finally` blocks say.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord, TopicPartition

from assignors.model import TopicPartition as OurPartition
from rebalance.member import events
from rebalance.simulation.hosting import Surroundings
from rebalance.testing.simulated.arguments import APPLICATION
from rebalance.testing.simulated.client import Client, ListenerRuns
from rebalance.testing.simulated.consumer import SimulatedConsumer, Values
from rebalance.testing.simulated.journal import Journal, in_a_line
from rebalance.testing.simulated.listening import checked

__all__ = ["Application", "Code", "HostedApplication", "Sink"]

Application = Callable[..., Awaitable[None]]
"""`async def application(consumer)`, or `(consumer, sink)`."""


def plain_values(partition: TopicPartition, offset: int) -> tuple[bytes | None, bytes | None]:
    """No key; the value says which record it is: `orders-3@120`."""
    return None, f"{partition.topic}-{partition.partition}@{offset}".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What a user wants to be run in every process."""

    application: Application
    has_sink: bool
    """It takes a sink: a record is processed when it is put there."""
    listener: Callable[[SimulatedConsumer], Any] | None = None
    """Makes a rebalance listener for a consumer."""
    listener_runs: ListenerRuns = "beside"
    values: Values = plain_values


class Sink:
    """Where an application puts what it is done with: `sink(record)`, or several at once."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __call__(self, *records: ConsumerRecord[Any, Any]) -> None:
        """These records are processed now, each of them."""
        for record in records:
            partition = OurPartition(record.topic, record.partition)
            self._client.readings.sunk(partition, record.offset)


class HostedApplication:
    """One life of it; see `rebalance.simulation.hosting.Hosted`."""

    def __init__(self, around: Surroundings, code: Code, journal: Journal) -> None:
        self._around = replace(around, tell=self._tell, told=self._told)
        self._tell_member, self._tell_checkers = around.tell, around.told
        self._code = code
        self._journal = journal
        self._closing_at: int | None = None
        journal.ended.pop(around.config.client_id, None)
        self._committed: dict[OurPartition, int] = {}
        """What it has last committed by itself."""
        self._client = client = Client(
            self._around, journal, has_sink=code.has_sink, listener_runs=code.listener_runs
        )
        self._consumer = SimulatedConsumer(client, code.values)
        self._running: asyncio.Task[None] | None = None
        self.take_positions = client.take_positions
        self.revoke = client.revoke
        self.assign = client.assign
        self.lose = client.lose
        self.commit_finished = client.offsets.finished

    # --- a dead process says nothing -------------------------------------------------------------

    def _tell(self, event: events.MemberEvent) -> None:
        if self._around.gate.alive:
            self._tell_member(event)

    def _told(self, fact: Any) -> None:
        if self._around.gate.alive:
            self._tell_checkers(fact)

    # --- its life --------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Its lane in the trace."""
        return self._around.name

    @property
    def closes_since(self) -> int | None:
        """Since when it is to close (ms), and has not done so; None: it need not, or is gone."""
        return self._closing_at if self._around.gate.alive and not self._client.stopped else None

    @property
    def busy_until(self) -> int:
        """When its code can run again (ms)."""
        return self._client.clock.busy_until

    def start(self) -> None:
        """The listener is there before anything is assigned, then the application runs."""
        if self._code.listener is not None:
            self._client.listener = checked(self._code.listener(self._consumer))
        self._client.start()
        self._running = self._client.loop.create_task(self._work(), name=self._around.name)
        self._client.spawn(self._see_to_the_end(self._running))
        if self._around.config.enable_auto_commit and self._around.commit_ms:
            self._client.spawn(self._commit_now_and_then())

    async def _work(self) -> None:
        sink = (Sink(self._client),) if self._code.has_sink else ()
        running: object = self._code.application(self._consumer, *sink)
        if not inspect.isawaitable(running):
            name = getattr(self._code.application, "__name__", repr(self._code.application))
            self._journal.misused = TypeError(f"{name} gives back {running!r}: {APPLICATION}")
            return
        await running

    async def _see_to_the_end(self, running: asyncio.Task[None]) -> None:
        name = self._around.name
        try:
            await running
        except asyncio.CancelledError:
            self._client.note("the application is cancelled")
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:  # what pytest.fail raises is no Exception
            self._journal.raised(name, f"the application of {name}", error)
            self._ends_itself(f"it raised {in_a_line(error)}")
            self._around.crash()
            return
        if self._closing_at is not None:
            await self._client.stop()
        elif not self._client.stopped:
            self._client.note(
                "the application returns without consumer.stop(): its process is gone"
            )
            self._ends_itself("the application returned without consumer.stop()")
        self._around.crash()

    async def _commit_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(self._around.commit_ms / 1000)
            await self._commit()

    async def _commit(self) -> None:
        positions = self._client.readings.positions()
        moved = {p: at for p, at in positions.items() if self._committed.get(p) != at}
        try:
            if moved:
                self._committed |= moved
                await self._client.commit(moved, automatic=True)
        except KafkaError:
            return  # a client logs it and goes on; the journal has it

    def occupy(self, duration_ms: int) -> None:
        """None of its code runs for so long."""
        self._client.clock.occupy(duration_ms)

    def commit(self) -> None:
        """The positions."""
        self._around.gate.do(self._begin_commit)

    def _begin_commit(self) -> None:
        self._client.spawn(self._commit())

    def close(self) -> None:
        """As on SIGTERM, once the process does something."""
        self._around.gate.do(self._close)

    def _close(self) -> None:
        self._client.note("is told to close")
        self._closing_at = self._around.gate.now
        if self._running is not None:
            self._running.cancel()

    def closed(self) -> bool:
        """Code that stands behind `consumer.stop()` goes on: its process ends with it."""
        self._client.closed()
        if self._closing_at is None:
            self._ends_itself("it called consumer.stop()")
        return True

    def _ends_itself(self, why: str) -> None:
        self._journal.ends(self._around.config.client_id, why)

    def ended(self) -> None:
        """Throw away what is left."""
        self._client.loop.discard()
