"""How heavy a partition is: data, a function, or consumer lag as of a moment.

The rule kept here: every partition gets a finite weight of 0 or more, or one error names it. What
is not known (no lag yet, lag too old) weighs as much as the median of what is known: neither
nothing, which would pile it up on one member, nor a guess. There is no clock here: a snapshot says
when it was taken and what the time was when it was handed over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from assignors.flat import FlatIndex
from assignors.optimized.data import list_of, number, text_of, whole
from assignors.optimized.errors import InvalidObjectiveError

MAX_TOTAL = 2**24
"""Weights are whole numbers inside; their sum is at most this."""


class WeightSource(Protocol):
    """What an objective's `weights` may be, besides a function of (topic, partition)."""

    def of(self, index: FlatIndex, default: float) -> tuple[list[float], tuple[str, ...]]:
        """A weight per partition of the index, and notes on what had to be assumed."""

    def to_data(self) -> Any:
        """Plain data; what changes from rebalance to rebalance is left out."""

    def describe(self) -> str:
        """A few words."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Topic -> a number for each of its partitions, or a list with one per partition.

    Topics that are not named, and partitions beyond a list's end, weigh the objective's
    `default_weight`. Raises InvalidObjectiveError for anything but finite numbers of 0 or more.
    """

    by_topic: Mapping[str, float | Sequence[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        read: dict[str, float | tuple[float, ...]] = {}
        if not isinstance(self.by_topic, Mapping):
            raise InvalidObjectiveError(
                f"weights are {self.by_topic!r}: give topic -> number, or a list of them"
            )
        for topic in sorted(text_of(each, "a topic in weights") for each in self.by_topic):
            given: Any = self.by_topic[topic]
            if _is_column(given):
                read[topic] = tuple(
                    number(each, f"the weight of {topic}-{at}") for at, each in enumerate(given)
                )
            else:
                read[topic] = number(given, f"the weight of the topic {topic!r}")
        object.__setattr__(self, "by_topic", MappingProxyType(read))

    def __hash__(self) -> int:
        return hash(tuple(self.by_topic.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return Weights, (dict(self.by_topic),)

    def of(self, index: FlatIndex, default: float) -> tuple[list[float], tuple[str, ...]]:
        """See `WeightSource`."""
        weights: list[float] = []
        notes = []
        for topic, count in index.counts.items():
            given = self.by_topic.get(topic, default)
            if not isinstance(given, tuple):
                weights += [given] * count  # type: ignore[list-item]
                continue
            weights += [*given[:count], *[default] * (count - len(given))]
            if len(given) < count:
                notes.append(
                    f"weights list {len(given)} of the {count} partitions of {topic!r}: "
                    f"the others weigh {default:g}"
                )
        notes += [
            f"weights name the topic {topic!r}, which has no partitions in this group"
            for topic in self.by_topic
            if topic not in index.counts
        ]
        return weights, tuple(notes)

    def to_data(self) -> Any:
        """As given."""
        return {
            topic: list(given) if isinstance(given, tuple) else given
            for topic, given in self.by_topic.items()
        }

    def describe(self) -> str:
        """A few words."""
        return f"as listed for {', '.join(self.by_topic)}" if self.by_topic else "all alike"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lags:
    """Consumer lag of each partition, as of a moment.

    `by_topic`: topic -> lag in messages per partition, None where it is not known. `as_of_ms`: when
    it was measured, for all or by topic. `now_ms`: what the time was when this was handed over.
    Lag older than `max_age_ms` is as unknown as missing lag. A partition weighs `base` + its lag,
    one of unknown lag the median of the known; without any, all weigh `base` alike.
    """

    by_topic: Mapping[str, Sequence[int | None]]
    as_of_ms: int | Mapping[str, int]
    now_ms: int
    max_age_ms: int = 60_000
    base: float = 1

    def __post_init__(self) -> None:
        read: dict[str, tuple[float | None, ...]] = {}
        for topic in sorted(text_of(each, "a topic in lags") for each in self.by_topic):
            given = list_of(self.by_topic[topic], f"the lags of the topic {topic!r}")
            read[topic] = tuple(
                None if each is None else number(each, f"the lag of {topic}-{at}")
                for at, each in enumerate(given)
            )
        object.__setattr__(self, "by_topic", MappingProxyType(read))
        _check_lag_settings(self)
        times = self.as_of_ms.values() if isinstance(self.as_of_ms, Mapping) else [self.as_of_ms]
        for each in (*times, self.now_ms):
            whole(each, "a time in lags, in milliseconds,")

    def __hash__(self) -> int:
        return hash((tuple(self.by_topic.items()), self.now_ms, self.max_age_ms, self.base))

    def age_ms(self, topic: str) -> int | None:
        """How old the lag of a topic is; None if it was never measured."""
        as_of = self.as_of_ms.get(topic) if isinstance(self.as_of_ms, Mapping) else self.as_of_ms
        return None if as_of is None or topic not in self.by_topic else self.now_ms - as_of

    def of(self, index: FlatIndex, default: float) -> tuple[list[float], tuple[str, ...]]:
        """See `WeightSource`; the default weight plays no part."""
        lags: list[float | None] = []
        notes = []
        for topic, count in index.counts.items():
            age = self.age_ms(topic)
            known = self.by_topic.get(topic, ()) if age is not None else ()
            if age is not None and age > self.max_age_ms:
                notes.append(
                    f"the lag of {topic!r} is {age} ms old, more than {self.max_age_ms} ms: "
                    "it counts as the median"
                )
                known = ()
            elif len(known) < count or None in known[:count]:
                notes.append(f"some lag of {topic!r} is not known: it counts as the median")
            lags += [*known[:count], *[None] * (count - len(known))]
        median = _median([each for each in lags if each is not None])
        return [self.base + (median if each is None else each) for each in lags], tuple(notes)

    def to_data(self) -> Any:
        """That it is lag, not how much: members that measured at other times agree."""
        return {"lag": {"base": self.base, "max_age_ms": self.max_age_ms}}

    def describe(self) -> str:
        """A few words."""
        return f"{self.base:g} + lag, if it is at most {self.max_age_ms} ms old"


@dataclass(frozen=True, slots=True)
class LiveLags:
    """Lag that somebody keeps fresh: `read()` hands over the last snapshot, at each assignment.

    `read` must not wait: the leader's rebalance waits for it. An answer of None, as before the
    first measurement, means that no lag is known.
    """

    read: Callable[[], Lags | None]
    base: float = 1
    max_age_ms: int = 60_000

    def __post_init__(self) -> None:
        _check_lag_settings(self)

    def of(self, index: FlatIndex, default: float) -> tuple[list[float], tuple[str, ...]]:
        """See `WeightSource`."""
        lags = self.read()
        if lags is None:
            return [self.base] * index.size, ("no lag is known yet: all partitions weigh alike",)
        if not isinstance(lags, Lags):
            raise InvalidObjectiveError(f"the lag reader returned {lags!r}: return Lags, or None")
        return replace(lags, base=self.base, max_age_ms=self.max_age_ms).of(index, default)

    def to_data(self) -> Any:
        """That it is lag."""
        return {"lag": {"base": self.base, "max_age_ms": self.max_age_ms}}

    def describe(self) -> str:
        """A few words."""
        return f"{self.base:g} + lag as last read, if it is at most {self.max_age_ms} ms old"


def _check_lag_settings(lags: Lags | LiveLags) -> None:
    base = number(lags.base, "the base weight of lags", above=0)
    object.__setattr__(lags, "base", base)
    object.__setattr__(lags, "max_age_ms", whole(lags.max_age_ms, "max_age_ms of lags"))


WeightFunction: TypeAlias = Callable[[str, int], float]


@dataclass(frozen=True, slots=True)
class Computed:
    """A function of (topic, partition) as a source; two members agree if its name is the same."""

    function: WeightFunction

    def of(self, index: FlatIndex, default: float) -> tuple[list[float], tuple[str, ...]]:
        """See `WeightSource`."""
        weights = []
        for topic, count in index.counts.items():
            for partition in range(count):
                try:
                    given = self.function(topic, partition)
                except Exception as error:
                    raise InvalidObjectiveError(
                        f"the weight function raised {error!r} for {topic}-{partition}: fix it"
                    ) from error
                weights.append(number(given, f"the weight of {topic}-{partition}"))
        return weights, ()

    def to_data(self) -> Any:
        """Its name, for want of anything better."""
        return {"function": self._name()}

    def describe(self) -> str:
        """A few words."""
        return f"as {self._name()} says"

    def _name(self) -> str:
        return str(getattr(self.function, "__qualname__", type(self.function).__qualname__))


def scaled(weights: Sequence[float], most: int = MAX_TOTAL) -> tuple[NDArray[np.int64], Fraction]:
    """Weights as whole numbers, and the factor by which they were multiplied.

    Exactly, as long as the sum stays within `most` and a power of two up to 1024 makes them
    whole; else rounded to the nearest at the largest such factor, and what is not 0 stays at
    least 1.
    """
    if not weights:
        return np.zeros(0, dtype=np.int64), Fraction(1)
    values = np.array(weights, dtype=np.float64)
    with np.errstate(over="ignore"):
        total = float(values.sum())
    if not np.isfinite(total):
        raise InvalidObjectiveError(
            "the weights add up to more than a float holds: scale them down"
        )
    if total <= 0:
        return np.zeros(len(weights), dtype=np.int64), Fraction(1)
    for power in range(11):
        factor = 2**power
        grown = values * factor
        if total * factor <= most and bool((grown == np.floor(grown)).all()):
            whole_ = grown.astype(np.int64)
            common = int(np.gcd.reduce(whole_))
            return whole_ // common, Fraction(factor, common)
    # By way of the heaviest: the factor itself may be too large or too small for a float.
    heaviest = float(values.max())
    relative = values / heaviest
    part = float(relative.sum())
    scale = Fraction(most) / (Fraction(part) * Fraction(heaviest))
    rounded = np.rint(relative * (most / part)).astype(np.int64)
    return np.where(values > 0, np.maximum(rounded, 1), 0), scale


def _is_column(given: Any) -> bool:
    """A list or array, and not an array of no dimension, which is a number."""
    listed = hasattr(given, "__len__") and not isinstance(given, str)
    return listed and getattr(given, "ndim", None) != 0


def _median(values: list[float]) -> float:
    ordered = sorted(values)
    if not ordered:
        return 0
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
