"""From lines to events, one by one: what stands there is checked, what is wrong is named.

Why: a trace may have a million lines, come from a writer that was killed, or be no trace at all.
The header is read at once, each event when it is asked for; an error says file and line, what
stands there and what was expected. Rules for readers (docs/trace.md) are kept here.
"""

import json
import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, cast, get_args, get_origin

from rebalance.timeline.events import (
    EVENTS,
    SCHEMA,
    VERSION,
    AssignmentSent,
    Event,
    Header,
    MemberJoined,
    MemberRemoved,
    Partitions,
)

__all__ = ["TraceError", "TraceStream", "describe_type", "open_trace", "stream_trace"]

T = TypeVar("T")


class TraceError(ValueError):
    """A trace cannot be read; the message says where, what stands there and what was expected."""


@dataclass(slots=True)
class TraceStream:
    """A trace that is read while it is used: its events can be asked for once."""

    header: Header
    events: Iterator[Event]
    left_out: str = ""
    """Where reading stopped before the end of a trace, and why: in the last line, in which its
    writer was killed, or where it is broken and read in part. Known once the events were read."""


def open_trace(path: Path, *, partial: bool = False) -> TraceStream:
    """Read a trace file event by event (see `stream_trace`).

    Raises:
        TraceError: as `stream_trace` does; OSError as `open` raises it.
    """
    return stream_trace(_lines_of(path), name=str(path), partial=partial)


def stream_trace(
    lines: Iterable[str | bytes], *, name: str = "trace", partial: bool = False
) -> TraceStream:
    """Read a trace from its lines; unknown fields and unknown events of v1 writers are skipped.

    A last line without its end that does not parse is the mark of a writer that was killed: it is
    left out, because the trace of a crash is the one that somebody needs. With `partial` the first
    line that is broken ends the trace. `left_out` tells of both.

    Raises:
        TraceError: the header is missing or of another version; from `events`: a line does not
            parse, or time goes back.
    """
    numbered = _numbered(lines, name)
    for number, line in numbered:
        if line.strip():
            where = f"{name}:{number}"
            header = _header(_object(line, where, f"the header of a trace ({_EXAMPLE})"), where)
            ended = line.endswith("\n")
            stream = TraceStream(header, iter(()))
            stream.events = _events(numbered, name, stream, ended=ended, partial=partial)
            return stream
    raise TraceError(f"{name}: empty; expected the header of a trace ({_EXAMPLE})")


def _lines_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as lines:
        yield from lines


def _numbered(lines: Iterable[str | bytes], name: str) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        for number, line in enumerate(lines, 1):
            yield number, _text(line, number) if isinstance(line, bytes) else line
    except UnicodeDecodeError:
        where = f"{name}:{number}"
        raise TraceError(f"{where}: not UTF-8 text; expected a trace in JSON lines") from None


def _text(line: bytes, number: int) -> str:
    """Of a line that its writer was killed in, the last letter may be half of one."""
    cut = number > 1 and not line.endswith(b"\n")
    return line.decode(errors="replace" if cut else "strict")


def _events(
    numbered: Iterator[tuple[int, str]],
    name: str,
    stream: TraceStream,
    *,
    ended: bool,
    partial: bool,
) -> Iterator[Event]:
    """`ended`: the writer ends its lines."""
    last_t = 0
    while True:
        line = ""
        try:
            number, line = next(numbered)
            event = _event(line, f"{name}:{number}", last_t)
        except StopIteration:
            return
        except TraceError as error:
            if not partial and not (ended and _is_cut(line)):
                raise
            stream.left_out = str(error)
            return
        if event is not None:
            last_t = event.t
            yield event


def _is_cut(line: str) -> bool:
    """Without its end, and no JSON: its writer was killed."""
    if not line or line.endswith("\n"):
        return False
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return True
    return False


def _event(line: str, where: str, last_t: int) -> Event | None:
    """None: a blank line, or an event that this version does not know."""
    if not line.strip():
        return None
    data = _object(line, where, "one event as JSON object")
    if not isinstance(data.get("event"), str):
        raise TraceError(f"{where}: {_excerpt(line)} is no event: it lacks 'event', its kind")
    kind = EVENTS.get(data["event"])
    if kind is None:
        return None
    event: Event = _build(kind, data, where)
    if isinstance(event, _OF_SOMEBODY) and not event.member_id:
        raise TraceError(f"{where}: {event.NAME} has member_id=''; expected whom it is about")
    if event.t < last_t:
        raise TraceError(f"{where}: {out_of_order(event, last_t)}")
    return event


