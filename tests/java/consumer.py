"""Drives one Java consumer: a process of its own, its events read by a thread.

Rule: every wait is for a condition and has a deadline; one that passes it says what was seen. When
this object or its owner ends, however, the process ends: it lives no longer than its input's pipe.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any, Self, TypeVar

from tests.java import programs

T = TypeVar("T")

DEADLINE_S = 60.0
_END_WITHIN_S = 30.0
_ASSIGNORS = {
    "range": "GroupConsumer$Range",
    "roundrobin": "GroupConsumer$RoundRobin",
    "sticky": "GroupConsumer$Sticky",
    "cooperative-sticky": "GroupConsumer$CooperativeSticky",
}
_changed = threading.Condition()  # one for all, so that a condition may be about several consumers


class JavaConsumerError(AssertionError):
    """A Java consumer failed, or what was waited for did not come; says what was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JavaEvent:
    """One line of the program. `kind` is its word, `data` the whole line."""

    kind: str
    t_ms: int
    data: Mapping[str, Any]

    @property
    def partitions(self) -> frozenset[tuple[str, int]]:
        """Of assigned, revoked and lost."""
        return _flat(self.data["partitions"])

    @property
    def plan(self) -> dict[str, frozenset[tuple[str, int]]]:
        """Of leading: what the assignor answered."""
        return {member: _flat(columns) for member, columns in self.data["plan"].items()}


def wait_until(condition: Callable[[], T], what: str, *, timeout_s: float = DEADLINE_S) -> T:
    """The condition's first true value; looked at again at each event of any Java consumer.

    Raises JavaConsumerError after `timeout_s`, naming `what`.
    """
    deadline = time.monotonic() + timeout_s
    with _changed:
        while not (value := condition()):
            left = deadline - time.monotonic()
            if left <= 0:
                raise JavaConsumerError(f"{what}: not within {timeout_s:g} s")
            _changed.wait(left)
        return value


