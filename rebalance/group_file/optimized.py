"""What only `optimized` reads of a group file, held against what it understands.

The rule kept here: a mistake is one whichever assignor is asked, and has a line. What the data
means only that package says; it is loaded for files that say something to it, and for no others.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from rebalance.group_file.locating import Check, first_mistake
from rebalance.group_file.values import Value

MOST_NAMED = 1_000_000
"""Partitions that ranges in constraints name: each is an object there."""

_LONGEST = 180
_RANGE = re.compile(r"([0-9]{1,12})\s*-\s*([0-9]{1,12})")


def objective(value: Value) -> dict[str, Any]:
    """An objective as plain data that `optimized` understands. Raises GroupFileError."""
    from assignors.optimized import Objective

    return _understood(value, Objective.from_data)


def constraints(value: Value) -> dict[str, Any]:
    """The same for constraints."""
    from assignors.optimized import Constraints

    _count_named(value, [MOST_NAMED])
    return _understood(value, Constraints.from_data)


def capacity(value: Value) -> Any:
    """The same for a capacity; a number for its share alone."""
    from assignors.optimized import Capacity

    if value.is_mapping:
        return _understood(value, Capacity.from_data)
    share = value.number("a capacity", zero=False)
    complaint = _check(Capacity.from_data)(share)
    if complaint is not None:
        value.fail(complaint)
    return share


def labels(value: Value) -> dict[str, str]:
    """The labels of a member, name -> value."""
    from assignors.optimized.member_data import checked_labels

    entries = value.names("the name of a label")
    read = {name: each.text("the value of a label") for name, each in entries.items()}
    check = _check(checked_labels)
    complaint = check(read)
    if complaint is not None:
        for name, each in entries.items():
            if alone := check({name: read[name]}):
                each.fail(_short(alone))
        value.fail(complaint)
    return read


def _understood(value: Value, read: Callable[[Any], object]) -> dict[str, Any]:
    value.mapping("what assignors.optimized documents")
    data: dict[str, Any] = value.data()
    found = first_mistake(value, data, _check(read))
    if found is not None:
        found.value.fail(_short(found.complaint))
    return data


def _check(read: Callable[[Any], object]) -> Check:
    from assignors.optimized import InvalidObjectiveError

    def check(data: Any) -> str | None:
        try:
            read(data)
        except InvalidObjectiveError as error:
            return " ".join(str(error).split())
        return None

    return check


def _short(complaint: str) -> str:
    """Without the middle of what is quoted, if it is long."""
    if len(complaint) <= _LONGEST:
        return complaint
    half = _LONGEST // 2
    return f"{complaint[:half]} ... {complaint[-half:]}"


def _count_named(value: Value, left: list[int]) -> None:
    """Ranges of partitions, counted before they are made."""
    if value.is_mapping:
        for key, each in value.mapping("").items():
            if key == "partitions":
                _count_ranges(each, left)
            _count_named(each, left)
    elif value.is_list:
        for each in value.items(""):
            _count_named(each, left)


def _count_ranges(value: Value, left: list[int]) -> None:
    for each in value.items("") if value.is_list else [value]:
        written = each.data()
        for first, last in _RANGE.findall(written) if isinstance(written, str) else ():
            left[0] -= max(int(last) - int(first), 0)
        if left[0] < 0:
            each.fail(f"more than {MOST_NAMED:,} partitions in ranges so far: check them")
