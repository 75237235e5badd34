"""A machine as a value: two machines that will behave alike from here on give equal values.

Why: a state that was seen must be known again. What a machine counts for its own use (tokens, the
order in which timers were armed, what was told long ago) makes states differ that do not differ;
what it knows of the group does not. docs/explore.md says of each why it may be left out.
Rule kept: generic over classes. What is left out is named here, everything else counts.
"""

from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from types import BuiltinMethodType, FunctionType, MappingProxyType, MethodType
from typing import Any

from rebalance.protocol.timers import TimerQueue
from rebalance.simulation.explore.fields import field_names, holds_state

__all__ = ["canonical"]

_HISTORY = frozenset(
    {"_recent", "violations", "rebalances", "refused", "since", "last_heartbeat_ms", "last_join_ms"}
)
"""What was: kept to be told, looked at by nobody who decides."""

_ALWAYS_THE_SAME = frozenset({"_last_plans"})
"""What an assignor says depends on what it is asked alone: whoever asked last, or never yet."""

_FOR_WHO_LOADS = frozenset({"chosen"})
"""Looked at as a coordinator loads a group, and none does here."""

_LEFT_OUT = _HISTORY | _ALWAYS_THE_SAME | _FOR_WHO_LOADS

_NUMBERED = frozenset({"_appends"})
"""By a number that only says which came first: the order says it, too."""


_Seen = dict[int, int]
"""What was met already -> the how-manieth it was: machines refer to each other in circles."""

_Form = Callable[[Any, frozenset[str], _Seen], Hashable]


def canonical(machine: object, left_out: frozenset[str] = frozenset()) -> Hashable:
    """`machine` as nested tuples of values, without the fields of these names.

    Raises:
        TypeError: it holds something that cannot be compared by value.
    """
    return _value(machine, left_out | _LEFT_OUT, {})


def _value(value: Any, left_out: frozenset[str], seen: _Seen) -> Hashable:
    form = _FORMS.get(type(value))
    if form is None:
        form = _FORMS[type(value)] = _chosen(type(value))
    return form(value, left_out, seen)


def _chosen(kind: type) -> _Form:
    if holds_state(kind):
        return _record
    return _mapping if issubclass(kind, Mapping) else _as_it_is


def _as_it_is(value: Any, left_out: frozenset[str], seen: _Seen) -> Hashable:
    hash(value)
    return value  # type: ignore[no-any-return]


def _record(value: Any, left_out: frozenset[str], seen: _Seen) -> Hashable:
    if id(value) in seen:
        return ("seen", seen[id(value)])
    seen[id(value)] = len(seen)
    made: list[Hashable] = [type(value).__name__]
    for name in field_names(value):
        if name in _NUMBERED:
            made.append(_sequence(getattr(value, name).values(), left_out, seen))
        elif name not in left_out:
            made.append(_value(getattr(value, name), left_out, seen))
    return tuple(made)


def _mapping(value: Mapping[Any, Any], left_out: frozenset[str], seen: _Seen) -> Hashable:
    """In its order: whoever walks through it decides by that."""
    return tuple(
        (_value(key, left_out, seen), _value(each, left_out, seen)) for key, each in value.items()
    )


def _counted(value: Counter[Any], left_out: frozenset[str], seen: _Seen) -> Hashable:
    return frozenset(value.items())


def _sequence(value: Iterable[Any], left_out: frozenset[str], seen: _Seen) -> Hashable:
    return tuple(_value(each, left_out, seen) for each in value)


def _set(value: set[Any], left_out: frozenset[str], seen: _Seen) -> Hashable:
    return frozenset(value)


def _method(value: MethodType, left_out: frozenset[str], seen: _Seen) -> Hashable:
    """Whoever is to be told may remember it: a checker is known to its registry by this alone."""
    return value.__name__, _value(value.__self__, left_out, seen)


def _timers(value: TimerQueue, left_out: frozenset[str], seen: _Seen) -> Hashable:
    """What is armed, and for how long; in which order does not matter where each fires alone."""
    return frozenset(value.armed())


def _no_value(value: object, left_out: frozenset[str], seen: _Seen) -> Hashable:
    return None


_FORMS: dict[type, _Form] = {
    dict: _mapping,
    MappingProxyType: _mapping,
    Counter: _counted,
    list: _sequence,
    deque: _sequence,
    tuple: _sequence,
    set: _set,
    TimerQueue: _timers,
    FunctionType: _no_value,
    MethodType: _method,
    BuiltinMethodType: _no_value,
}
