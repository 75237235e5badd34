"""The last instant of a trace: what begins there is counted and drawn; `end` prolongs it."""

from pathlib import Path

import pytest

from rebalance.cli.simulate import figures
from rebalance.simulation import read, run_scenario
from rebalance.timeline.events import (
    Assigned,
    Event,
    MemberJoined,
    MemberRemoved,
    MemberStarted,
    MemberStopped,
    Revoked,
    TraceEnded,
)
from rebalance.timeline.lanes import read_group, read_groups
from rebalance.timeline.metrics import measure
from rebalance.timeline.text import TextOptions, render_text
from rebalance.timeline.trace import Trace
from tests.timeline.rewriting import TESTDATA
from tests.timeline.test_lanes import trace_of

SCENARIOS = sorted((TESTDATA.parent / "scenarios").glob("*.txt"))
P0 = {"t": (0,)}


def moves_by_hand(trace: Trace, group_id: str) -> int:
    """Every partition that a member got whose last owner was another; nobody's belief counts."""
    ids: dict[str, str] = {}
    gone: set[str] = set()
    last: dict[tuple[str, int], str] = {}
    moved = 0
    for event in trace.events:
        if getattr(event, "group_id", "") != group_id:
            continue
        if isinstance(event, MemberRemoved):
            gone.add(event.member_id)
        elif isinstance(event, MemberJoined):
            gone.discard(event.member_id)  # a coordinator that loaded the group counts on it again
        elif getattr(event, "member", "") and getattr(event, "member_id", ""):
            ids[event.member] = event.member_id  # type: ignore[attr-defined]
        if isinstance(event, Assigned) and ids.get(event.member) not in gone:
            for cell in ((topic, p) for topic, all_ in event.partitions.items() for p in all_):
                moved += last.get(cell, event.member) != event.member
                last[cell] = event.member
    return moved


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_moves_are_those_that_members_told_of(path: Path) -> None:
    trace = run_scenario(read(path), measure=figures).trace
    for group in read_groups(trace):
        numbers = measure(group)
        assert numbers.member_view is not None
        assert numbers.member_view.partitions_moved == moves_by_hand(trace, group.group_id)


def handed_over_at_the_end(*more: Event) -> Trace:
    return trace_of(
        MemberStarted(t=0, group_id="g", member="A", topics=("t",)),
        MemberStarted(t=0, group_id="g", member="B", topics=("t",)),
        Assigned(t=10, group_id="g", member="A", partitions=P0),
        Revoked(t=1_000, group_id="g", member="A", partitions=P0),
        Assigned(t=2_000, group_id="g", member="B", partitions=P0),
        *more,
    )


def test_an_ownership_that_begins_at_the_last_instant_counts_and_is_drawn() -> None:
    trace = handed_over_at_the_end()
    numbers = measure(read_group(trace, "g"))
    assert numbers.member_view is not None
    assert numbers.member_view.partitions_moved == 1
    assert numbers.member_view.unavailable_partition_ms == 10 + 1_000
    rows = render_text(trace).splitlines()
    assert next(row for row in rows if row.startswith("  0 ")).endswith("·B")
    assert next(row for row in rows if row.startswith("B ")).endswith("━")


def test_owners_of_no_time_at_all_are_counted_in_their_order() -> None:
    trace = trace_of(
        *(
            event
            for member in ("A", "C", "B", "C")
            for event in (
                Assigned(t=5, group_id="g", member=member, partitions=P0),
                Revoked(t=5, group_id="g", member=member, partitions=P0),
            )
        )
    )
    numbers = measure(read_group(trace, "g"))
    assert numbers.member_view is not None
    assert numbers.member_view.partitions_moved == 3


def test_the_end_prolongs_what_lasts() -> None:
    trace = handed_over_at_the_end(
        MemberStopped(t=3_000, group_id="g", member="B", how="crashed"), TraceEnded(t=10_000)
    )
    group = read_group(trace, "g")
    numbers = measure(group)
    assert group.end_ms == numbers.duration_ms == 10_000
    assert numbers.member_view is not None
    assert numbers.member_view.unavailable_partition_ms == 10 + 1_000 + 7_000
    picture = render_text(trace, options=TextOptions(to_ms=20_000))
    assert "10.000 s" in picture.splitlines()[0]
    assert "longest without owner 7.000 s" in picture


def test_the_duration_counts_from_the_same_instant_as_all_times() -> None:
    trace = trace_of(
        MemberStarted(t=700, group_id="g", member="A", topics=("t",)),
        Assigned(t=1_000, group_id="g", member="A", partitions=P0),
    )
    assert measure(read_group(trace, "g")).duration_ms == 1_000
