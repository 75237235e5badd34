"""Java's properties files, read as Java reads them: Kafka's own configuration is written in it.

Kept: comments (`#`, `!`), continuation lines, `=`, `:` or blanks between key and value, escapes,
bytes as ISO 8859-1; the last of two equal keys wins. A value's trailing blanks, which Java keeps,
go: Kafka drops them itself.
Source: java.util.Properties.load(InputStream).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["PropertiesError", "Property", "parse_properties"]

_BLANKS = " \t\f"
_ESCAPED = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{4}")


class PropertiesError(ValueError):
    """A line cannot be read; `line` is its number, from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """A value and the number of the line that it begins at, from 1."""

    value: str
    line: int


def parse_properties(data: bytes) -> dict[str, Property]:
    """Key -> what it is set to, in the order of the file.

    Raises:
        PropertiesError: an escape is none.
    """
    found: dict[str, Property] = {}
    for number, line in _logical_lines(data.decode("latin-1")):
        key, value = _split(line)
        try:
            found[_unescaped(key)] = Property(value=_unescaped(value).rstrip(), line=number)
        except ValueError as error:
            raise PropertiesError(str(error), number) from None
    return found


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments, joined where one ends in an odd number of backslashes."""
    parts: list[str] = []
    begin = 0
    for number, natural in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        line = natural.lstrip(_BLANKS)
        if not parts:
            if not line or line[0] in "#!":
                continue
            begin = number
        continues = (len(line) - len(line.rstrip("\\"))) % 2 == 1
        parts.append(line[:-1] if continues else line)
        if not continues:
            yield begin, "".join(parts)
            parts = []
    if parts:
        yield begin, "".join(parts)


def _split(line: str) -> tuple[str, str]:
    """Key and value, escapes untouched."""
    at = 0
    while at < len(line) and line[at] not in "=:" + _BLANKS:
        at += 2 if line[at] == "\\" else 1
    value = line[at:].lstrip(_BLANKS)
    if value[:1] in ("=", ":"):
        value = value[1:].lstrip(_BLANKS)
    return line[:at], value


def _unescaped(text: str) -> str:
    parts = []
    at = 0
    while at < len(text):
        letter = text[at]
        at += 1
        if letter == "\\" and at < len(text):
            letter = text[at]
            at += 1
            if letter == "u":
                if not _HEXADECIMAL.match(text, at):
                    raise ValueError(f"malformed \\u escape: \\u{text[at : at + 4]}")
                letter = chr(int(text[at : at + 4], 16))
                at += 4
            else:
                letter = _ESCAPED.get(letter, letter)
        parts.append(letter)
    return "".join(parts)
