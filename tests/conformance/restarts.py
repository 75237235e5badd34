"""Cases in which both brokers end and begin anew on their data (P02-P04).

All cases of a setup are played up to their next `Restart`, each in a group of its own; then both
brokers are ended, cleanly or by SIGKILL, and started again, and all go on.
"""

from __future__ import annotations

import os
import signal
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rebalance.testing.apache_kafka import ApacheKafka
from tests.cli.serving import served
from tests.conformance.brokers import SETTINGS_OF_BOTH, Address, address_of, prepare
from tests.conformance.conversation import Case, Restart, Step
from tests.conformance.played import Played, told
from tests.conformance.side import Line, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a broker ends, and what those after it are set to beside what it was."""

    how: signal.Signals
    then: Mapping[str, str] = field(default_factory=dict)


RESTARTS: Mapping[str, End] = {
    "restarted": End(how=signal.SIGTERM),
    "killed": End(how=signal.SIGKILL),
    "narrowed": End(how=signal.SIGTERM, then={"group.max.size": "1"}),
}
"""By the setup that a case names."""

_AT_ONCE = 32
_SOON_BACK = {"broker.session.timeout.ms": "3000", "broker.heartbeat.interval.ms": "300"}
"""Kafka lets nobody take the place of a broker that was killed before that session has ended."""
_START_TIMEOUT_S = 120.0

Start = Callable[[Path, signal.Signals, Mapping[str, str]], AbstractContextManager[Address]]


@contextmanager
def _ours(data: Path, how: signal.Signals, settings: Mapping[str, str]) -> Iterator[Address]:
    """`rebalance serve` on a directory, ended like that after the block."""
    options = [f"--set={name}={value}" for name, value in settings.items()]
    with served(*options, "--data", str(data)) as (process, servers):
        yield address_of(servers)
        process.send_signal(how)
        process.wait(30)


@contextmanager
def _kafka(data: Path, how: signal.Signals, settings: Mapping[str, str]) -> Iterator[Address]:
    """Apache Kafka on a directory, ended like that after the block."""
    settings = {**settings, **_SOON_BACK}
    with ApacheKafka(settings, data=data, start_timeout_s=_START_TIMEOUT_S) as kafka:
        yield address_of(kafka.bootstrap_servers)
        if how is signal.SIGKILL:
            os.kill(kafka.pid, how)
            kafka.wait()


@dataclass(slots=True)
class _Played:
    """One case with one broker, as far as it is played."""

    side: Side
    case: Case
    lines: list[Line] = field(default_factory=list)

    def play(self, part: int) -> None:
        """What comes before the first restart, or after that one."""
        parts = _parts(self.case)
        if part < len(parts):
            self.lines = told(self.side, partial(self._play, part, parts[part]))

    def _play(self, part: int, steps: Sequence[Step]) -> None:
        if part == 0:
            self.side.begin(self.case)
        for step in steps:
            self.side.step(step)


def play_and_restart(setup: str, cases: Sequence[Case]) -> Iterator[Played]:
    """All of the cases with both brokers."""
    end = RESTARTS[setup]
    names = [f"case-{uuid.uuid4().hex[:12]}" for _ in cases]
    with ThreadPoolExecutor(2) as pool:
        kafka, ours = (
            pool.submit(_play_with_one, start, end, cases, names) for start in (_kafka, _ours)
        )
    for case, theirs, here in zip(cases, kafka.result(), ours.result(), strict=True):
        yield Played(case=case, kafka=theirs, ours=here)


def _play_with_one(
    start: Start,
    end: End,
    cases: Sequence[Case],
    names: Sequence[str],
) -> list[list[Line]]:
    played = [_Played(Side(("", 0), name), case) for name, case in zip(names, cases, strict=True)]
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for each in played:
            stack.callback(each.side.close)
        for part in range(max(len(_parts(case)) for case in cases)):
            settings = {**SETTINGS_OF_BOTH, **(end.then if part else {})}
            with start(data / "logs", end.how, settings) as address:
                prepare(address)
                for each in played:
                    each.side.moves_to(address)
                with ThreadPoolExecutor(_AT_ONCE) as pool:
                    list(pool.map(partial(_Played.play, part=part), played))
    return [each.lines for each in played]


def _parts(case: Case) -> list[list[Step]]:
    """Its steps, cut at each restart."""
    parts: list[list[Step]] = [[]]
    for step in case.steps:
        if isinstance(step, Restart):
            parts.append([])
        else:
            parts[-1].append(step)
    return parts
