"""What came of a simulation of a user's code: numbers, findings, and a page that tells the story.

Rule kept: the page is all one needs. It says what is wrong, the shortest story in which it is, what
everybody did up to that moment, the act itself as its end, and how to play it again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rebalance.simulation import Violation
from rebalance.simulation.checkers import RecordCounts
from rebalance.simulation.values import seconds
from rebalance.simulation.words import who_and_what
from rebalance.testing.simulated.journal import Finding
from rebalance.testing.simulated.moments import Moment, moments
from rebalance.testing.simulated.play import Played
from rebalance.timeline.trace import Trace

__all__ = ["SimulationResult"]

_LINES_BEFORE = 24
_MOST_FINDINGS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationResult:
    """One play: of the seed that failed, shrunk, or of the last one if none did."""

    seed: int
    """Of the story it began with."""
    seeds: int
    """So many were played, this one included."""
    played: Played
    shrunk_from: int = 0
    """Lines of the story before it was shrunk; 0: it was not."""
    gave_up: bool = False
    """Shrinking ended before everything was tried: the story may be longer than it need be."""
    allow: frozenset[str] = frozenset()
    """Kinds of findings, and rules, that count as right."""

    @property
    def story(self) -> str:
        """The scenario's text; `simulate(..., scenario=result.story)` plays it again."""
        return "\n".join(self.played.lines)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with records or code, in the order of time."""
        return tuple(each for each in self.played.findings if each.kind not in self.allow)

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Invariants of the protocol that did not hold."""
        return tuple(each for each in self.played.violations if each.rule not in self.allow)

    @property
    def records(self) -> RecordCounts:
        """Records processed, processed again, and left out."""
        return self.played.records

    @property
    def trace(self) -> Trace:
        """Everything that happened, to be drawn (`rebalance.timeline.render_text`) or written."""
        return self.played.trace

    @property
    def passed(self) -> bool:
        """Nothing is wrong."""
        return not self.findings and not self.violations

    def check(self) -> "SimulationResult":
        """Itself, if nothing is wrong.

        Raises:
            AssertionError: something is; its text is the page. What the user's code raised first is
                its cause, with its own traceback.
        """
        if not self.passed:
            raised = (each.error for each in self.findings if each.error is not None)
            raise AssertionError(self.page()) from next(raised, None)
        return self

    def page(self) -> str:
        """What is wrong and how it came to that; or, in a line, that nothing is."""
        return "\n".join(self._page())

    def _page(self) -> Iterator[str]:
        counts = self.records
        numbers = (
            f"{counts.processed:,} records processed, {counts.duplicates:,} times again, "
            f"{counts.gaps:,} left out"
        )
        seeds = "1 seed" if self.seeds == 1 else f"{self.seeds} seeds"
        if self.passed:
            yield f"{seeds}, nothing wrong; in the last one {numbers}"
            return
        told = moments(self.findings, self.violations)
        yield from (str(each) for each in told[:_MOST_FINDINGS])
        if len(told) > _MOST_FINDINGS:
            yield f"and {len(told) - _MOST_FINDINGS} more like these"
        yield ""
        shrunk = f", shrunk from {self.shrunk_from} lines" if self.shrunk_from else ""
        shrunk += ", not to the end" if self.gave_up else ""
        yield f"The story (seed {self.seed}{shrunk}):"
        yield from (f"    {line}" for line in self.played.lines)
        if self.played.cut_short:
            yield f"It is told no further: {self.played.cut_short}"
        yield ""
        yield "What happened until then:"
        yield from (f"    {line}" for line in self._happened(told))
        yield ""
        yield f"All in all: {numbers}."
        yield "simulate(..., scenario=STORY) plays it again, with the lines of the story as STORY."

    def _happened(self, wrong: list[Moment]) -> Iterable[str]:
        """What everybody did, up to the first thing that is wrong, and that."""
        last = min(each.t for each in wrong)
        lines = list[tuple[int, str, str]]()
        entries = list(self.played.entries)
        for number, event in enumerate(self.trace.events):
            while entries and entries[0].after <= number:
                entry = entries.pop(0)
                lines.append((entry.t, entry.who, entry.text))
            lines.append((event.t, *who_and_what(event)))
        lines += [(entry.t, entry.who, entry.text) for entry in entries]
        told = self._worth_telling([line for line in lines if line[0] <= last])
        told += [(last, "", f"! {each.kind}: {each.message}") for each in wrong if each.t == last]
        times = max((len(seconds(t)) for t, _, _ in told), default=0)
        names = max((len(who) for _, who, _ in told), default=0)
        return [f"{seconds(t):>{times}}  {who:<{names}}  {what}" for t, who, what in told]

    def _worth_telling(self, lines: list[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
        """The last ones, and of those before them what was done on purpose and what led here."""
        earlier = lines[:-_LINES_BEFORE]
        told = {at for at, (_, _, what) in enumerate(earlier) if what.startswith("* ")}
        for who, asked in {each.because for each in self.findings if each.because is not None}:
            told.update(
                [
                    at
                    for at, (t, whose, what) in enumerate(earlier)
                    if whose == who and t >= asked and what.startswith("has committed")
                ][:1]
            )
        return [earlier[at] for at in sorted(told)] + lines[-_LINES_BEFORE:]