class JavaConsumer:
    """Kafka's own KafkaConsumer of the classic protocol, polling since `start`.

    `assignor` is a wire name (range, roundrobin, sticky, cooperative-sticky), or several, best
    first. `properties` are Kafka's, and have the last word.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        group_id: str,
        topics: Sequence[str],
        *,
        assignor: str | Sequence[str] = "cooperative-sticky",
        session_timeout_ms: int = 15_000,
        heartbeat_interval_ms: int = 200,
        group_instance_id: str | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> None:
        names = [assignor] if isinstance(assignor, str) else assignor
        settings = {
            "bootstrap.servers": bootstrap_servers,
            "group.id": group_id,
            "group.protocol": "classic",
            "partition.assignment.strategy": ",".join(_ASSIGNORS[name] for name in names),
            "session.timeout.ms": str(session_timeout_ms),
            "heartbeat.interval.ms": str(heartbeat_interval_ms),
            "auto.offset.reset": "earliest",
            "metadata.max.age.ms": "1000",
            **({"group.instance.id": group_instance_id} if group_instance_id else {}),
            **(properties or {}),
        }
        self._argument = json.dumps({"topics": list(topics), "properties": settings})
        self._events: list[JavaEvent] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._errors = tempfile.TemporaryFile("a+b")  # noqa: SIM115  # closed in _end
        self._said = ""

    @property
    def pid(self) -> int:
        """The Java process, for tests that pause it (SIGSTOP) or kill it."""
        return self._running().pid

    @property
    def events(self) -> tuple[JavaEvent, ...]:
        """All so far."""
        with _changed:
            return tuple(self._events)

    @property
    def member_id(self) -> str:
        """As of the last assigned, revoked or lost; "" before the first."""
        return next((e.data["member_id"] for e in self._told() if e.data["member_id"]), "")

    @property
    def generation_id(self) -> int:
        """The generation of the last assigned, revoked or lost; -1 before the first."""
        return next((e.data["generation_id"] for e in self._told()), -1)

    @property
    def owned(self) -> frozenset[tuple[str, int]]:
        """What its listener was given and not yet asked back."""
        owned: set[tuple[str, int]] = set()
        for event in self.events:
            if event.kind == "assigned":
                owned |= event.partitions
            elif event.kind in ("revoked", "lost"):
                owned -= event.partitions
            elif event.kind == "ended":
                owned.clear()
        return frozenset(owned)

    @property
    def polled(self) -> Mapping[tuple[str, int], int]:
        """Partition -> records read so far."""
        counts: defaultdict[tuple[str, int], int] = defaultdict(int)
        for event in self.events:
            if event.kind == "polled":
                for topic, columns in event.data["counts"].items():
                    for partition, count in columns.items():
                        counts[topic, int(partition)] += count
        return counts

    def start(self) -> Self:
        """Start it and wait until it has subscribed (it has not yet joined)."""
        self._process = programs.start("GroupConsumer", self._argument, stderr=self._errors)
        assert self._process.stdout is not None
        self._reader = threading.Thread(
            target=self._read, args=(self._process.stdout,), name="java-consumer", daemon=True
        )
        self._reader.start()
        try:
            self.wait("started")
        except BaseException:
            self.kill()
            raise
        return self

    def wait(
        self,
        kind: str,
        *,
        after: int = 0,
        where: Callable[[JavaEvent], bool] = lambda event: True,
        timeout_s: float = DEADLINE_S,
    ) -> JavaEvent:
        """The first event of that kind among `events[after:]`, now or when it comes.

        Raises JavaConsumerError after the timeout, or as soon as the process ended without it.
        """

        def found() -> JavaEvent | None:
            events = self._events[after:]
            for event in events:
                if event.kind == kind and where(event):
                    return event
            if any(event.kind == "ended" for event in events):
                raise JavaConsumerError(f"the Java consumer ended\n{self._seen()}")
            return None

        try:
            event = wait_until(found, f"no event {kind!r}", timeout_s=timeout_s)
        except JavaConsumerError as error:
            raise JavaConsumerError(f"{error} while waiting for {kind!r}\n{self._seen()}") from None
        assert event is not None
        return event

    def tell(self, command: str) -> JavaEvent:
        """Send a command and wait until it is done: pause, resume, rejoin, subscribe TOPIC..."""
        after = len(self.events)
        self._write(f"{command}\n".encode())
        return self.wait("done", after=after, where=lambda event: event.data["command"] == command)

    def close(self) -> None:
        """Leave the group as KafkaConsumer.close does (a static member stays in it), and end.

        Calling it again does nothing. Raises JavaConsumerError if the consumer had failed.
        """
        if self._process is None:
            return
        try:
            self._write(b"close\n")
            self.wait("closed")
        finally:
            self._end(self._process)

    def kill(self) -> None:
        """End the process at once, without a word to the group."""
        if self._process is not None:
            self._process.kill()
            self._end(self._process)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc is None:
            self.close()
        else:
            self.kill()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise JavaConsumerError("the Java consumer is not running: call start() first")
        return self._process

    def _told(self) -> list[JavaEvent]:
        return [e for e in reversed(self.events) if e.kind in ("assigned", "revoked", "lost")]

    def _write(self, line: bytes) -> None:
        process = self._running()
        assert process.stdin is not None
        try:
            process.stdin.write(line)
            process.stdin.flush()
        except BrokenPipeError:
            raise JavaConsumerError(f"the Java consumer has ended\n{self._seen()}") from None

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Input closed, output read to its end, process reaped."""
        self._process = None
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):  # it was gone before the last command was read
            process.stdin.close()
        try:
            process.wait(_END_WITHIN_S)  # the program bounds its own end, unless it stands still
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._reader is not None:
            self._reader.join()
        process.stdout.close()
        self._said = self._error_tail()
        self._errors.close()

    def _read(self, lines: IO[bytes]) -> None:
        for line in lines:
            data = json.loads(line)
            self._add(JavaEvent(kind=data["event"], t_ms=data["t_ms"], data=data))
        self._add(JavaEvent(kind="ended", t_ms=time.time_ns() // 1_000_000, data={}))

    def _add(self, event: JavaEvent) -> None:
        with _changed:
            self._events.append(event)
            _changed.notify_all()

    def _seen(self) -> str:
        lines = [f"  {event.kind} {json.dumps(dict(event.data))}" for event in self._events[-20:]]
        errors = self._said or self._error_tail()
        return "\n".join(["the last of its events:", *lines, "the end of its log:", errors])

    def _error_tail(self) -> str:
        if self._errors.closed:
            return self._said
        self._errors.seek(0)
        return "".join(self._errors.read().decode(errors="replace").splitlines(True)[-25:])


def _flat(columns: Mapping[str, Sequence[int]]) -> frozenset[tuple[str, int]]:
    return frozenset((topic, partition) for topic, ids in columns.items() for partition in ids)
