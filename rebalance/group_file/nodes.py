"""The text of a group file as a tree that knows its lines.

The rule kept here: a scalar stays the text that was written until somebody asks for a number. So a
topic called `on`, `1.0` or `2024-01-01` is a topic of that name, and no key is ever silently lost:
written twice is an error, in JSON too. Depth is bounded, and so is what aliases repeat: a text
costs about what its length says.

YAML's parser is asked for its events only. Its own composer recurses (the C one to the end of the
stack), and keeps the last of two equal keys.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from rebalance.group_file.errors import GroupFileError

MAX_DEPTH = 50
_TOO_DEEP = f"nested deeper than {MAX_DEPTH}: no group file is"
MOST_REPEATED = 2_000_000
"""Values that aliases may repeat, all in all: a few lines of them could fill any memory."""
_VALUE_CHARACTERS = 8
"""To read a long text costs as much as to read many values, each about so long."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXT_TAGS = (None, "!", "tag:yaml.org,2002:str")
_TREE_TAGS = (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_JSON_ESCAPE = re.compile(r"\\(u[dD][89abAB]..\\u[dD][c-fC-F]..|.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """What was written; `quoted` if it can only be text."""

    line: int
    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list."""

    line: int
    items: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class MappingNode:
    """Keys and values in the order written, `<<` already merged; every key once, with its line."""

    line: int
    items: dict[str, tuple[int, Node]] = field(default_factory=dict)


Node: TypeAlias = ScalarNode | ListNode | MappingNode


def parse(text: str, where: str) -> Node:
    """The tree of a YAML or JSON text. Raises GroupFileError."""
    try:
        # Typeshed does not know that the C loader is one.
        return _Composer(where).document(yaml.parse(_readable(text), Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        problem = " ".join((error.problem or error.context or "cannot be read").split())
        if "nesting depth" in problem:  # newer scanners count for themselves, and read ahead
            raise GroupFileError(f"{where}{line}: {_TOO_DEEP}") from None
        raise GroupFileError(
            f"{where}{line}: {problem}: give a group file in YAML or JSON"
        ) from None
    except yaml.reader.ReaderError as error:
        line = f":{text.count(chr(10), 0, error.position) + 1}"
        code = error.character if isinstance(error.character, int) else ord(error.character)
        raise GroupFileError(
            f"{where}{line}: the character U+{code:04X}, which no YAML may contain: remove it, or "
            'write it as an escape in double quotes ("\\x07")'
        ) from None


def _readable(text: str) -> str:
    """JSON in the words of YAML 1.1, line by line; YAML as it is."""
    text = text.removeprefix("\ufeff")
    if not text.lstrip().startswith("{"):
        return text
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    # JSON has tabs between its tokens only, two escapes that YAML lacks, and takes any character.
    spaced = _JSON_ESCAPE.sub(_unescaped, text.replace("\t", " "))
    return UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", spaced)


def _unescaped(escape: re.Match[str]) -> str:
    if escape[1] == "/":
        return "/"
    return str(json.loads(f'"{escape[0]}"')) if len(escape[1]) > 1 else escape[0]


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1


class _Composer:
    """Events into a tree, without recursion."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._anchors: dict[str, Node | None] = {}
        self._sizes: dict[str, int] = {}
        self._open: list[_Open] = []
        self._size = 0
        self._repeated = 0

    def document(self, events: Iterator[Any]) -> Node:
        root: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent) and root is not None:
                raise self._error(event, "a second document: give one group a file")
            node = self._node(event)
            if node is None:
                continue
            if self._open:
                self._open[-1].add(node, self)
            else:
                root = node
        if root is None:
            raise GroupFileError(f"{self._where}: empty: give topics: and members:")
        return root

    def _node(self, event: Any) -> Node | None:
        """The node that is complete with this event, if one is."""
        if isinstance(event, yaml.ScalarEvent):
            before = self._size
            self._size += 1 + len(event.value) // _VALUE_CHARACTERS
            return self._named(event.anchor, self._scalar(event), before)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._check_tag(event, _TREE_TAGS)
            if len(self._open) == MAX_DEPTH:
                raise self._error(event, _TOO_DEEP)
            line = _line(event)
            is_mapping = isinstance(event, yaml.MappingStartEvent)
            tree = MappingNode(line) if is_mapping else ListNode(line)
            if event.anchor is not None:
                self._anchors[event.anchor] = None
            self._open.append(_Open(tree, event.anchor, self._size))
            self._size += 1
        if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            done = self._open.pop()
            return self._named(done.anchor, done.finished(), done.before)
        return None

    def _scalar(self, event: Any) -> ScalarNode:
        self._check_tag(event, _TEXT_TAGS)
        quoted = event.style in ("'", '"', "|", ">") or event.tag is not None
        try:
            event.value.encode()
        except UnicodeEncodeError:
            raise self._error(event, "half of a surrogate pair: no text has that") from None
        return ScalarNode(_line(event), event.value, quoted)

    def _alias(self, event: Any) -> Node:
        if event.anchor not in self._anchors:
            raise self._error(event, f"*{event.anchor}: no &{event.anchor} before it")
        node = self._anchors[event.anchor]
        if node is None:
            raise self._error(event, f"*{event.anchor}: inside of &{event.anchor} itself")
        size = self._sizes[event.anchor]
        self._size += size
        self._repeated += size
        if self._repeated > MOST_REPEATED:
            raise self._error(
                event,
                f"*{event.anchor}: with this one, aliases repeat more than {MOST_REPEATED:,} "
                "values: write what differs, and less often",
            )
        return node

    def _named(self, anchor: str | None, node: Node, before: int) -> Node:
        """The node; its size is what was added since `before`, by aliases too."""
        if anchor is not None:
            self._anchors[anchor] = node
            self._sizes[anchor] = self._size - before
        return node

    def _check_tag(self, event: Any, known: tuple[str | None, ...]) -> None:
        if event.tag not in known:
            short = str(event.tag).replace("tag:yaml.org,2002:", "!!")
            raise self._error(event, f"the tag {short}: leave it out, values are read as needed")

    def _error(self, event: Any, what: str) -> GroupFileError:
        return self.error(_line(event), what)

    def error(self, line: int, what: str) -> GroupFileError:
        return GroupFileError(f"{self._where}:{line}: {what}")


class _Open:
    """A mapping or sequence of which more is to come."""

    def __init__(self, tree: MappingNode | ListNode, anchor: str | None, before: int) -> None:
        self.anchor = anchor
        self.before = before
        self._tree = tree
        self._key: ScalarNode | None = None
        self._merged: dict[str, tuple[int, Node]] = {}

    def add(self, node: Node, composer: _Composer) -> None:
        if isinstance(self._tree, ListNode):
            self._tree.items.append(node)
        elif self._key is None:
            self._key = self._checked_key(node, composer)
        else:
            self._put(self._key, node, composer)
            self._key = None

    def finished(self) -> Node:
        if isinstance(self._tree, MappingNode):
            for key, entry in self._merged.items():
                self._tree.items.setdefault(key, entry)
        return self._tree

    def _checked_key(self, node: Node, composer: _Composer) -> ScalarNode:
        if not isinstance(node, ScalarNode):
            raise composer.error(node.line, "a list or mapping where a name is expected")
        return node

    def _put(self, key: ScalarNode, node: Node, composer: _Composer) -> None:
        assert isinstance(self._tree, MappingNode)
        if key.text == "<<" and not key.quoted:
            self._merge(node, composer)
        elif key.text in self._tree.items:
            first, _ = self._tree.items[key.text]
            raise composer.error(
                key.line, f"{key.text!r} is here twice (also at line {first}): give it once"
            )
        else:
            self._tree.items[key.text] = (key.line, node)

    def _merge(self, node: Node, composer: _Composer) -> None:
        sources = node.items if isinstance(node, ListNode) else [node]
        for source in sources:
            if not isinstance(source, MappingNode):
                raise composer.error(source.line, "<<: gives a mapping, or a list of mappings")
            for key, entry in source.items.items():
                self._merged.setdefault(key, entry)
