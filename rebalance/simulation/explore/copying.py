"""A copy of a machine, to try something on: what may change is copied, what cannot is shared.

Why: exploring means doing several things from one and the same state. `copy.deepcopy` copies every
message and assignor, too, and takes ten times as long.
Rule kept: one object in the original is one object in the copy, whoever refers to it. What is not
a container and not of a room that holds state is a value, and shared.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import is_dataclass
from types import BuiltinMethodType, MethodType, ModuleType
from typing import Any, TypeVar

from rebalance.simulation.explore.fields import field_names, holds_state

__all__ = ["copied"]

T = TypeVar("T")
_Memo = dict[int, Any]


def copied(machine: T) -> T:
    """A copy that shares nothing with `machine` that either of them may change."""
    made: T = _copy(machine, {})
    return made


def _copy(value: Any, memo: _Memo) -> Any:
    copy = _COPIES.get(type(value))
    if copy is None:
        copy = _COPIES[type(value)] = _chosen(type(value))
    return copy(value, memo)


def _chosen(kind: type) -> Callable[[Any, _Memo], Any]:
    if not holds_state(kind):
        return _shared
    return _frozen if is_dataclass(kind) and _is_frozen(kind) else _object


def _is_frozen(kind: type) -> bool:
    return bool(kind.__dataclass_params__.frozen)  # type: ignore[attr-defined]


def _shared(value: Any, memo: _Memo) -> Any:
    return value


def _dict(value: dict[Any, Any], memo: _Memo) -> Any:
    made = memo.get(id(value))
    if made is None:
        made = memo[id(value)] = type(value)()
        for key, each in value.items():
            made[key] = _copy(each, memo)
    return made


def _sequence(value: Any, memo: _Memo) -> Any:
    made = memo.get(id(value))
    if made is None:
        made = memo[id(value)] = value.copy()
        made.clear()
        made.extend(_copy(each, memo) for each in value)
    return made


def _set(value: set[Any], memo: _Memo) -> Any:
    made = memo.get(id(value))
    if made is None:
        made = memo[id(value)] = set(value)  # members of sets are values: they are hashed
    return made


def _tuple(value: tuple[Any, ...], memo: _Memo) -> Any:
    made = tuple(_copy(each, memo) for each in value)
    return value if all(a is b for a, b in zip(made, value, strict=True)) else made


def _method(value: MethodType, memo: _Memo) -> Any:
    owner = _copy(value.__self__, memo)
    return value if owner is value.__self__ else MethodType(value.__func__, owner)


def _builtin(value: Any, memo: _Memo) -> Any:
    """`self.events.append`, kept to be called: of the copy's own list."""
    if value.__self__ is None or isinstance(value.__self__, ModuleType):
        return value
    return getattr(_copy(value.__self__, memo), value.__name__)


def _object(value: Any, memo: _Memo) -> Any:
    made = memo.get(id(value))
    if made is None:
        made = memo[id(value)] = object.__new__(type(value))
        for name in field_names(value):
            object.__setattr__(made, name, _copy(getattr(value, name), memo))
    return made


def _frozen(value: Any, memo: _Memo) -> Any:
    """A frozen record is shared, unless something in it may change."""
    made = memo.get(id(value))
    if made is not None:
        return made
    names = field_names(value)
    before = [getattr(value, name) for name in names]
    after = [_copy(each, memo) for each in before]
    made = value
    if any(a is not b for a, b in zip(after, before, strict=True)):
        made = object.__new__(type(value))
        for name, each in zip(names, after, strict=True):
            object.__setattr__(made, name, each)
    memo[id(value)] = made
    return made


_COPIES: dict[type, Callable[[Any, _Memo], Any]] = {
    dict: _dict,
    Counter: _dict,
    list: _sequence,
    deque: _sequence,
    set: _set,
    tuple: _tuple,
    MethodType: _method,
    BuiltinMethodType: _builtin,
}
