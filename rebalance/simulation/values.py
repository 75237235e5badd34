"""Small words of a scenario: durations, ranges, lists, and how times and partitions are printed.

Why: what is printed can be read back, and a value that cannot be read says what was expected.
"""

import re
from collections.abc import Iterable

__all__ = [
    "duration",
    "duration_range",
    "expanded",
    "names",
    "partition_name",
    "partition_names",
    "partitions_text",
    "seconds",
    "short_duration",
    "span_text",
    "whole_number",
]

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_LONGEST_MS = 2**31 - 1
"""Kafka's own timeouts end there, too; what is longer nobody waits for."""
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_RUN = re.compile(r"(.*?)(\d+)\.\.(\d+)")


def whole_number(text: str) -> int:
    """`3` as a number. Raises ValueError saying what was expected."""
    if not re.fullmatch(r"-?\d+", text):
        raise ValueError(f"{text!r}: expected a whole number")
    return int(text)


def duration(text: str) -> int:
    """`200ms`, `1.5s`, `5m` as whole milliseconds. Raises ValueError saying what was expected."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r}: expected a duration such as 200ms, 1.5s or 5m")
    value = float(found[1]) * _UNITS[found[2]]
    if value > _LONGEST_MS:
        longest = f"{_LONGEST_MS // _UNITS['h']}h"
        raise ValueError(f"{text!r}: a duration is at most {longest}, as Kafka's own are")
    if value != int(value):
        raise ValueError(f"{text!r}: a duration is a whole number of milliseconds")
    return int(value)


def duration_range(text: str) -> tuple[int, int]:
    """`3ms` or `1..5ms` as (least, most) in milliseconds."""
    first, dots, last = text.partition("..")
    if not dots:
        return duration(text), duration(text)
    unit = _DURATION.fullmatch(last)
    least = duration(first if _DURATION.fullmatch(first) or unit is None else first + unit[2])
    most = duration(last)
    if least > most:
        raise ValueError(f"{text!r}: the range ends before it begins")
    return least, most


def names(text: str) -> tuple[str, ...]:
    """`a,b` as names; empty text is no names."""
    return tuple(name for name in text.split(",") if name)


def expanded(words: Iterable[str]) -> tuple[str, ...]:
    """Names, with `pod-1..3` written out: pod-1, pod-2, pod-3 (`01..12` keeps its zeros).

    Raises:
        ValueError: a range ends before it begins.
    """
    found: list[str] = []
    for word in words:
        run = _RUN.fullmatch(word)
        if run is None:
            found.append(word)
            continue
        stem, first, last = run.groups()
        if int(first) > int(last):
            raise ValueError(f"{word!r}: the range ends before it begins")
        found += [f"{stem}{n:0{len(first)}}" for n in range(int(first), int(last) + 1)]
    return tuple(found)


def seconds(t: int) -> str:
    """A time as it stands in every output: `3.020s`."""
    return f"{t / 1000:.3f}s"


def short_duration(ms: int) -> str:
    """A duration as one would write it: `5m`, `2s`, `1.5s`, `40ms`."""
    for unit in ("h", "m", "s"):
        if ms >= _UNITS[unit] and ms % _UNITS[unit] == 0:
            return f"{ms // _UNITS[unit]}{unit}"
    return f"{ms / 1000:g}s" if ms >= 1000 else f"{ms}ms"


def partition_name(partition: tuple[str, int]) -> str:
    """`orders-3`, as Kafka writes it."""
    return f"{partition[0]}-{partition[1]}"


def partition_names(partitions: Iterable[tuple[str, int]]) -> str:
    """`orders-3, payments-0`, in order."""
    return ", ".join(partition_name(each) for each in sorted(partitions))


def span_text(start: int, end: int) -> str:
    """The offsets [start, end): `record 7`, or `records 7 to 9`."""
    return f"record {start}" if end - start == 1 else f"records {start} to {end - 1}"


def partitions_text(partitions: Iterable[tuple[str, int]]) -> str:
    """`orders 0-2,5 payments 1`; `nothing` when there is none."""
    by_topic: dict[str, list[int]] = {}
    for topic, partition in sorted(partitions):
        by_topic.setdefault(topic, []).append(partition)
    return " ".join(f"{t} {ranges(ids)}" for t, ids in by_topic.items()) or "nothing"


def ranges(ids: Iterable[int]) -> str:
    """Ascending ids as `0-2,5`."""
    runs: list[list[int]] = []
    for each in ids:
        if runs and each == runs[-1][1] + 1:
            runs[-1][1] = each
        else:
            runs.append([each, each])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
