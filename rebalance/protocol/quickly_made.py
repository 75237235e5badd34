"""Frozen dataclasses that are made as fast as others.

Why: a frozen dataclass guards every assignment, also those of its own `__init__`, and so takes two
and a half times as long to make; every request is a dozen of them. Rule kept: a message never
changes. The type checker sees to it, for it they are frozen; at run time the guard is taken off,
unless `guard` was called, as all tests do. Equality, hash and `replace` are those of the frozen
class (docs/decisions/008-frozen-for-the-type-checker.md).
"""

from collections.abc import Callable
from dataclasses import field, fields, make_dataclass
from typing import Any, TypeVar

__all__ = ["guard", "quickly_made"]

T = TypeVar("T")

_GUARDED = ("__init__", "__setattr__", "__delattr__")

_guards: dict[type, dict[str, Callable[..., Any]]] = {}
"""Class without a guard -> the methods of the frozen one."""

_guarding = False
"""`guard` was called."""


def quickly_made(cls: type[T]) -> type[T]:
    """Take the guard off a frozen dataclass whose fields are all keywords and that makes nothing of
    them: put it above `@dataclass(frozen=True, slots=True, kw_only=True)`.

    Raises:
        TypeError: it makes something of its fields, or has one that is no keyword.
    """
    refused = [each.name for each in fields(cls) if not (each.init and each.kw_only)]  # type: ignore[arg-type]
    if refused or hasattr(cls, "__post_init__"):
        what = f"its fields {', '.join(refused)}" if refused else "its __post_init__"
        raise TypeError(f"{cls.__name__} cannot be made quickly: {what}")
    if _guarding:
        return cls
    _guards[cls] = {name: vars(cls)[name] for name in _GUARDED}
    # The same fields in a dataclass that is not frozen: it assigns where the other calls.
    twin = make_dataclass(
        cls.__name__,
        [
            (
                each.name,
                each.type,
                field(default=each.default, default_factory=each.default_factory, kw_only=True),
            )
            for each in fields(cls)  # type: ignore[arg-type]
        ],
        repr=False,
        eq=False,
    )
    setattr(cls, "__init__", vars(twin)["__init__"])  # noqa: B010
    del cls.__setattr__, cls.__delattr__
    return cls


def guard() -> None:
    """From now on whoever changes one of them, made before or later, gets a FrozenInstanceError."""
    global _guarding
    _guarding = True
    for cls, methods in _guards.items():
        for name, method in methods.items():
            setattr(cls, name, method)
    _guards.clear()
