"""What the user's code did and what became of it, for the report: one book for all processes.

Why: a trace says what the protocol did. Who looks for the error of a listener wants to read,
between those lines, when it was called, what it committed, and with which error.
"""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from textwrap import shorten
from typing import Literal

from assignors.model import TopicPartition
from rebalance.simulation.values import seconds

__all__ = ["Commit", "Entry", "Finding", "Journal", "Kind", "in_a_line"]

_LONGEST = 200
"""Letters of an error's message."""

Kind = Literal[
    "gap",
    "read again",
    "late work",
    "late commit",
    "commit back",
    "never read",
    "slow listener",
    "slow poll",
    "never stops",
    "error",
]
"""What can be wrong with records, or with the code.

- gap: records that nobody processed, and somebody read on behind them;
- read again: a consumer began to read before what was committed;
- late work: a record was processed by a consumer that had lost its partition;
- late commit: a consumer committed for a partition that it had lost;
- commit back: a consumer committed less than was committed already, and had not sought back;
- never read: records that nobody processed, though their partition had an owner until the end;
- slow listener: a callback took longer than the group waits for its consumer;
- slow poll: an application let more than max.poll.interval.ms pass between two polls;
- never stops: a consumer was told to close, and is still there at the very end;
- error: the application, or its listener, raised.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that the code of `who` did."""

    t: int
    after: int
    """So many events of the trace came before it."""
    who: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is wrong: when (ms), whose, and what."""

    kind: Kind
    t: int
    who: str
    message: str
    because: tuple[str, int] | None = None
    """Whose commit made it so, and when it was asked for (ms), where that is known."""
    error: BaseException | None = field(default=None, compare=False, repr=False)
    """What the user's code raised, with its traceback; of kind "error" only."""

    def __str__(self) -> str:
        return f"{self.kind} at {self.t / 1000:.3f}s: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What the code of `who` committed of one partition."""

    who: str
    what: str
    t: int
    sought: bool
    """It had sought back to there, or farther: if that goes back, it is meant to."""


@dataclass(slots=True, kw_only=True)
class Journal:
    """Entries and findings in the order in which they came."""

    now: Callable[[], int] = lambda: 0
    events_so_far: Callable[[], int] = lambda: 0
    entries: list[Entry] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    commits: dict[tuple[str, TopicPartition, int], list[Commit]] = field(default_factory=dict)
    """Group id, partition and offset -> who asked to commit that, in the order of asking."""
    ended: dict[str, str] = field(default_factory=dict)
    """Consumer's name in the story -> why its process is gone, where its own code has ended it."""
    misused: TypeError | None = None
    """What was to be run cannot be: that is no finding, and nothing else is worth telling."""

    def note(self, who: str, text: str) -> None:
        """One more entry."""
        self.entries.append(Entry(t=self.now(), after=self.events_so_far(), who=who, text=text))

    def found(
        self,
        kind: Kind,
        who: str,
        message: str,
        t: int | None = None,
        because: tuple[str, int] | None = None,
    ) -> None:
        """Something is wrong; `t` if it was so earlier already."""
        when = self.now() if t is None else t
        self.findings.append(Finding(kind=kind, t=when, who=who, message=message, because=because))

    def ends(self, name: str, why: str) -> None:
        """The process of this consumer is gone, and no line of the story wanted that."""
        self.ended[name] = f"{name} ended by itself at {seconds(self.now())}: {why}"

    def raised(self, who: str, what: str, error: BaseException) -> None:
        """Code of `who` raised: which code it was, what, and where that stands."""
        message = f"{what} raised {in_a_line(error)}{_where(error)}"
        self.findings.append(
            Finding(kind="error", t=self.now(), who=who, message=message, error=error)
        )


def in_a_line(error: BaseException) -> str:
    """As `repr` has it, where that is short; aiokafka explains a failed commit in ten lines."""
    said = repr(error)
    if len(said) <= _LONGEST and "\\n" not in said:
        return said
    words = " ".join(" ".join(map(str, error.args)).split())
    return f"{type(error).__name__}({shorten(words, _LONGEST, placeholder=' ...')!r})"


def _where(error: BaseException) -> str:
    """The last line of the user's code that it went through."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "/rebalance/testing/simulated/" not in frame.filename.replace("\\", "/")
    ]
    return f" in {frames[-1].name}, line {frames[-1].lineno}" if frames else ""
