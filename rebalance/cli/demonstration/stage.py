"""Where the demo plays: topic, group, producer, consumers and the trace they write.

Rule kept: it waits for what happened (every partition has one owner again), never for a while.
"""

import asyncio
import contextlib
import warnings
from collections.abc import Callable, Iterable
from typing import Any, Literal

from assignors.interface import AssignorError
from rebalance.cli.demonstration.owners import Owners
from rebalance.cli.demonstration.process import ConsumerProcess
from rebalance.cli.demonstration.records import RecordCount, produce
from rebalance.cli.demonstration.script import Action, ScriptStep
from rebalance.cli.demonstration.settings import DemoSettings
from rebalance.timeline import trace

_PATIENCE_S = 5
"""How long an end in good order may take."""


class DemoFailed(Exception):  # noqa: N818 - it is the demo that failed
    """The group did not do what the script needs; the message says what was waited for."""


class Stage:
    """Plays steps on one cluster and records them."""

    def __init__(
        self,
        settings: DemoSettings,
        *,
        bootstrap_servers: str,
        topic: str,
        group_id: str,
        log: trace.Trace,
        clock: Callable[[], int],
    ) -> None:
        self.records = RecordCount()
        self._settings, self._bootstrap_servers = settings, bootstrap_servers
        self._topic, self._group_id = topic, group_id
        self._log, self._clock = log, clock
        self._owners = Owners()
        self._changed = asyncio.Event()
        self._processes: dict[str, ConsumerProcess] = {}
        self._lives: dict[str, asyncio.Task[None]] = {}
        self._listeners: dict[str, Any] = {}
        self._producer: Any = None
        self._producing: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start producing."""
        from aiokafka import AIOKafkaProducer

        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap_servers,
            client_id="demo-producer",
            **self._settings.client_arguments,
        )
        await self._producer.start()
        settings = self._settings
        self._producing = asyncio.create_task(
            produce(
                self._producer,
                self._topic,
                settings.partitions,
                settings.records_per_second,
                self.records,
            )
        )

    async def play(self, step: ScriptStep) -> int:
        """Do one step and wait until the group has settled; how long that took, in ms.

        Raises:
            DemoFailed: it does not settle in time, or a consumer ended with an error.
        """
        began = self._clock()
        self._owners.expect_news()
        self._log.add(trace.Step(t=began, text=step.text, member=step.members[0], cause=step.cause))
        match step.action:
            case Action.START:
                for name in step.members:
                    self._start(name)
            case Action.CLOSE:
                await asyncio.gather(*(self._close(name) for name in step.members))
            case Action.CRASH:
                await asyncio.gather(*(self._crash(name) for name in step.members))
        await self._until(
            lambda: self._owners.settled(set(self._processes), self._settings.partitions),
            f"every partition to have one owner after {step.text!r}",
        )
        return self._clock() - began

    async def finish(self) -> None:
        """Stop producing, read to the end, close everything in good order.

        Raises:
            DemoFailed: what was produced is not read in time.
        """
        await self._stop_producing()
        await self._until(lambda: self.records.missing == 0, "every produced record to be read")
        self._log.add(trace.Step(t=self._clock(), text="the demo ends: everybody leaves"))
        for name in sorted(self._processes):
            await self._close(name)

    async def abandon(self) -> None:
        """Leave nothing behind, whatever state it is in: in good order, or else by force."""
        await self._stop_producing()
        left = [self._processes.pop(name) for name in list(self._processes)]
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await asyncio.gather(*(process.close() for process in left), return_exceptions=True)
        except TimeoutError:
            await asyncio.gather(*(process.crash() for process in left))

    def owners(self) -> dict[str, int]:
        """Lane -> partitions it owns now."""
        return self._owners.counts()

    # --- members ---

    def _start(self, name: str) -> None:
        process = ConsumerProcess(lambda: self._consumer(name), self._count)
        life = process.start()
        life.add_done_callback(lambda _: self._changed.set())
        self._processes[name], self._lives[name] = process, life

    def _consumer(self, name: str) -> Any:
        from aiokafka import AIOKafkaConsumer

        from rebalance.clients.aiokafka import EagerOnlyWarning, TraceListener, strategy

        settings = self._settings
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EagerOnlyWarning)  # the report says so, once
            plugged = strategy(settings.assignor)
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap_servers,
            client_id=name,
            group_id=self._group_id,
            partition_assignment_strategy=[plugged],
            auto_offset_reset="earliest",
            auto_commit_interval_ms=200,
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=settings.heartbeat_interval_ms,
            retry_backoff_ms=50,
            **settings.client_arguments,
        )
        plugged.bind(consumer)
        listener = TraceListener(self._log, member=name, consumer=consumer, clock=self._clock)
        self._listeners[name] = listener
        consumer.subscribe([self._topic], listener=listener)
        return consumer

    async def _close(self, name: str) -> None:
        await self._processes.pop(name).close()
        self._ended(name, "closed")

    async def _crash(self, name: str) -> None:
        await self._processes.pop(name).crash()
        self._ended(name, "crashed")

    def _ended(self, name: str, how: Literal["closed", "crashed"]) -> None:
        del self._lives[name]
        listener = self._listeners.pop(name, None)
        if listener is not None:
            listener.stopped(how)  # it has noticed by itself, unless it never joined

    def _count(self, record: Any) -> None:
        self.records.seen[record.partition, record.offset] += 1
        if self._producing is None:
            self._changed.set()

    # --- waiting ---

    def see(self, event: trace.Event) -> None:
        """Take an event of the trace: what the waits wait for."""
        self._owners.see(event)
        self._changed.set()

    async def _until(self, happened: Callable[[], bool], what: str) -> None:
        deadline_ms = self._settings.step_deadline_ms
        try:
            async with asyncio.timeout(deadline_ms / 1000):
                while not happened():
                    self._check(self._lives.items())
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            owners = ", ".join(f"{name}: {count}" for name, count in self.owners().items())
            raise DemoFailed(
                f"waited {deadline_ms / 1000:.0f} s for {what}; partitions owned: {owners or '-'}"
            ) from None

    def _check(self, lives: Iterable[tuple[str, "asyncio.Task[None]"]]) -> None:
        for name, life in lives:
            if life.done() and not life.cancelled() and (error := life.exception()) is not None:
                raise DemoFailed(f"consumer {name} ended: {self._in_words(error)}") from error
        producing = self._producing
        if producing is not None and producing.done() and not producing.cancelled():
            raise DemoFailed(f"the producer ended: {producing.exception()!r}")

    def _in_words(self, error: BaseException) -> str:
        from aiokafka.errors import InvalidSessionTimeoutError

        if isinstance(error, InvalidSessionTimeoutError):
            return (
                f"the broker refuses --session-timeout-ms {self._settings.session_timeout_ms}: "
                "see its group.min.session.timeout.ms and group.max.session.timeout.ms"
            )
        if isinstance(error, AssignorError):
            return str(error)
        return f"{type(error).__name__}: {error}"

    async def _stop_producing(self) -> None:
        producing, self._producing = self._producing, None
        if producing is not None:
            producing.cancel()
            await asyncio.gather(producing, return_exceptions=True)
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(TimeoutError):  # the broker is gone: nothing to flush to
                async with asyncio.timeout(_PATIENCE_S):
                    await producer.stop()
