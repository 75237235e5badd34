"""Reading plain data (what YAML or JSON gives) into objectives and constraints.

The rule kept here: whatever is not understood is one error that says where it stands and what would
be understood; nothing is ignored in silence.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from assignors.optimized.errors import InvalidObjectiveError


def keys_of(data: Any, known: Sequence[str], where: str) -> Mapping[str, Any]:
    """`data` if it is a mapping with no other keys than `known`."""
    if not isinstance(data, Mapping):
        raise InvalidObjectiveError(f"{where} is {data!r}: give a mapping of {', '.join(known)}")
    for key in data:
        if key not in known:
            raise InvalidObjectiveError(
                f"{where} has the unknown key {key!r}: known are {', '.join(known)}"
            )
    return data


def list_of(data: Any, where: str) -> Sequence[Any]:
    """`data` if it is a list or a tuple."""
    if isinstance(data, str) or not isinstance(data, Sequence):
        raise InvalidObjectiveError(f"{where} is {data!r}: give a list")
    return data


def text_of(value: Any, where: str) -> str:
    """`value` if it is a str that is not empty."""
    if not isinstance(value, str) or not value:
        raise InvalidObjectiveError(f"{where} is {value!r}: give a name")
    return value


MOST = 10**15
"""The largest number that is believed: sums of many of them stay exact, or close to it."""


def number(value: Any, where: str, *, above: float | None = None) -> float:
    """A finite number of at least 0, or greater than `above`; an int stays one."""
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise InvalidObjectiveError(f"{where} is {value!r}: give a number")
    plain: float = value.item() if hasattr(value, "item") else value
    if plain != plain or abs(plain) == math.inf:
        raise InvalidObjectiveError(f"{where} is {plain!r}: give a finite number")
    if plain > MOST:
        raise InvalidObjectiveError(f"{where} is more than {MOST:g}: give less")
    if plain < 0 or (above is not None and plain <= above):
        least = "0 or more" if above is None else f"more than {above:g}"
        raise InvalidObjectiveError(f"{where} is {plain!r}: give {least}")
    return int(plain) if float(plain).is_integer() and abs(plain) < 2**53 else float(plain)


def whole(value: Any, where: str) -> int:
    """An int of 0 or more."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise InvalidObjectiveError(f"{where} is {value!r}: give a whole number")
    if value.__index__() < 0:
        raise InvalidObjectiveError(f"{where} is {value!r}: give 0 or more")
    return int(value.__index__())


def flag(value: Any, where: str) -> bool:
    """A bool."""
    if not isinstance(value, bool):
        raise InvalidObjectiveError(f"{where} is {value!r}: give true or false")
    return value


def fingerprint(data: Any) -> str:
    """16 hex digits of SHA-256 over the data as JSON with sorted keys; the same everywhere."""
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
