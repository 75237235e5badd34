"""Where in a group file the mistake stands that somebody else found in its plain data.

The rule kept here: the line is that of the deepest key or item of which it is certain, or else
likely, that it is meant. Certain: without it and all that follows there is no mistake. Likely: the
words of the complaint name it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from rebalance.group_file.values import Value

Check: TypeAlias = Callable[[Any], str | None]
"""Plain data -> what is wrong with it, None if nothing is."""

_SUBJECT = re.compile(r"(?:(?! is | are | has (?!the unknown key )| names ).)*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Mistake:
    """`value` is what `complaint` is about."""

    value: Value
    complaint: str


def first_mistake(value: Value, data: Any, check: Check) -> Mistake | None:
    """The first mistake that `check` finds in the plain data of a value."""
    complaint = check(data)
    if complaint is None:
        return None
    found: _Narrowed | None = _Narrowed(value, data, check, complaint)
    while found is not None:
        last, found = found, found.narrower()
    return Mistake(_mentioned(last.value, last.complaint), last.complaint)


@dataclass(frozen=True, slots=True)
class _Narrowed:
    """A value that is wrong where it stands; `check` is for other data in its place."""

    value: Value
    data: Any
    check: Check
    complaint: str

    def narrower(self) -> _Narrowed | None:
        """The first of its entries or items with which it is wrong, if it may do without any."""
        children = _children(self.value)
        keys = list(children)
        if not keys or self.check(self._first(0)) is not None:
            return None
        count = bisect_left(
            range(1, len(keys)), True, key=lambda n: self.check(self._first(n)) is not None
        )
        key = keys[count]

        def check(data: Any) -> str | None:
            before = self._first(count)
            return self.check(
                {**before, key: data} if isinstance(before, dict) else [*before, data]
            )

        complaint = check(self.data[key])
        assert complaint is not None
        return _Narrowed(children[key], self.data[key], check, complaint)

    def _first(self, count: int) -> Any:
        """Its data, but only so many entries or items of it."""
        if isinstance(self.data, dict):
            return {key: self.data[key] for key in [*self.data][:count]}
        return self.data[:count]


def _children(value: Value) -> dict[Any, Value]:
    """Key or place -> what stands there."""
    if value.is_mapping:
        return {**value.mapping("")}
    return dict(enumerate(value.items(""))) if value.is_list else {}


def _mentioned(value: Value, complaint: str) -> Value:
    """The deepest value of which the subject of the sentence names key or place."""
    matched = _SUBJECT.match(complaint)
    subject = matched[0] if matched else ""
    at = 0
    while True:
        places = {}
        for key, child in _children(value).items():
            word = re.compile(rf"(?<![\w.-]){re.escape(str(key))}(?![\w.-])")
            if found := word.search(subject, at):
                places[found.end()] = child
        if not places:
            return value
        # A list may be the short form of something in another list, whose place comes first.
        at = max(places) if value.is_list else min(places)
        value = places[at]
