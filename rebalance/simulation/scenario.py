"""The scenario format: a story, commands, and what they are expected to print.

    # J10: a first member waits for others before anything is assigned.
    topic orders partitions=4
    members A B topics=orders assignors=range

    start A B
    run until stable
    show ownership
    ----
    stable after 3.012s
    orders: A 0-1, B 2-3

Rule kept: the file is the test, its expectation and its documentation at once. A block is one or
more commands, one a line; what they print stands below `----`; a blank line ends the block. A line
that begins with `#` is prose. Rewriting a file changes the lines below `----` and nothing else.
"""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Block", "Call", "Scenario", "ScenarioError", "parse", "read", "rewritten"]

SEPARATOR = "----"
_RULE = re.compile(r"\b[GJSHOAPMNKI]\d\d\b")
_QUOTING = re.compile(r"[\"'\\]")
_OPTION = re.compile(r"[A-Za-z][A-Za-z0-9._-]*=")


class ScenarioError(ValueError):
    """A scenario cannot be played: `FILE:LINE: what stands there, what was expected`."""

    def __init__(self, file: str, line: int, message: str) -> None:
        super().__init__(f"{file}:{line}: {message}")
        self.file = file
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One command as it stands in the file: `name words... key=value...`."""

    file: str
    line: int
    text: str
    name: str
    words: tuple[str, ...] = ()
    options: dict[str, str] = field(default_factory=dict)

    def error(self, message: str) -> ScenarioError:
        """Something is wrong with this line."""
        return ScenarioError(self.file, self.line, f"{self.text!r}: {message}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Commands and what they are to print; `after` is the index of the last command's line."""

    calls: tuple[Call, ...]
    expected: tuple[str, ...]
    after: int
    end: int
    """Index of the line behind the block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A parsed file. `lines` is the file as it is, for rewriting."""

    name: str
    lines: tuple[str, ...]
    blocks: tuple[Block, ...]
    story: str = ""
    """The comment at the top."""

    @property
    def expects(self) -> bool:
        """It says somewhere what is printed."""
        return any(block.expected for block in self.blocks)

    @property
    def rules(self) -> tuple[str, ...]:
        """Rule ids the story names, in its order, each once."""
        return tuple(dict.fromkeys(_RULE.findall(self.story)))


def read(path: Path) -> Scenario:
    """Read a scenario file.

    Raises:
        ScenarioError: a line cannot be read; OSError as reading raises it.
    """
    return parse(path.read_text(encoding="utf-8"), name=str(path))


def parse(text: str, name: str = "scenario") -> Scenario:
    """Read a scenario from its text; `name` stands in errors.

    Raises:
        ScenarioError: a line cannot be read. What commands mean is not looked at here.
    """
    lines = tuple(text.split("\n"))
    blocks: list[Block] = []
    at = 0
    while at < len(lines):
        if _is_prose(lines[at]):
            at += 1
            continue
        block = _block(name, lines, at)
        blocks.append(block)
        at = block.end
    return Scenario(name=name, lines=lines, blocks=tuple(blocks), story=_story(lines))


def rewritten(scenario: Scenario, outputs: Sequence[Sequence[str]]) -> str:
    """The file's text with `outputs` below the commands of each block."""
    lines: list[str] = []
    at = 0
    for block, output in zip(scenario.blocks, outputs, strict=True):
        lines += scenario.lines[at : block.after + 1]
        if output:
            lines += [SEPARATOR, *output]
        at = block.end
    lines += scenario.lines[at:]
    return "\n".join(lines)


def _is_prose(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _block(name: str, lines: Sequence[str], at: int) -> Block:
    calls: list[Call] = []
    after = at
    while at < len(lines) and lines[at].strip() and lines[at] != SEPARATOR:
        if not _is_prose(lines[at]):
            calls.append(_call(name, at + 1, lines[at].strip()))
            after = at
        at += 1
    expected: list[str] = []
    if at < len(lines) and lines[at] == SEPARATOR:
        if not calls:
            raise ScenarioError(name, at + 1, f"{SEPARATOR!r}: expected a command above it")
        at += 1
        while at < len(lines) and lines[at].strip():
            expected.append(lines[at].rstrip())
            at += 1
    return Block(calls=tuple(calls), expected=tuple(expected), after=after, end=at)


def _call(name: str, number: int, text: str) -> Call:
    try:
        # A hundred times as fast, and the same where nothing is quoted.
        tokens = shlex.split(text) if _QUOTING.search(text) else text.split()
    except ValueError as error:
        wrong = str(error).lower().removeprefix("no ").rstrip(".")
        raise ScenarioError(name, number, f"{text!r}: expected a {wrong}") from None
    words: list[str] = []
    options: dict[str, str] = {}
    for token in tokens[1:]:
        if _OPTION.match(token) is None:
            words.append(token)
            continue
        key, _, value = token.partition("=")
        if key in options:
            raise ScenarioError(name, number, f"{text!r}: {key!r} stands there twice")
        options[key] = value
    return Call(
        file=name, line=number, text=text, name=tokens[0], words=tuple(words), options=options
    )


def _story(lines: Sequence[str]) -> str:
    told: list[str] = []
    for line in lines:
        if not line.startswith("#"):
            break
        told.append(line.lstrip("#").strip())
    return "\n".join(told)
