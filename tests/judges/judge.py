"""Drives one foreign client: a process of its own, its events read by a thread.

Rule: every wait is for a condition, looked at again at each event of any judge, and has a deadline.
When this object or its owner ends, however, the process ends: it lives no longer than its input.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, TypeVar

from tests.interop.ledger import Partition, now_ms
from tests.judges.makers import Maker

T = TypeVar("T")

DEADLINE_S = 60.0
_END_WITHIN_S = 30.0
_GIVEN_UP = frozenset({"revoked", "lost"})
_changed = threading.Condition()  # one for all, so that a condition may be about several judges


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of a program. `kind` is its word, `data` the whole line."""

    kind: str
    t_ms: int
    data: Mapping[str, Any]

    @property
    def partitions(self) -> frozenset[Partition]:
        """Of assigned, revoked and lost."""
        columns = self.data["partitions"] or {}
        return frozenset((topic, each) for topic, ids in columns.items() for each in ids)

    @property
    def records(self) -> list[tuple[str, int, int]]:
        """Of read: (topic, partition, offset)."""
        return [
            (topic, int(partition), offset)
            for topic, columns in self.data["records"].items()
            for partition, offsets in columns.items()
            for offset in offsets
        ]


def wait_until(condition: Callable[[], T], seen: Callable[[], str]) -> T:
    """The condition's first true value. After DEADLINE_S AssertionError, with what is seen."""
    deadline = time.monotonic() + DEADLINE_S
    with _changed:
        while not (value := condition()):
            left = deadline - time.monotonic()
            assert left > 0, f"not within {DEADLINE_S:g} s: {seen()}"
            _changed.wait(left)
        return value


class Judge:
    """A client of one maker in a group, running from now on.

    `name` tells it apart from all others of the test; `wanted` is what its program is given.
    """

    def __init__(self, name: str, maker: Maker, wanted: Mapping[str, Any]) -> None:
        self.name = name
        self.maker = maker
        self.topics: Sequence[str] = wanted["topics"]
        self._events: list[Event] = []
        self._is_ending = False
        self._errors = tempfile.TemporaryFile("a+b")  # noqa: SIM115  # closed in _end
        self._process = maker.start(json.dumps(wanted), self._errors)
        assert self._process.stdout is not None
        self._reader = threading.Thread(
            target=self._read, args=(self._process.stdout,), name=f"judge {name}", daemon=True
        )
        self._reader.start()

    @property
    def events(self) -> tuple[Event, ...]:
        """All so far."""
        with _changed:
            return tuple(self._events)

    def since(self, mark: int, *kinds: str) -> list[Event]:
        """Those of a kind after the first `mark`."""
        return [each for each in self.events[mark:] if each.kind in kinds]

    @property
    def owned(self) -> frozenset[Partition]:
        """What its listener was given and not asked back."""
        owned: frozenset[Partition] = frozenset()
        for event in self.events:
            if event.kind == "assigned":
                owned |= event.partitions
            elif event.kind in _GIVEN_UP:
                owned -= event.partitions
        return owned

    def check(self) -> None:
        """Raises AssertionError if it ended without being told to."""
        ended = [each for each in self.events if each.kind in ("failed", "ended")]
        assert not ended or self._is_ending, f"{self.name} ended\n{self.told()}"

    def tell(self, command: str) -> Callable[[], None]:
        """Give a command; what is returned waits until it is done."""
        mark = len(self.events)
        self._write(command)

        def wait() -> None:
            self._wait_for(lambda: self._has("done", mark))

        return wait

    def close(self) -> Callable[[], None]:
        """Have it leave in good order; what is returned waits until it has ended."""
        self._is_ending = True
        self._write("close")

        def wait() -> None:
            try:
                self._wait_for(lambda: self._has("closed", 0) or self._has("ended", 0))
                assert self._has("closed", 0), f"{self.name} did not close\n{self.told()}"
            finally:
                self._end()

        return wait

    def kill(self) -> None:
        """SIGKILL: it is gone without a word, and owns nothing any more."""
        self._is_ending = True
        held = self.owned
        self._process.kill()
        self._process.wait()
        at_ms = now_ms()
        self._end()
        if held:
            self._add(Event(kind="lost", t_ms=at_ms, data={"partitions": _columns(held)}))

    def told(self) -> str:
        """The last of its events and of its log, for people."""
        lines = [f"  {json.dumps(dict(event.data))[:200]}" for event in self.events[-12:]]
        return "\n".join([f"{self.name} ({self.maker.name}):", *lines, *self._log()])

    def _has(self, kind: str, mark: int) -> bool:
        return any(each.kind == kind for each in self._events[mark:])

    def _wait_for(self, condition: Callable[[], bool]) -> None:
        def is_so() -> bool:
            self.check()
            return condition()

        wait_until(is_so, self.told)

    def _write(self, command: str) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # then whoever waits for an answer hears how it ended
            self._process.stdin.write(f"{command}\n".encode())
            self._process.stdin.flush()

    def _end(self) -> None:
        """Input closed, output read to its end, process reaped."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._process.stdout.close()
        self._errors.close()

    def _read(self, lines: IO[bytes]) -> None:
        for line in lines:
            data = json.loads(line)
            self._add(Event(kind=data["event"], t_ms=data["t_ms"], data=data))
        self._add(Event(kind="ended", t_ms=now_ms(), data={"event": "ended"}))

    def _add(self, event: Event) -> None:
        with _changed:
            self._events.append(event)
            _changed.notify_all()

    def _log(self) -> list[str]:
        if self._errors.closed:
            return []
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace").splitlines()[-25:]


def _columns(partitions: frozenset[Partition]) -> dict[str, list[int]]:
    columns: dict[str, list[int]] = {}
    for topic, partition in sorted(partitions):
        columns.setdefault(topic, []).append(partition)
    return columns
