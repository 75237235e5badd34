"""The trace in memory and as JSON lines: a header line, then one event a line, `t` in milliseconds.

Why: whoever writes a trace and whoever reads one meets here, and only here. This module stays
cheap to import (no numpy, no rich): a consumer in production imports it. The events themselves
are in events.py and are exported from here; docs/trace.md documents each of them.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, TextIO, TypeVar, get_args, get_origin

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
    "Revoked",
    "Step",
    "Subscribed",
    "TopicKnown",
    "Trace",
    "TraceEnded",
    "TraceError",
    "View",
    "event_line",
    "header_line",
    "parse_trace",
    "read_trace",
    "write_trace",
]

T = TypeVar("T")


class TraceError(ValueError):
    """A trace cannot be read; the message says where, what stands there and what was expected."""


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
            raise TraceError(
                f"event {event.NAME} at t={event.t} stands after t={last_t}; "
                "expected events in order of time"
            )
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
    """Read a trace file.

    Raises:
        TraceError: with file, line and what was expected; OSError as `open` raises it.
    """
    with path.open(encoding="utf-8") as lines:
        return parse_trace(lines, name=str(path))


def parse_trace(lines: Iterable[str], *, name: str = "trace") -> Trace:
    """Read a trace from its lines; unknown fields and unknown events of v1 writers are skipped.

    A last line without its end that does not parse is the mark of a writer that was killed: it is
    left out, because the trace of a crash is the one that somebody needs.

    Raises:
        TraceError: the header is missing or of another version, or a line does not parse.
    """
    trace: Trace | None = None
    line_ends = False
    for number, line in _numbered(lines, name):
        if not line.strip():
            continue
        where = f"{name}:{number}"
        if trace is None:
            trace = Trace(
                _header(_object(line, where, f"the header of a trace ({_EXAMPLE})"), where)
            )
            line_ends = line.endswith("\n")
            continue
        try:
            data = _object(line, where, "one event as JSON object")
        except TraceError:
            if line_ends and not line.endswith("\n"):
                break
            raise
        kind = EVENTS.get(str(data.get("event")))
        if kind is None:
            continue
        event: Event = _build(kind, data, where)
        try:
            trace.add(event)
        except TraceError as error:
            raise TraceError(f"{where}: {error}") from None
    if trace is None:
        raise TraceError(f"{name}: empty; expected the header of a trace ({_EXAMPLE})")
    return trace


_EXAMPLE = f'{{"schema": "{SCHEMA}", "version": {VERSION}, ...}}'


def _numbered(lines: Iterable[str], name: str) -> Iterator[tuple[int, str]]:
    try:
        yield from enumerate(lines, 1)
    except UnicodeDecodeError:
        raise TraceError(f"{name}: not UTF-8 text; expected a trace in JSON lines") from None


def _header(data: dict[str, Any], where: str) -> Header:
    if data.get("schema") != SCHEMA:
        raise TraceError(f"{where}: not a trace; expected a header as first line ({_EXAMPLE})")
    if data.get("version") != VERSION:
        raise TraceError(
            f"{where}: a trace of version {data.get('version')!r}, but this release reads "
            f"version {VERSION}; update kafka-rebalance"
        )
    return _build(Header, data, where)


def _object(line: str, where: str, wanted: str) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except (json.JSONDecodeError, RecursionError):
        raise TraceError(f"{where}: {_excerpt(line)} is not JSON; expected {wanted}") from None
    if not isinstance(data, dict):
        raise TraceError(f"{where}: {_excerpt(line)} is no JSON object; expected {wanted}")
    return data


def _excerpt(line: str) -> str:
    text = line.strip()
    return repr(text if len(text) <= 40 else text[:39] + "…")


def _build(kind: type[T], data: dict[str, Any], where: str) -> T:
    values: dict[str, Any] = {}
    label = data.get("event", "header")
    for spec in fields(kind):  # type: ignore[arg-type]
        if spec.name not in data:
            if spec.default is MISSING:
                raise TraceError(f"{where}: {label} lacks {spec.name!r}")
            continue
        value = _frozen(data[spec.name])
        if not _fits(spec.type, value):
            raise TraceError(
                f"{where}: {label} has {spec.name}={_excerpt(json.dumps(data[spec.name]))}; "
                f"expected {describe_type(spec.type)}"
            )
        values[spec.name] = value
    if values.get("t", 0) < 0:
        raise TraceError(f"{where}: {label} has t={values['t']}; expected milliseconds >= 0")
    return kind(**values)


def _fits(kind: Any, value: Any) -> bool:
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind in (str, bool, type(None)):
        return isinstance(value, kind)
    if kind == Partitions:
        return isinstance(value, Mapping) and all(
            isinstance(ids, tuple) and all(_fits(int, id_) and id_ >= 0 for id_ in ids)
            for ids in value.values()
        )
    if get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(_fits(get_args(kind)[0], item) for item in value)
    if get_origin(kind) is Literal:
        return isinstance(value, str) and value in get_args(kind)
    return any(_fits(option, value) for option in get_args(kind))


def describe_type(kind: Any) -> str:
    """The type of a field as JSON knows it: for error messages and docs/trace.md."""
    simple = {int: "integer", str: "string", bool: "true or false", type(None): "null"}
    if kind in simple:
        return simple[kind]
    if kind == Partitions:
        return "object: topic to list of partition ids"
    if get_origin(kind) is tuple:
        return "list of strings"
    if get_origin(kind) is Literal:
        return " or ".join(f'"{option}"' for option in get_args(kind))
    return " or ".join(describe_type(option) for option in get_args(kind))


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        return {key: tuple(ids) if isinstance(ids, list) else ids for key, ids in value.items()}
    return value


def _present(record: Any) -> dict[str, Any]:
    return {
        spec.name: getattr(record, spec.name)
        for spec in fields(record)
        if spec.default is MISSING or getattr(record, spec.name) != spec.default
    }


def _dump(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(", ", ": "))
