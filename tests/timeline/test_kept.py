"""What is kept of a long trace is little, and tells each rebalance as the whole trace does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from rebalance.timeline.events import (
    Assigned,
    Event,
    GroupStateChanged,
    GroupWaits,
    Header,
    JoinCompleted,
    Joining,
    RebalanceStarted,
    Revoked,
    Step,
)
from rebalance.timeline.kept import WHOLE, KeptEvents
from rebalance.timeline.lanes import read_group
from rebalance.timeline.rebalances import find_rebalances
from rebalance.timeline.stages import courses
from rebalance.timeline.trace import Trace
from tests.timeline.stories import cooperative_scale_out, eager_churn, listeners_only, zombie

G = "g"
MEMBERS = tuple(f"pod-{number}" for number in range(100))


@dataclass
class Stream:
    """A day of rebalances, made while it is read."""

    rebalances: int
    header = Header(source="test")

    @property
    def events(self) -> Iterator[Event]:
        for number in range(self.rebalances):
            yield from rebalance(number, 10_000 * number)


def rebalance(number: int, t: int) -> Iterator[Event]:
    """Of 100 members: the last one joins after a second, and gets its partitions last."""
    yield RebalanceStarted(t=t, group_id=G, generation_id=number, cause="leader rejoined")
    yield GroupWaits(t=t, group_id=G, generation_id=number, waits_for="join", members=MEMBERS)
    for index, name in enumerate(MEMBERS):
        yield Revoked(t=t + index, group_id=G, member=name, partitions={"t": (index,)})
        yield Joining(t=t + 10 * index, group_id=G, member=name, member_id=name)
    last = MEMBERS[-1:]
    yield GroupWaits(t=t + 990, group_id=G, generation_id=number, waits_for="join", members=last)
    yield JoinCompleted(
        t=t + 1_000,
        group_id=G,
        generation_id=number + 1,
        protocol_name="range",
        leader=MEMBERS[0],
        members=MEMBERS,
    )
    yield GroupStateChanged(
        t=t + 1_010, group_id=G, previous="", state="Stable", generation_id=number + 1
    )
    for index, name in enumerate(MEMBERS):
        yield Assigned(
            t=t + 1_020 + index,
            group_id=G,
            member=name,
            partitions={"t": (index,)},
            generation_id=number + 1,
        )


@pytest.mark.parametrize("story", [eager_churn, cooperative_scale_out, zombie, listeners_only])
def test_every_rebalance_is_told_the_same_of_few_events(story: Callable[[], Trace]) -> None:
    group = read_group(story(), "billing")
    kept = KeptEvents(whole=0)
    for event in story().events:
        kept.see(event)
    few = replace(group, events=kept.all())
    found = find_rebalances(group)
    assert find_rebalances(few) == found
    assert courses(few, found) == courses(group, found)


def test_of_a_long_trace_a_handful_of_events_a_rebalance_is_kept() -> None:
    count = 600
    group = read_group(Stream(count), G)
    assert len(group.events) < WHOLE + 10 * count < 305 * count
    found = find_rebalances(group)
    told = courses(group, found)
    assert len(found) == count
    for course in (told[0], told[-1]):
        assert [(stage.name, stage.end_ms - stage.start_ms) for stage in course.stages] == [
            ("revoke", 99),
            ("join", 901),
            ("sync", 10),
            ("settle", 109),
        ]
        assert [(w.stage, w.member) for w in course.waited_for] == [
            ("join", MEMBERS[-1]),
            ("settle", MEMBERS[-1]),
        ]


def test_what_is_not_kept_is_counted() -> None:
    told = list(Stream(20).events)
    kept = KeptEvents(whole=300, steps=4)
    for event in told:
        kept.see(event)
    mine = [e for e in told if e.VIEW == "member"]
    still = [e for e in kept.all() if e.VIEW == "member"]
    assert kept.left_out == {"events": len(mine) - len(still), "steps": 0}
    assert len(still) < len(mine) / 2
    for number in range(9):
        kept.see(Step(t=10**9 + number, text="again"))
    assert kept.left_out["steps"] == 5
    assert sum(isinstance(event, Step) for event in kept.all()) == 4


def test_steps_are_bounded_where_no_coordinator_speaks_too() -> None:
    kept = KeptEvents(whole=10, steps=20)
    for number in range(100):
        kept.see(Step(t=number, text="again"))
    assert len(kept.all()) == 30
    assert kept.left_out == {"events": 0, "steps": 70}
