"""What the page is told of partitions: lanes of those with one history, and sums over them.

Why: ten thousand partitions of fifty members are a few hundred histories, and those know a few
hundred different ownerships: each is written once, and lanes are numbers (data.py says which).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from rebalance.timeline.html import words
from rebalance.timeline.html.budget import Budget, LeftOut, coarser_runs, short
from rebalance.timeline.html.sweeps import Steps, coarser_steps, live_steps, ownership_steps
from rebalance.timeline.model import GroupModel, PartitionLane, Run

NOTHING, OWNED, NOBODY, ZOMBIE, DOUBLE = range(5)

Numbers: TypeAlias = dict[int, int]
Flat: TypeAlias = list[int]


def partition_data(
    model: GroupModel, numbers: Numbers, budget: Budget, left_out: LeftOut
) -> dict[str, Any]:
    """The lanes of a group's partitions, its topics, and how many partitions nobody has when.

    Args:
        numbers: of the members that are on the page, by those in the model.
    """
    span_ms = model.end_ms - model.start_ms
    topics = _kept_topics(model, budget.topics, left_out)
    kept = [lane for lane in model.partitions if lane.topic in topics]
    rows, step_ms = coarser_runs([lane.runs for lane in kept], span_ms, budget.runs)
    same: dict[tuple[Run, ...], list[list[int]]] = {}
    for lane, row in zip(kept, rows, strict=True):
        same.setdefault(row, []).append([topics[lane.topic], *_ranges(lane.partitions)])
    drawn = list(same.items())
    if len(drawn) > budget.lanes:
        drawn.sort(key=lambda item: -len(item[0]))
        rest = (of for _, parts in drawn[budget.lanes :] for of in parts)
        left_out.add("partitions", sum(sum(of[2::2]) for of in rest))
        drawn = drawn[: budget.lanes]
    _cut_ranges([of for _, parts in drawn for of in parts], budget.ranges, left_out)
    owners = _Owners(model, numbers)
    swept, merged_ms = _sweeps(model, topics, budget.sweeps)
    return {
        "lanes": [{"of": of, "runs": owners.flat(row)} for row, of in drawn],
        "owners": owners.told,
        **swept,
        "step_ms": max(step_ms, merged_ms),
    }


def _kept_topics(model: GroupModel, most: int, left_out: LeftOut) -> dict[str, int]:
    """Their places on the page; of too many those of most different histories."""
    histories = Counter(lane.topic for lane in model.partitions)
    busiest = {topic for topic, _ in histories.most_common(most)}
    left_out.add("topics", len(histories) - len(busiest))
    return {topic: place for place, topic in enumerate(t for t in histories if t in busiest)}


def _cut_ranges(lists: Sequence[list[int]], most: int, left_out: LeftOut) -> None:
    """Of too many ranges the first of each list."""
    if sum(len(of) // 2 for of in lists) <= most:
        return
    each = max(most // len(lists), 1)
    for of in lists:
        left_out.add("partitions", sum(of[2 + 2 * each :: 2]))
        del of[1 + 2 * each :]


class _Owners:
    """The different ownerships of a group, numbered as they are met."""

    def __init__(self, model: GroupModel, numbers: Numbers) -> None:
        self._numbers = numbers
        self._names = [short(member.name) for member in model.members]
        self._known: dict[Run, int] = {}
        self.told: list[Any] = []

    def flat(self, row: Iterable[Run]) -> Flat:
        """Runs as numbers."""
        flat: Flat = []
        before = 0
        for run in row:
            flat += (run.start_ms - before, run.end_ms - run.start_ms, self._number(run))
            before = run.end_ms
        return flat

    def _number(self, run: Run) -> int:
        alike = run._replace(start_ms=0, end_ms=0, wanted=run.wanted and not run.owners)
        number = self._known.setdefault(alike, len(self._known))
        if number == len(self.told):
            ever = [self._numbers.get(member, -1) for member in run.owners + run.zombies]
            first = ever[0] if run.owners else -1
            self.told.append((_kind(run), first, ever, words.ownership(run, self._names)))
        return number


def _kind(run: Run) -> int:
    if len(run.owners) > 1:
        return DOUBLE
    if run.zombies:
        return ZOMBIE
    return OWNED if run.owners else NOBODY if run.unowned else NOTHING


def _ranges(partitions: Iterable[int]) -> list[int]:
    """First, how many, first, how many, ..."""
    flat: Flat = []
    for partition in partitions:
        if flat and flat[-2] + flat[-1] == partition:
            flat[-1] += 1
        else:
            flat += (partition, 1)
    return flat


def _sweeps(model: GroupModel, topics: Mapping[str, int], most: int) -> tuple[dict[str, Any], int]:
    """Of the whole group, of each topic, and of the members that live."""
    of_topic: dict[str, list[PartitionLane]] = {topic: [] for topic in topics}
    for lane in model.partitions:
        if lane.topic in topics:
            of_topic[lane.topic].append(lane)
    counted = [ownership_steps(lanes) for lanes in of_topic.values()]
    rows = [ownership_steps(model.partitions), live_steps(model), *counted]
    (whole, live, *each), step_ms = coarser_steps(rows, model.end_ms - model.start_ms, most)
    described = [
        {"name": short(topic), "count": _count(of_topic[topic]), "sweep": _relative(steps)}
        for topic, steps in zip(topics, each, strict=True)
    ]
    data = {
        "sweep": _relative(whole),
        "live": _relative(live),
        "partitions": _count(model.partitions),
        "topics": described,
    }
    return data, step_ms


def _count(lanes: Iterable[PartitionLane]) -> int:
    return sum(len(lane.partitions) for lane in lanes)


def _relative(steps: Steps) -> Flat:
    flat: Flat = []
    before = 0
    for t, levels in steps:
        flat += (t - before, *levels)
        before = t
    return flat
