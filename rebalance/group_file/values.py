"""Values of a group file, asked for by type; each refusal says where, what, and what to do.

The rule kept here: a value is read as what the place needs and as nothing else. `yes` is a name
where a name is due, and an error where a number is.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

from rebalance.group_file.errors import GroupFileError
from rebalance.group_file.nodes import ListNode, MappingNode, Node, ScalarNode

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_NULL = ("", "~", "null", "Null", "NULL")
_WORDS = {"true": True, "True": True, "false": False, "False": False}
_LONGEST_SHOWN = 60
MOST_NUMBER = 10**15


def plain_value(text: str) -> Any:
    """What an unquoted scalar is where any plain data may stand: JSON's types, else text."""
    if text in _NULL:
        return None
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return _WORDS.get(text, text)


def shown(text: str) -> str:
    """A name within an error: one line, and not too long."""
    plain = text if re.fullmatch(r"[\w.:/@%+-]+", text) else repr(text)
    return plain if len(plain) <= _LONGEST_SHOWN else plain[: _LONGEST_SHOWN - 3] + "..."


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean ...?`, or the names that are known."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.75)
    if close:
        return f"did you mean {shown(close[0])}?"
    if not names:
        return "there is none"
    more = f", and {len(names) - 12} more" if len(names) > 12 else ""
    return f"known are {', '.join(shown(each) for each in names[:12])}{more}"


def _data(node: Node) -> Any:
    if isinstance(node, MappingNode):
        return {key: _data(each) for key, (_, each) in node.items.items()}
    if isinstance(node, ListNode):
        return [_data(each) for each in node.items]
    return node.text if node.quoted else plain_value(node.text)


@dataclass(frozen=True, slots=True)
class Value:
    """One node, with where it stands; `line` is that of its key, if it has one."""

    node: Node
    where: str
    line: int
    path: str = ""

    def fail(self, what: str) -> NoReturn:
        """Raise a GroupFileError about this place."""
        at = f"{self.path}: " if self.path else ""
        raise GroupFileError(f"{self.where}:{self.line}: {at}{what}")

    @property
    def absent(self) -> bool:
        """Written as nothing, `~` or `null`."""
        node = self.node
        return isinstance(node, ScalarNode) and not node.quoted and node.text in _NULL

    def mapping(self, of: str) -> dict[str, Value]:
        """Its entries. `of`: what they are, for the error."""
        node = self.node
        if not isinstance(node, MappingNode):
            self.fail(f"{self._kind()} where a mapping is expected: give {of}")
        return {key: self._under(key, *entry) for key, entry in node.items.items()}

    def names(self, of: str) -> dict[str, Value]:
        """The same, for keys that name something: none may be empty or look like null."""
        found = self.mapping(of)
        for key, each in found.items():
            if not key:
                each.fail(f"an empty name: give {of}")
        return found

    def fields(self, known: Iterable[str]) -> dict[str, Value]:
        """The entries that are not absent, of a mapping with fixed keys."""
        allowed = tuple(known)
        found = self.mapping(", ".join(allowed))
        for key, each in found.items():
            if key not in allowed:
                each.fail(f"unknown: {nearest(key, allowed)}")
        return {key: each for key, each in found.items() if not each.absent}

    def items(self, of: str) -> list[Value]:
        """Its items."""
        node = self.node
        if not isinstance(node, ListNode):
            self.fail(f"{self._kind()} where a list is expected: give {of}")
        return [
            Value(each, self.where, each.line, f"{self.path}[{at}]")
            for at, each in enumerate(node.items)
        ]

    @property
    def is_list(self) -> bool:
        """Whether it is written as a list."""
        return isinstance(self.node, ListNode)

    @property
    def is_mapping(self) -> bool:
        """Whether it is written as a mapping."""
        return isinstance(self.node, MappingNode)

    def text(self, of: str) -> str:
        """A name, as it was written; not empty."""
        node = self.node
        if not isinstance(node, ScalarNode):
            self.fail(f"{self._kind()} where {of} is expected")
        if self.absent:
            self.fail(f"nothing where {of} is expected (a name like null goes in quotes)")
        if not node.text:
            self.fail(f"empty: give {of}")
        return node.text

    def integer(self, of: str, least: int, most: int) -> int:
        """A whole number."""
        node = self.node
        if not isinstance(node, ScalarNode) or not _INTEGER.fullmatch(node.text):
            self.fail(f"{self._kind()} where {of} is expected: give a whole number")
        number = int(node.text)
        if not least <= number <= most:
            self.fail(f"{number}: give {of} from {least} to {most}")
        return number

    def number(self, of: str, *, zero: bool) -> float:
        """A finite number that is not negative; whole ones stay whole."""
        node = self.node
        if not isinstance(node, ScalarNode) or self.absent:
            self.fail(f"{self._kind()} where {of} is expected: give a number")
        if not _NUMBER.fullmatch(node.text):
            self.fail(f"{shown(node.text)} is no number: give {of}")
        number = float(node.text)
        if number > MOST_NUMBER:
            self.fail(f"{shown(node.text)} is too large: give {of} of up to {MOST_NUMBER:g}")
        if number < 0 or (number == 0 and not zero):
            self.fail(f"{shown(node.text)}: give {of}, {'0 or more' if zero else 'more than 0'}")
        return number

    def data(self) -> Any:
        """Plain data: text, numbers, true, false and null as JSON has them, lists, mappings."""
        return _data(self.node)

    def _under(self, key: str, line: int, node: Node) -> Value:
        path = f"{self.path}.{shown(key)}" if self.path else shown(key)
        return Value(node, self.where, line, path)

    def _kind(self) -> str:
        if isinstance(self.node, MappingNode):
            return "a mapping"
        if isinstance(self.node, ListNode):
            return "a list"
        return "nothing" if self.absent else shown(self.node.text)
