"""What a user of each Python admin client does, call after call, and what came of it.

A walk is a list of named calls. What each gives is made plain, so that two brokers can be compared:
containers in no order, anything else as it prints, without the ids and ports that a broker made up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

DEADLINE_S = 30.0

_MADE_UP = (
    (re.compile(r"\b(one|two)-[0-9a-f-]{36}"), r"\1"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}"), "(uuid)"),
    (re.compile(r"(127\.0\.0\.1[^0-9]{1,10})\d+"), r"\1(port)"),
    (re.compile(r"('?port'?[=:] ?)\d+"), r"\1(port)"),
    (re.compile(r" at 0x[0-9a-f]+"), ""),
)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Names that a walk may use: a topic of 2 partitions with 5 records, a group that is Stable."""

    topic: str
    group: str
    new_topic: str
    simple_group: str
    missing: str


@dataclass
class Walk:
    """Calls and what came of them."""

    came: dict[str, Any] = field(default_factory=dict)

    def step(self, name: str, call: Callable[[], Any]) -> None:
        """Make a call; an exception is what came of it."""
        try:
            result = call()
        except Exception as error:
            result = f"{type(error).__name__}: {error}"
        self.came[name] = normal(result)


def normal(value: Any) -> Any:
    """A result in words that any broker would use."""
    if isinstance(value, Mapping):
        return {
            str(normal(key)): "(port)" if key == "port" else normal(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return sorted(map(normal, value), key=repr)
    if value is None or isinstance(value, bool | int):
        return value
    text = value if isinstance(value, str) else repr(value)
    for pattern, replacement in _MADE_UP:
        text = pattern.sub(replacement, text)
    return text
