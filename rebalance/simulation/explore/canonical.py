"""A machine as a value: two machines that will behave alike from here on give equal values.

Why: a state that was seen must be known again. What a machine counts for its own use (tokens, the
order in which timers were armed, what was told long ago) makes states differ that do not differ;
what it knows of the group does not. Rule kept: generic over classes. What is left out, `left_out`
names; everything else counts.
"""

from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from types import BuiltinMethodType, FunctionType, MappingProxyType, MethodType
from typing import Any

from rebalance.protocol.timers import TimerQueue
from rebalance.simulation.explore.fields import field_names, holds_state
from rebalance.simulation.explore.left_out import LEFT_OUT, NUMBERED

__all__ = ["canonical"]

_Seen = dict[int, int]
"""What was met already -> the how-manieth it was: machines refer to each other in circles."""

_Form = Callable[[Any, _Seen], Hashable]

_NOTHING: frozenset[str] = frozenset()


def canonical(machine: object) -> Hashable:
    """`machine` as nested tuples of values, without what makes no difference.

    Raises:
        TypeError: it holds something that cannot be compared by value.
    """
    return _value(machine, {})


def _value(value: Any, seen: _Seen) -> Hashable:
    form = _FORMS.get(type(value))
    if form is None:
        form = _FORMS[type(value)] = _chosen(type(value))
    return form(value, seen)


def _chosen(kind: type) -> _Form:
    if holds_state(kind):
        return _record
    return _mapping if issubclass(kind, Mapping) else _as_it_is


def _as_it_is(value: Any, seen: _Seen) -> Hashable:
    hash(value)
    return value  # type: ignore[no-any-return]


def _record(value: Any, seen: _Seen) -> Hashable:
    if id(value) in seen:
        return ("seen", seen[id(value)])
    seen[id(value)] = len(seen)
    made: list[Hashable] = [type(value).__name__]
    left_out = LEFT_OUT.get(type(value), _NOTHING)
    numbered = NUMBERED.get(type(value), _NOTHING)
    for name in field_names(value):
        if name in numbered:
            made.append(_sequence(getattr(value, name).values(), seen))
        elif name not in left_out:
            made.append(_value(getattr(value, name), seen))
    return tuple(made)


def _mapping(value: Mapping[Any, Any], seen: _Seen) -> Hashable:
    """In its order: whoever walks through it decides by that."""
    return tuple((_value(key, seen), _value(each, seen)) for key, each in value.items())


def _counted(value: Counter[Any], seen: _Seen) -> Hashable:
    return frozenset(value.items())


def _sequence(value: Iterable[Any], seen: _Seen) -> Hashable:
    return tuple(_value(each, seen) for each in value)


def _set(value: set[Any], seen: _Seen) -> Hashable:
    return frozenset(value)


def _method(value: MethodType, seen: _Seen) -> Hashable:
    """Whoever is to be told may remember it: a checker is known to its registry by this alone."""
    return value.__name__, _value(value.__self__, seen)


def _timers(value: TimerQueue, seen: _Seen) -> Hashable:
    """What is armed, and for how long; in which order does not matter where each fires alone."""
    return frozenset(value.armed())


def _no_value(value: object, seen: _Seen) -> Hashable:
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
