"""Making a failing scenario small: delta debugging over its lines, its members and its numbers.

Rule kept: deterministic, and bounded: `fails` is asked `most_plays` times at most, and whoever asks
learns when that was too few. Blank lines and prose cost nothing and mean nothing, so they go first.
Source of the idea: Zeller, Hildebrandt, "Simplifying and isolating failure-inducing input" (2002).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

__all__ = ["MOST_PLAYS", "Shrunk", "shrink"]

Lines = tuple[str, ...]

MOST_PLAYS = 600
"""How often a failing scenario is played again before the result must do."""

_NUMBER = re.compile(r"(?<![\w.-])\d+(?=ms\b|s\b|\s|$)")
_KEPT = ("seed ", "set ", "members ")
"""Lines whose numbers are settings, not durations or counts: with timeouts of a millisecond any
story fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrunk:
    """The smallest failing lines found."""

    lines: Lines
    plays: int
    gave_up: bool
    """True if there was more to try and no play left."""


class _OutOfPlays(Exception):  # noqa: N818 - an end, not an error
    """`fails` may not be asked again."""


def shrink(
    lines: Sequence[str], fails: Callable[[Lines], bool], *, most_plays: int = MOST_PLAYS
) -> Shrunk:
    """Drop what is not needed for the failure, then make numbers small.

    `fails` says whether lines still show the failure; lines that make no sense do not.
    """
    search = _Search(_told(lines), fails, most_plays)
    try:
        search.run()
    except _OutOfPlays:
        return Shrunk(lines=search.best, plays=search.plays, gave_up=True)
    return Shrunk(lines=search.best, plays=search.plays, gave_up=False)


def _told(lines: Sequence[str]) -> Lines:
    return tuple(line for line in lines if line.strip() and not line.lstrip().startswith("#"))


class _Search:
    """What is the smallest so far, and how much may still be tried."""

    def __init__(self, lines: Lines, fails: Callable[[Lines], bool], most_plays: int) -> None:
        self.best = lines
        self.plays = 0
        self._fails = fails
        self._most_plays = most_plays
        self._tried: set[Lines] = {lines}

    def run(self) -> None:
        """Passes over the lines until one changes nothing."""
        before: Lines = ()
        while before != self.best:
            before = self.best
            self._drop_the_end()
            self._drop_members()
            self._drop_chunks()
        self._lower_numbers()

    def _better(self, lines: Lines) -> bool:
        """Take these lines if they fail, too."""
        if lines in self._tried:
            return False
        self._tried.add(lines)
        if self.plays >= self._most_plays:
            raise _OutOfPlays
        self.plays += 1
        if not self._fails(lines):
            return False
        self.best = lines
        return True

    def _drop_the_end(self) -> None:
        """What comes after the failure is not needed: halve the tail as long as that works."""
        size = len(self.best) // 2
        while size:
            if not self._better(self.best[: len(self.best) - size]):
                size //= 2

    def _drop_members(self) -> None:
        for name in _members(self.best):
            self._better(tuple(line for line in self.best if not _speaks_of(line, name)))

    def _drop_chunks(self) -> None:
        size = max(1, len(self.best) // 4)
        while size:
            at = len(self.best)
            while at > 0:
                at = max(0, at - size)
                self._better(self.best[:at] + self.best[at + size :])
            size //= 2

    def _lower_numbers(self) -> None:
        """Each number as small as halving makes it, shortest durations first to be tried."""
        for index in range(len(self.best)):
            if self.best[index].startswith(_KEPT):
                continue
            for place in range(len(_NUMBER.findall(self.best[index]))):
                self._lower(index, place)

    def _lower(self, index: int, place: int) -> None:
        number = int(_NUMBER.findall(self.best[index])[place])
        for smaller in _smaller(number):
            line = _with_number(self.best[index], place, smaller)
            if self._better((*self.best[:index], line, *self.best[index + 1 :])):
                return


def _members(lines: Lines) -> list[str]:
    """Declared names, last one first: it is the least likely to matter."""
    names = [word for line in lines if line.startswith("members ") for word in _names(line)]
    return names[::-1]


def _names(line: str) -> list[str]:
    return [word for word in line.split()[1:] if "=" not in word]


def _speaks_of(line: str, name: str) -> bool:
    words = line.split()
    return words[0] not in ("set", "topic", "partitions", "network", "log") and name in words[1:]


def _smaller(number: int) -> Iterator[int]:
    """Candidates below a number: round ones first, then halves."""
    seen = {number}
    for candidate in (0, 1, 10, 100, 1000, number // 4, number // 2, number // 1000 * 1000):
        if candidate < number and candidate not in seen:
            seen.add(candidate)
            yield candidate


def _with_number(line: str, place: int, number: int) -> str:
    found = list(_NUMBER.finditer(line))[place]
    return f"{line[: found.start()]}{number}{line[found.end() :]}"
