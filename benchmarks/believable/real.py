"""The deploy with real clients on a real broker, told as a trace.

Processes are forked from one that has everything imported, so that what is measured is the clients'
and not how long Python takes to start.
"""

import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from benchmarks.believable.deploy import TOPIC, Act, Deploy, Setup
from benchmarks.believable.pod import CLOSE, START, Wish, live
from benchmarks.believable.run import Run
from benchmarks.believable.servers import Server
from rebalance.timeline.decoding import stream_trace
from rebalance.timeline.trace import (
    Assigned,
    Event,
    Header,
    Lost,
    MemberStopped,
    Partitions,
    Revoked,
    TopicKnown,
    Trace,
    header_line,
)

__all__ = ["play"]

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["benchmarks.believable.pod"])
_REST_WITHIN_S = 120.0
_ENDS_WITHIN_S = 30.0


def play(server: Server, deploy: Deploy, setup: Setup, group_id: str, part: float) -> Run:
    """One run; `part` as `Deploy.lead_ms` has it.

    Raises:
        TimeoutError: the group did not come to its first rest.
    """
    group = _Group(server.servers, group_id, setup, deploy)
    with group.processes():
        for pod in deploy.first:
            group.act(Act(at_ms=0, what="start", pod=pod))
        group.wait_for_rest(deploy)
        began_ms = group.now() + deploy.lead_ms(setup, part)
        for act in deploy.acts():
            group.wait_until(began_ms + act.at_ms)
            group.act(act)
        group.wait_until(began_ms + deploy.end_ms)
        events = group.told()
    began = [each - group.origin_ms for each in server.rebalances(group_id)]
    trace = Trace(Header(source="benchmarks.believable", note=f"{setup.title}, {server.name}"))
    trace.add(TopicKnown(t=0, topic=TOPIC, partitions=deploy.partitions))
    for event in sorted(events, key=lambda event: event.t):
        if event.t <= began_ms + deploy.end_ms:
            trace.add(event)
    return Run(trace=trace, began_ms=began_ms, rebalances_ms=tuple(began))


@dataclass(slots=True)
class _Group:
    """The processes of a run, and what they have told so far."""

    servers: str
    group_id: str
    setup: Setup
    deploy: Deploy
    origin_ms: int = field(default_factory=lambda: time.monotonic_ns() // 1_000_000)
    _pods: dict[str, tuple[Any, Connection]] = field(default_factory=dict)
    _lines: list[str] = field(default_factory=list)
    _kills: list[Event] = field(default_factory=list)
    _more: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def processes(self) -> Iterator[None]:
        """All that the deploy needs, waiting for the word; whoever is left is killed at the end."""
        acts = list(self.deploy.acts())
        names = [*self.deploy.first, *(act.pod for act in acts if act.what == "start")]
        for name in names:
            ours, theirs = _FORKS.Pipe()
            wish = Wish(
                name=name,
                servers=self.servers,
                group_id=self.group_id,
                setup=self.setup,
                session_timeout_ms=self.deploy.session_timeout_ms,
                origin_ms=self.origin_ms,
            )
            process = _FORKS.Process(target=live, args=(wish, theirs), daemon=True)
            process.start()
            theirs.close()
            self._pods[name] = process, ours
        listening = threading.Thread(target=self._listen, daemon=True)
        listening.start()
        try:
            yield
        finally:
            for process, _ in self._pods.values():
                process.kill()
                process.join(_ENDS_WITHIN_S)
            listening.join(_ENDS_WITHIN_S)

    def _listen(self) -> None:
        """Until every process is gone."""
        open_ = [connection for _, connection in self._pods.values()]
        while open_:
            for ready in wait(open_):
                assert isinstance(ready, Connection)
                try:
                    line = ready.recv()
                except (EOFError, ConnectionResetError):
                    open_.remove(ready)
                    continue
                with self._more:
                    self._lines.append(line)
                    self._more.notify_all()

    def now(self) -> int:
        """Milliseconds since the trace began."""
        return time.monotonic_ns() // 1_000_000 - self.origin_ms

    def act(self, act: Act) -> None:
        """Do it."""
        process, connection = self._pods[act.pod]
        if act.what == "kill":
            process.kill()
            self._kills.append(
                MemberStopped(t=self.now(), group_id=self.group_id, member=act.pod, how="crashed")
            )
        else:
            connection.send(START if act.what == "start" else CLOSE)

    def wait_until(self, t_ms: int) -> None:
        """Let the time pass."""
        time.sleep(max(0, t_ms - self.now()) / 1000)

    def told(self) -> list[Event]:
        """All events so far."""
        with self._more:
            lines = [header_line(Header(source="pods")), *sorted(self._lines, key=_time)]
        return [*stream_trace(lines).events, *self._kills]

    def wait_for_rest(self, deploy: Deploy) -> None:
        """Until everybody owns a fair share, and everything is owned once."""
        fair = sorted(
            (deploy.partitions + number) // deploy.members for number in range(deploy.members)
        )
        deadline = time.monotonic() + _REST_WITHIN_S
        with self._more:
            while sorted(map(len, self._owned().values())) != fair:
                if not self._more.wait(deadline - time.monotonic()):
                    raise TimeoutError(f"{self.group_id} never came to rest: {self._owned()}")

    def _owned(self) -> dict[str, set[tuple[str, int]]]:
        owned: dict[str, set[tuple[str, int]]] = {}
        lines = [header_line(Header(source="pods")), *sorted(self._lines, key=_time)]
        for event in stream_trace(lines).events:
            if isinstance(event, Assigned):
                owned.setdefault(event.member, set()).update(_flat(event.partitions))
            elif isinstance(event, Revoked | Lost):
                owned[event.member].difference_update(_flat(event.partitions))
        return owned


def _time(line: str) -> int:
    """The `t` that every line begins with."""
    return int(line.removeprefix('{"t": ').partition(",")[0])


def _flat(partitions: Partitions) -> set[tuple[str, int]]:
    return {(topic, partition) for topic, ids in partitions.items() for partition in ids}
