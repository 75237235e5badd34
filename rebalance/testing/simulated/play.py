"""Playing one story with a user's code in every consumer, and what was wrong with it.

Rule kept: what the checkers found of records becomes findings of the user's code; what they found
of the protocol stays a violation. Whatever raises inside the simulation itself is not caught.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from assignors.interface import Assignor
from rebalance.simulation import Outcome, Overrides, Violation, parse, run_scenario
from rebalance.simulation.checkers import RecordCounts, Skipped, WentBack
from rebalance.simulation.hosting import Hosted, Surroundings
from rebalance.simulation.scenario import ScenarioError
from rebalance.simulation.simulation import Simulation
from rebalance.simulation.values import partition_name, seconds, span_text
from rebalance.testing.simulated.application import Code, HostedApplication
from rebalance.testing.simulated.journal import Entry, Finding, Journal, Kind
from rebalance.timeline.trace import Trace

__all__ = ["EndedByItselfError", "Played", "play"]

_KINDS: dict[str, Kind] = {
    "NothingSkipped": "gap",
    "NothingBeforeTheCommit": "read again",
    "OnlyOwnersProcess": "late work",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One story as it was played."""

    lines: tuple[str, ...]
    findings: tuple[Finding, ...]
    """In the order of time."""
    violations: tuple[Violation, ...]
    """Invariants of the protocol that did not hold: a listener that never returns stops a group."""
    entries: tuple[Entry, ...]
    records: RecordCounts
    trace: Trace
    printed: tuple[str, ...]
    """What the story's commands print."""
    cut_short: str = ""
    """Why the lines that follow were not played: they are about a process that its own code has
    ended."""

    def signature(self, allow: frozenset[str]) -> str:
        """What is wrong first, in a word; empty if nothing is that is not allowed."""
        kinds = [finding.kind for finding in self.findings if finding.kind not in allow]
        rules = [found.rule for found in self.violations if found.rule not in allow]
        return (kinds + rules)[0] if kinds or rules else ""


class EndedByItselfError(ScenarioError):
    """A line is about a process that its own code has ended, by an exception or by its return."""


def play(
    lines: Sequence[str], code: Code, assignor: Assignor | type[Assignor] | None = None
) -> Played:
    """Play a scenario's lines with `code` in every consumer.

    Raises:
        EndedByItselfError: a line is about a process that its own code has ended.
        ScenarioError: a line does not make sense.
        TypeError: an application is no coroutine, or a listener has not the methods of one.
    """
    journal, hosted = Journal(), list[HostedApplication]()

    def host(around: Surroundings) -> Hosted:
        journal.now, journal.events_so_far = lambda: around.gate.now, around.events_so_far
        hosted.append(HostedApplication(around, code, journal))
        return hosted[-1]

    scenario = parse("\n".join(lines), name="story")
    overrides = None if assignor is None else Overrides(assignor=assignor)
    try:
        outcome = run_scenario(scenario, overrides=overrides, host=host)
        _never_stops(hosted, journal)
    except ScenarioError as error:
        why = _ended_by_itself(journal, str(error))
        if not why:
            raise
        said = str(error).removeprefix(f"{error.file}:{error.line}: ")
        raise EndedByItselfError(error.file, error.line, f"{said}; {why}") from None
    finally:
        for each in hosted:
            each.ended()
        if journal.misused is not None:
            raise journal.misused from None
    return _played(tuple(lines), outcome, journal)


def _ended_by_itself(journal: Journal, said: str) -> str:
    """What became of the process that an error speaks of; empty if the story ended it."""
    words = said.split()
    return next((why for name, why in journal.ended.items() if name in words), "")


def _played(lines: tuple[str, ...], outcome: Outcome, journal: Journal) -> Played:
    simulation = outcome.simulation
    for violation in outcome.violations:
        if violation.rule == "I06":
            kind = _KINDS[violation.checker]
            message, because = _with_the_commit(violation, journal)
            journal.found(kind, "", message, violation.t, because)
    ours = [each for each in outcome.violations if not _of_the_user(each, journal)]
    _never_read(simulation, journal)
    counts = [simulation.checkers.records.counts(group_id) for group_id in simulation.views.groups]
    return Played(
        lines=lines,
        findings=tuple(sorted(journal.findings, key=lambda finding: finding.t)),
        violations=tuple(violation for violation in ours if violation.rule != "I06"),
        entries=tuple(journal.entries),
        records=RecordCounts(
            processed=sum(each.processed for each in counts),
            duplicates=sum(each.duplicates for each in counts),
            gaps=sum(each.gaps for each in counts),
        ),
        trace=simulation.trace,
        printed=tuple(line for block in outcome.outputs for line in block),
    )


def _never_stops(hosted: Sequence[HostedApplication], journal: Journal) -> None:
    """Who was told to close and goes on would be killed one day, and leave no word."""
    for each in hosted:
        if each.closes_since is not None:
            said = f"{each.name} is told to close, and is still there when all is over"
            journal.found("never stops", each.name, said, each.closes_since)


def _with_the_commit(violation: Violation, journal: Journal) -> tuple[str, tuple[str, int] | None]:
    """A gap begins with a commit that came too early: whose it was, and when."""
    skipped = violation.about
    if not isinstance(skipped, Skipped):
        return violation.message, None
    commits = journal.commits.get((skipped.group_id, skipped.partition, skipped.offset))
    if not commits:
        return violation.message, None
    commit = commits[0]
    told = f"{violation.message}, which {commit.who} committed at {seconds(commit.t)}"
    return told, (commit.who, commit.t)


def _of_the_user(violation: Violation, journal: Journal) -> bool:
    """A committed offset went back (I03) because the user's code said so: a finding, or its wish.

    Who seeks back and commits means it: that is the explicit reset that the rule allows.
    """
    back = violation.about
    if not isinstance(back, WentBack):
        return False
    commits = journal.commits.get((back.group_id, back.partition, back.offset))
    if not commits:
        return False
    commit = commits[-1]
    if not commit.sought:
        said = f"{commit.who} commits {commit.what}, where {back.before} was committed already"
        journal.found("commit back", commit.who, said, violation.t)
    return True


def _never_read(simulation: Simulation, journal: Journal) -> None:
    """What nobody has processed at the very end, though its partition has an owner."""
    logs, views, book = simulation.logs, simulation.views, simulation.checkers.records
    for group_id, partition in (
        (group_id, partition)
        for group_id in views.groups
        for topic in logs.produced_to()
        for partition in logs.partitions(topic)
    ):
        owners = views.holders(group_id, partition)
        if not owners:
            continue
        done = book.of(group_id, partition).done
        read_to = max((last for _, last in done), default=0)
        for start, stop in done.missing(read_to, logs.end(partition, simulation.now) or 0):
            owner = owners[-1].name
            journal.found(
                "never read",
                owner,
                f"{span_text(start, stop)} of {partition_name(partition)} of {group_id}: "
                f"{owner} owns it and does not read them",
            )
