"""The trace in memory and as JSON lines: a header line, then one event a line, `t` in milliseconds.

Why: whoever writes a trace and whoever reads one meets here, and only here. This module stays
cheap to import (no numpy, no rich): a consumer in production imports it. The events themselves
are in events.py and are exported from here; docs/trace.md documents each of them.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, TextIO

from rebalance.timeline.decoding import (
    TraceError,
    TraceStream,
    open_trace,
    out_of_order,
    stream_trace,
)
from rebalance.timeline.events import (
    EVENTS,
    SCHEMA,
    VERSION,
    Assigned,
    AssignmentSent,
    AssignorReplaced,
    CommitRefused,
    Event,
    GroupStateChanged,
    GroupWaits,
    Header,
    JoinCompleted,
    Joined,
    Joining,
    Lost,
    MemberFailed,
    MemberJoined,
    MemberPaused,
    MemberRemoved,
    MemberResumed,
    MemberStarted,
    MemberStopped,
    Partitions,
    RebalanceStarted,
    RequestAnswered,
    RequestSent,
    Revoked,
    Step,
    Subscribed,
    TopicKnown,
    TraceEnded,
    View,
)

__all__ = [
    "EVENTS",
    "SCHEMA",
    "VERSION",
    "Assigned",
    "AssignmentSent",
    "AssignorReplaced",
    "CommitRefused",
    "Event",
    "GroupStateChanged",
    "GroupWaits",
    "Header",
    "JoinCompleted",
    "Joined",
    "Joining",
    "Lost",
    "MemberFailed",
    "MemberJoined",
    "MemberPaused",
    "MemberRemoved",
    "MemberResumed",
    "MemberStarted",
    "MemberStopped",
    "Partitions",
    "RebalanceStarted",
    "RequestAnswered",
    "RequestSent",
    "Revoked",
    "Step",
    "Subscribed",
    "TopicKnown",
    "Trace",
    "TraceEnded",
    "TraceError",
    "TraceStream",
    "View",
    "event_line",
    "header_line",
    "open_trace",
    "parse_trace",
    "read_trace",
    "stream_trace",
    "write_trace",
]


@dataclass(slots=True)
class Trace:
    """A header and its events in order: kept in memory, handed on one by one, or both."""

    header: Header
    events: list[Event] = field(default_factory=list)
    """Empty where they are not kept."""
    watch: Callable[[Event], None] | None = None
    """Called with each event as it is added: a file's writer, a progress display."""
    keep: bool = True
    """False: `add` hands events on to `watch` and remembers only the last `t` and their number, so
    that a process that runs for months does not grow."""
    _added: int = field(default=0, init=False, repr=False, compare=False)
    _last_t: int | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def last_t(self) -> int | None:
        """When the last event was, in milliseconds since the trace began; None: none so far."""
        return self.events[-1].t if self.events else self._last_t

    @property
    def count(self) -> int:
        """How many events there were, kept or not."""
        return len(self.events) if self.keep else self._added

    def add(self, event: Event) -> None:
        """Append one event; `t` never goes back (an earlier one is a caller's mistake)."""
        last_t = self.last_t
        if last_t is not None and event.t < last_t:
            raise TraceError(out_of_order(event, last_t))
        if self.keep:
            self.events.append(event)
        else:
            self._added, self._last_t = self._added + 1, event.t
        if self.watch is not None:
            self.watch(event)

    def lines(self) -> Iterator[str]:
        """The trace as JSON lines, without line ends.

        Raises:
            ValueError: its events were not kept.
        """
        if self._added:
            raise ValueError(
                f"the trace kept none of its {self._added} events (keep=False): "
                "write them in `watch`, with event_line()"
            )
        yield header_line(self.header)
        for event in self.events:
            yield event_line(event)


def header_line(header: Header) -> str:
    """The first line of a trace."""
    return _dump({"schema": SCHEMA, "version": VERSION} | _present(header))


def event_line(event: Event) -> str:
    """One event as one line: `t` and `event` first, defaults left out."""
    body = _present(event)
    del body["t"]
    return _dump({"t": event.t, "event": event.NAME} | body)


def write_trace(trace: Trace, out: TextIO) -> None:
    """Write all lines of `trace` to `out`."""
    for line in trace.lines():
        out.write(line + "\n")


def read_trace(path: Path) -> Trace:
    """Read a trace file into memory.

    Raises:
        TraceError: with file, line and what was expected; OSError as `open` raises it.
    """
    return _whole(open_trace(path))


def parse_trace(lines: Iterable[str], *, name: str = "trace") -> Trace:
    """Read a trace from its lines into memory (see `stream_trace`).

    Raises:
        TraceError: the header is missing or of another version, or a line does not parse.
    """
    return _whole(stream_trace(lines, name=name))


def _whole(stream: TraceStream) -> Trace:
    return Trace(stream.header, list(stream.events))


def _present(record: Any) -> dict[str, Any]:
    return {
        spec.name: getattr(record, spec.name)
        for spec in fields(record)
        if spec.default is MISSING or getattr(record, spec.name) != spec.default
    }


def _dump(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(", ", ": "))
