"""What `rebalance assign` prints for people.

The rule kept here: it fits the terminal and stays readable for large groups. What is left out is
counted, and `--all` shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assignors.model import PartitionSet
from assignors.quality import Quality, assess
from rebalance.cli.assigning.difference import Difference, Hand, difference
from rebalance.cli.assigning.running import Outcome, Possible, Round
from rebalance.cli.assigning.scores import scores, span, verdict
from rebalance.cli.assigning.solutions import failure, solution_lines
from rebalance.cli.assigning.today import Today
from rebalance.cli.assigning.words import (
    columns_that_fit,
    lines_of,
    number,
    partitions_text,
    plural,
    shortened,
    table,
    wrapped,
)

_MOST_MEMBERS = 16
_TOP, _BOTTOM = 8, 4
_MOST_LINES = 3
_MOST_CHANGES = 6
_MOST_HANDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """`everything`: leave nothing out. `rounds`: show each round of a cooperative assignor."""

    width: int
    everything: bool
    rounds: bool


def lines(
    where: str,
    today: Today,
    best: Possible,
    outcomes: Sequence[Outcome],
    layout: Layout,
) -> Iterator[str]:
    """All of it."""
    teller = _Teller(today, layout)
    yield from teller.group(where)
    detailed = len(outcomes) == 1 or layout.everything
    for outcome in outcomes:
        yield from teller.outcome(outcome, detailed=detailed)
    if len(outcomes) > 1:
        yield ""
        yield from teller.side_by_side(outcomes)
    ran = [each for each in outcomes if each.quality is not None]
    if ran:
        yield ""
        yield from scores(today, teller.quality_today(), best, ran, layout.width)
        yield ""
        for outcome in ran:
            told: Iterable[str] = [verdict(outcome, best)]
            if outcome.solution is not None and outcome.ok:
                told = solution_lines(outcome.label, outcome.solution, layout.everything)
            for line in told:
                yield from wrapped(line, layout.width, "    " if line[0] == " " else "  ")


class _Teller:
    """Tells of one group; knows how each member is called here."""

    def __init__(self, today: Today, layout: Layout) -> None:
        self._today = today
        self._layout = layout
        self._names = shortened(today.members, layout.width // 3)
        self._brief = shortened(today.members, layout.width // 5)
        self._few = len(today.members) <= _MOST_MEMBERS or layout.everything

    def group(self, where: str) -> Iterator[str]:
        """What there is, and what is odd about it."""
        today = self._today
        topics = today.cluster.partitions
        generation = today.generation_id
        told = [
            plural(len(today.members), "member"),
            plural(len(topics), "topic"),
            plural(sum(topics.values()), "partition"),
            f"generation {generation}" if generation >= 0 else "no generation yet",
        ]
        head = f"{where}: {', '.join(told)}"
        if len(head) <= self._layout.width:
            yield head
        else:  # the name in one piece, to be copied
            yield f"{where}:"
            yield from wrapped(f"  {', '.join(told)}", self._layout.width, "  ")
        yield from wrapped(f"  today: {self._owners()}", self._layout.width, "    ")
        for note in today.notes:
            yield from wrapped(f"  note: {note}", self._layout.width, "    ")

    def _owners(self) -> str:
        owner = self._today.settled.owner
        size, owned = int(owner.size), int((owner >= 0).sum())
        if size == 0:
            return "there is nothing to assign"
        if owned == 0:
            return f"nobody owns any of the {plural(size, 'subscribed partition')}"
        least, most = self.quality_today().load_range
        free = f", {size - owned:,} by nobody" if owned < size else ""
        of_all = f"{owned:,} of {plural(size, 'subscribed partition')}"
        return f"{of_all} owned{free}; {span(least, most)} each"

    def quality_today(self) -> Quality:
        """The owners of today, measured as a plan."""
        today = self._today
        return assess(
            today.cluster,
            today.members,
            today.before,
            weights=today.group.weights,
            capacity=today.shares,
        )

    # --- one assignor ----------------------------------------------------------------------------

    def outcome(self, outcome: Outcome, *, detailed: bool) -> Iterator[str]:
        """Its plan and the difference to today, or why there is none."""
        if not outcome.ok:
            yield ""
            for line in failure(outcome):
                yield from wrapped(line, self._layout.width, "    ")
        if detailed and outcome.rounds:
            yield from self._rounds(outcome)

    def _rounds(self, outcome: Outcome) -> Iterator[str]:
        if not outcome.cooperative:
            yield ""
            yield f"plan of {outcome.label}"
            yield from self._plan(outcome.rounds[0].plan)
            yield from self._difference(difference(self._today, outcome.rounds[0].plan))
            return
        shown = outcome.rounds if self._layout.rounds else outcome.rounds[:1]
        before: Mapping[str, PartitionSet] = self._today.before
        for at, each in enumerate(shown, 1):
            yield ""
            yield f"plan of {outcome.label}, round {at} of {len(outcome.rounds)}"
            yield from self._plan(each.plan)
            yield from self._withheld(each)
            found = difference(self._today, each.plan, before=before)
            yield from self._difference(found, "today" if at == 1 else f"round {at - 1}")
            before = each.plan
        left = len(outcome.rounds) - len(shown)
        if left:
            yield f"  {plural(left, 'more round')} to go: --rounds shows them"

    def _withheld(self, each: Round) -> Iterator[str]:
        if not each.withheld:
            return
        yield ""
        yield f"  withheld until revoked: {plural(len(each.withheld), 'partition')}"
        most = None if self._layout.everything else _MOST_LINES
        for line in lines_of(each.withheld, self._layout.width - 4, most):
            yield f"    {line}"

    def _plan(self, plan: Mapping[str, PartitionSet]) -> Iterator[str]:
        if not plan:
            yield "  there is nobody to assign to"
            return
        quality = self._weighed(plan)
        members = [member for member in self._names if member in plan]
        if not self._few:
            members = sorted(members, key=lambda m: (-quality.relative_loads[m], m))
        shown = members if self._few else [*members[:_TOP], *members[-_BOTTOM:]]
        heads = [
            [self._names[member], f"{len(plan[member]):,}", *self._weight_cells(quality, member)]
            for member in shown
        ]
        title = ["member", "load", *(["weight", "of fair"] if self._today.weighty else [])]
        aligned = table([title, *heads])
        indent = max(len(line) for line in aligned) + 2
        yield f"{aligned[0]:<{indent}}partitions"
        most = None if self._layout.everything else _MOST_LINES if self._few else 1
        for at, (member, head) in enumerate(zip(shown, aligned[1:], strict=True)):
            if not self._few and at == _TOP:
                rest = [len(plan[each]) for each in members[_TOP:-_BOTTOM]]
                more = f"{plural(len(rest), 'more member')} with {span(min(rest), max(rest))} each"
                yield f"  ... {more}: --all shows them"
            if len(plan[member]) == 0:
                yield f"{head:<{indent}}-"
                continue
            cells = lines_of(plan[member], self._layout.width - indent, most)
            for first, cell in zip([head, *[""] * (len(cells) - 1)], cells, strict=True):
                yield f"{first:<{indent}}{cell}"

    def _weight_cells(self, quality: Quality, member: str) -> list[str]:
        if not self._today.weighty:
            return []
        return [
            number(quality.weighted_loads[member]),
            f"{quality.relative_loads[member]:.0%}",
        ]

    def _weighed(self, plan: Mapping[str, PartitionSet]) -> Quality:
        today = self._today
        return assess(
            today.cluster,
            today.members,
            plan,
            weights=today.group.weights,
            capacity=today.shares,
        )

    # --- the difference --------------------------------------------------------------------------

    def _difference(self, found: Difference, to: str = "today") -> Iterator[str]:
        yield ""
        if not found.hands:
            yield f"difference to {to}: nothing moves"
            return
        if found.kept == 0 and found.moved == 0:
            yield f"difference to {to}: all {plural(found.found, 'partition')} are new"
            return
        parts = [f"{found.kept:,} stay"]
        if found.moved:
            parts.append(
                "1 leaves its owner" if found.moved == 1 else f"{found.moved:,} leave their owner"
            )
        if found.found:
            parts.append(f"{found.found:,} without an owner get{'s' * (found.found == 1)} one")
        yield from wrapped(f"difference to {to}: {', '.join(parts)}", self._layout.width, "  ")
        changes = found.changes()
        shown = list(changes)
        if not self._few:
            shown = shown[:_MOST_CHANGES]
        gained, lost = found.gained(), found.lost()
        width = max(len(self._brief[member]) for member in shown)
        for member in shown:
            head = self._brief[member]
            for sign, hands in (("+", gained.get(member, [])), ("-", lost.get(member, []))):
                yield from self._hands(f"  {head:<{width}}  {sign}", sign, hands)
                head = head if not hands else ""
        more = len(changes) - len(shown)
        if more:
            yield f"  ... {plural(more, 'more member')} with fewer changes: --all shows them"

    def _hands(self, head: str, sign: str, hands: Sequence[Hand]) -> Iterator[str]:
        if not hands:
            return
        count = sum(len(each.partitions) for each in hands)
        head = f"{head}{count:,}"
        head = f"{head:<{len(head) + max(0, 4 - len(str(count)))}}"
        told = []
        for each in hands[: None if self._layout.everything else _MOST_HANDS if self._few else 2]:
            other = each.giver if sign == "+" else each.taker
            word = "from" if sign == "+" else "to"
            what = partitions_text(each.partitions, most=48)
            if other is not None:
                told.append(f"{what} {word} {self._brief[other]}")
            else:
                told.append(f"{what} {'from nobody' if sign == '+' else 'given up'}")
        if len(hands) > len(told):
            told.append(f"and {word} {plural(len(hands) - len(told), 'more member')}")
        for at, line in enumerate(wrapped(", ".join(told), self._layout.width - len(head))):
            yield f"{head if at == 0 else ' ' * len(head)}{line}"

    # --- several ---------------------------------------------------------------------------------

    def side_by_side(self, outcomes: Sequence[Outcome]) -> Iterator[str]:
        """A row a member, a column an assignor: load at the end, gained and lost."""
        ran = [each for each in outcomes if each.rounds]
        if not ran:
            return
        found = [difference(self._today, each.rounds[-1].plan) for each in ran]
        changes = [each.changes() for each in found]
        members = list(self._names)
        if not self._few:
            last = ran[0].rounds[-1].plan
            members.sort(key=lambda member: (-len(last[member]), member))
        shown = members if self._few else [*members[:_TOP], *members[-_BOTTOM:]]
        names = ["member", *(self._names[member] for member in shown)]
        todays = ["today", *(f"{len(self._today.before[member]):,}" for member in shown)]
        labels = shortened([each.label for each in ran], self._layout.width * 28 // 100)
        made = [
            [
                labels[outcome.label],
                *(self._cell(outcome, member, changed.get(member)) for member in shown),
            ]
            for outcome, changed in zip(ran, changes, strict=True)
        ]
        what = "load and weight" if self._today.weighty else "load"
        yield f"{what} of each member, and what it gains and loses"
        fixed = sum(max(map(len, column)) + 2 for column in (names, todays))
        for part in columns_that_fit(made, self._layout.width - fixed):
            if part.start:
                yield ""
            printed = table([*zip(names, todays, *made[part], strict=True)])
            if not self._few:
                rest = plural(len(members) - len(shown), "more member")
                printed.insert(_TOP + 1, f"  ... {rest}: --all shows them")
            yield from printed
        if not self._layout.everything:
            yield "  (the plans themselves: one --assignor, --all or --json)"

    def _cell(self, outcome: Outcome, member: str, change: tuple[int, int] | None) -> str:
        assert outcome.quality is not None
        load = f"{outcome.quality.loads[member]:,}"
        if self._today.weighty:
            load += f"  {number(outcome.quality.weighted_loads[member]):>6}"
        gained, lost = change or (0, 0)
        told = [*([f"+{gained:,}"] if gained else []), *([f"-{lost:,}"] if lost else [])]
        return f"{load}  {' '.join(told):<5}"
