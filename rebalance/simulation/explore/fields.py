"""Which objects hold state, and what of: asked of the classes themselves, never listed by hand.

Why: a field that a machine grows tomorrow must be part of a copy and of a comparison without
anybody thinking of it here.
"""

from enum import Enum
from typing import Any

__all__ = ["field_names", "holds_state", "slot_names"]

_ROOMS = (
    "rebalance.coordinator",
    "rebalance.member",
    "rebalance.protocol.timers",
    "rebalance.simulation",
)
"""Rooms whose objects may change. Everything else (messages, assignors, settings) is a value."""

_NAMES: dict[type, tuple[str, ...]] = {}


def holds_state(kind: type) -> bool:
    """Objects of this class may change, or lead to some that may."""
    return kind.__module__.startswith(_ROOMS) and not issubclass(kind, (Enum, tuple))


def field_names(value: Any) -> tuple[str, ...]:
    """The names under which an object keeps what it knows: slots first, then its dictionary."""
    kind = type(value)
    names = _NAMES.get(kind)
    if names is None:
        names = _NAMES[kind] = slot_names(kind)
    return names + tuple(vars(value)) if hasattr(value, "__dict__") else names


def slot_names(kind: type) -> tuple[str, ...]:
    """Those of them that the class itself names, its bases' first."""
    return tuple(
        name
        for base in reversed(kind.__mro__)
        for name in _slots(base)
        if name not in ("__dict__", "__weakref__")
    )


def _slots(kind: type) -> tuple[str, ...]:
    slots = vars(kind).get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)
