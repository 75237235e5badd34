"""What `check` found, as data: one judgement a promise, and a verdict on each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from assignors.interface import Promise
from rebalance.testing.check.judges import Broken
from rebalance.testing.groups import Group


class Verdict(Enum):
    """What became of a promise."""

    KEPT = "kept"
    """Declared, and no group was found that breaks it."""
    BROKEN = "broken"
    """Declared, and here is a group that breaks it."""
    HELD = "holds, not declared"
    """Not declared; no group was found that breaks it."""
    NOT_HELD = "does not hold, not declared"
    """Not declared, and here is a group for which it does not hold."""
    UNJUDGED = "not judged"
    """No group had anything to say about it: no valid plan, or nothing that could go wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One promise of one assignor.

    `judged`: how many groups had something to say about it. `group`: the smallest one found that
    breaks it, None if none does; `seen`: the same with what its members send. `path`: under which
    circumstances, "" for the usual ones. `left_out`: what could not be judged, and why.
    """

    promise: Promise
    declared: bool
    judged: int
    broken: Broken | None = None
    group: Group | None = None
    seen: Group | None = None
    path: str = ""
    left_out: str = ""

    @property
    def key(self) -> tuple[Promise, str]:
        """Which one it is in its report."""
        return self.promise, self.path

    @property
    def verdict(self) -> Verdict:
        """What became of it."""
        if self.broken is not None:
            return Verdict.BROKEN if self.declared else Verdict.NOT_HELD
        if not self.judged:
            return Verdict.UNJUDGED
        return Verdict.KEPT if self.declared else Verdict.HELD

    def lines(self) -> Iterator[str]:
        """The counter-example for people; nothing if there is none."""
        if self.broken is None:
            return
        under = f" ({self.path})" if self.path else ""
        yield f"{self.promise.value}{under}: {self.broken.why}"
        if self.group is not None:
            yield from (f"  {line}" for line in self.group.lines())
        yield from (f"  {line}" for line in self.broken.evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All judgements on one assignor, in the order of `Promise`.

    `assignor`: as it was given, `name`: its name on the wire. The same examples come of the same
    `seed`, as long as Hypothesis and this project are of the same version.
    """

    assignor: str
    name: str
    examples: int
    seed: int
    judgements: tuple[Judgement, ...]

    @property
    def broken(self) -> tuple[Judgement, ...]:
        """The declared promises that are not kept."""
        return tuple(each for each in self.judgements if each.verdict is Verdict.BROKEN)

    @property
    def unjudged(self) -> tuple[Judgement, ...]:
        """The declared promises of which nothing was seen."""
        return tuple(
            each for each in self.judgements if each.declared and each.verdict is Verdict.UNJUDGED
        )

    @property
    def passed(self) -> bool:
        """Whether every declared promise is kept, as far as was seen, and of each some was."""
        return not self.broken and not self.unjudged

    def verdict(self, promise: Promise) -> Verdict:
        """What became of a promise; the worst of all paths. Raises KeyError if it was not asked."""
        found = [each.verdict for each in self.judgements if each.promise is promise]
        for worst in (Verdict.BROKEN, Verdict.NOT_HELD, Verdict.UNJUDGED):
            if worst in found:
                return worst
        if not found:
            raise KeyError(promise)
        return found[0]