def out_of_order(event: Event, last_t: int) -> str:
    """What is wrong with an event that stands behind a later one."""
    return (
        f"event {event.NAME} at t={event.t} stands after t={last_t}; "
        "expected events in order of time"
    )


_OF_SOMEBODY = (MemberJoined, MemberRemoved, AssignmentSent)


# --- one line ------------------------------------------------------------------------------------

_EXAMPLE = f'{{"schema": "{SCHEMA}", "version": {VERSION}, ...}}'


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
    except (ValueError, RecursionError):  # ValueError also of a number of thousands of digits
        raise TraceError(f"{where}: {_excerpt(line)} is not JSON; expected {wanted}") from None
    if not isinstance(data, dict):
        raise TraceError(f"{where}: {_excerpt(line)} is no JSON object; expected {wanted}")
    return data


def _excerpt(line: str) -> str:
    text = line.strip()
    return repr(text if len(text) <= 40 else text[:39] + "…")


def _build(kind: type[T], data: Mapping[str, Any], where: str) -> T:
    values: dict[str, Any] = {}
    for name, needed, take, expected in _specs(cast(Hashable, kind)):
        if name not in data:
            if needed:
                raise TraceError(f"{where}: {data.get('event', 'header')} lacks {name!r}")
            continue
        try:
            values[name] = take(data[name])
        except ValueError:
            raise TraceError(
                f"{where}: {data.get('event', 'header')} has "
                f"{name}={_excerpt(json.dumps(data[name]))}; expected {expected}"
            ) from None
        if needed and values[name] == "" and name == "member":
            said = f"{data.get('event', 'header')} has {name}=''"
            raise TraceError(f"{where}: {said}; expected whom it is about")
    for name, holds, expected in _BOUNDS:
        if name in values and not holds(values[name]):
            found = _excerpt(json.dumps(values[name]))
            said = f"{data.get('event', 'header')} has {name}={found}"
            raise TraceError(f"{where}: {said}; expected {expected}")
    return kind(**values)


_HUNDRED_YEARS_MS = 36_525 * 24 * 3_600_000
_YEAR_10000_MS = 253_402_300_800_000
_MOST_PARTITIONS = 1_000_000
_BOUNDS: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("t", lambda t: 0 <= t <= _HUNDRED_YEARS_MS, "milliseconds, from 0 to a hundred years"),
    (
        "started_at_ms",
        lambda t: t is None or 0 <= t < _YEAR_10000_MS,
        "milliseconds since 1970, before the year 10000",
    ),
    (
        "partitions",
        lambda many: not isinstance(many, int) or 0 <= many <= _MOST_PARTITIONS,
        f"how many there are, at most {_MOST_PARTITIONS:,}",
    ),
)
"""What would be drawn for ever, or not at all."""


@cache
def _specs(kind: Hashable) -> tuple[tuple[str, bool, Callable[[Any], Any], str], ...]:
    """Name of each field, whether it must be there, how it is taken, what was expected."""
    return tuple(
        (spec.name, spec.default is MISSING, _taker(spec.type), describe_type(spec.type))
        for spec in fields(kind)  # type: ignore[arg-type]
    )


def _taker(kind: Any) -> Callable[[Any], Any]:
    """How a value of JSON becomes one of this type; ValueError where it does not."""
    simple: dict[Any, Callable[[Any], Any]] = {int: _integer, str: _string, bool: _boolean}
    if kind in simple:
        return simple[kind]
    if kind == Partitions:
        return _partitions
    if get_origin(kind) is tuple:
        return _strings
    if get_origin(kind) is Literal:
        return _one_of(get_args(kind))
    return _or_null(_taker(next(each for each in get_args(kind) if each is not type(None))))


def _integer(value: Any) -> int:
    if type(value) is not int:
        raise ValueError
    return value


def _string(value: Any) -> str:
    if type(value) is not str:
        raise ValueError
    return sys.intern(value)  # the same few names, a million times


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError
    return value


def _strings(value: Any) -> tuple[str, ...]:
    if type(value) is not list:
        raise ValueError
    return tuple(_string(each) for each in value)


def _partitions(value: Any) -> Partitions:
    if type(value) is not dict:
        raise ValueError
    for ids in value.values():
        if type(ids) is not list or any(type(id_) is not int or id_ < 0 for id_ in ids):
            raise ValueError
    return {sys.intern(topic): tuple(ids) for topic, ids in value.items()}


def _one_of(options: tuple[Any, ...]) -> Callable[[Any], Any]:
    def take(value: Any) -> Any:
        if value not in options or type(value) is not str:
            raise ValueError
        return value

    return take


def _or_null(take: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else take(value)


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
