"""What is wrong, in few lines: one for each kind and moment.

Why: a listener that forgets its work forgets it for all its partitions at once. Who reads the page
wants to know of the act, and not of its copies.

Rule kept: nothing is left out without a word. What was found twice in the same words is said once;
what differs in one word is said once with all of them; of the rest the first is told, and how many
more there are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rebalance.simulation import Violation
from rebalance.testing.simulated.journal import Finding

__all__ = ["Moment", "moments"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """All of one kind that was wrong at one time (ms)."""

    t: int
    kind: str
    """A kind of finding, or a rule that is violated."""
    message: str

    def __str__(self) -> str:
        return f"{self.kind} at {self.t / 1000:.3f}s: {self.message}"


def moments(findings: Iterable[Finding], violations: Iterable[Violation]) -> list[Moment]:
    """Findings, then violations, each in the order of time in which they come."""
    said: dict[tuple[int, str], list[str]] = {}
    for finding in findings:
        said.setdefault((finding.t, finding.kind), []).append(finding.message)
    for violation in violations:
        said.setdefault((violation.t, f"{violation.rule} violated"), []).append(violation.message)
    return [
        Moment(t=t, kind=kind, message=_in_one(list(dict.fromkeys(messages))))
        for (t, kind), messages in said.items()
    ]


def _in_one(messages: Sequence[str]) -> str:
    first = messages[0].split(" ")
    others = [message.split(" ") for message in messages]
    if all(len(words) == len(first) for words in others):
        columns = [list(dict.fromkeys(column)) for column in zip(*others, strict=True)]
        if sum(len(column) > 1 for column in columns) <= 1:
            return " ".join(", ".join(column) for column in columns)
    return f"{messages[0]}, and {len(messages) - 1} more at that moment"
