"""What the user's code did and what became of it, for the report: one book for all processes.

Why: a trace says what the protocol did. Who looks for the error of a listener wants to read,
between those lines, when it was called, what it committed, and with which error.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Entry", "Finding", "Journal", "Kind"]

Kind = Literal["gap", "read again", "late work", "late commit", "never read", "error"]
"""What can be wrong with records, or with the code.

- gap: records that nobody processed, and somebody read on behind them;
- read again: a consumer began to read before what was committed;
- late work: a record was processed by a consumer that had lost its partition;
- late commit: a consumer committed for a partition that it had lost;
- never read: records that nobody processed, though their partition had an owner until the end;
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

    def __str__(self) -> str:
        return f"{self.kind} at {self.t / 1000:.3f}s: {self.message}"


@dataclass(slots=True, kw_only=True)
class Journal:
    """Entries and findings in the order in which they came."""

    now: Callable[[], int] = lambda: 0
    events_so_far: Callable[[], int] = lambda: 0
    entries: list[Entry] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def note(self, who: str, text: str) -> None:
        """One more entry."""
        self.entries.append(Entry(t=self.now(), after=self.events_so_far(), who=who, text=text))

    def found(self, kind: Kind, who: str, message: str, t: int | None = None) -> None:
        """Something is wrong; `t` if it was so earlier already."""
        when = self.now() if t is None else t
        self.findings.append(Finding(kind=kind, t=when, who=who, message=message))
