"""The words of the picture: true, whole, and understood by somebody who is tired."""

from pathlib import Path

import pytest

from rebalance.cli.simulate import figures
from rebalance.simulation import read, run_scenario
from rebalance.timeline.events import (
    Assigned,
    Event,
    GroupStateChanged,
    Joined,
    Joining,
    Lost,
    MemberJoined,
    MemberRemoved,
    MemberStarted,
    MemberStopped,
    RebalanceStarted,
    Revoked,
    Step,
    TopicKnown,
    TraceEnded,
)
from rebalance.timeline.glyphs import ASCII
from rebalance.timeline.lanes import read_group
from rebalance.timeline.metrics import measure
from rebalance.timeline.text import TextOptions, render_text
from rebalance.timeline.trace import Trace
from tests.timeline.rewriting import TESTDATA
from tests.timeline.stories import eager_churn
from tests.timeline.test_lanes import trace_of

G = "g"


def played(name: str) -> Trace:
    path: Path = TESTDATA.parent / "scenarios" / f"{name}.txt"
    return run_scenario(read(path), measure=figures).trace


def row(picture: str, name: str) -> str:
    return next(line for line in picture.splitlines() if line.startswith(name))


def changing(left: str, *joined: str) -> Trace:
    """`left` leaves and others join in one rebalance."""
    events: list[Event] = [
        MemberJoined(t=0, group_id=G, member_id=f"{left}-id", client_id=left),
        MemberRemoved(t=5, group_id=G, member_id=f"{left}-id", cause="member left"),
        RebalanceStarted(
            t=5, group_id=G, generation_id=1, cause="member left", member_id=f"{left}-id"
        ),
        *(MemberJoined(t=6, group_id=G, member_id=f"{n}-id", client_id=n) for n in joined),
        GroupStateChanged(t=9, group_id=G, previous="?", state="Stable", generation_id=2),
    ]
    return trace_of(*events)


@pytest.mark.parametrize(
    ("joined", "width", "words"),
    [
        (("both-1",), 80, "member left: old-1, joined: both-1 "),
        (("both-1", "both-2"), 80, "member left: old-1, joined: both-1 and 1 more "),
        (("consumer-of-a-long-name",), 80, "member left: old-1, joined: con"),
        (("consumer-of-a-long-name",), 70, "member left: old-1, 1 joined "),
    ],
)
def test_who_left_and_who_joined(joined: tuple[str, ...], width: int, words: str) -> None:
    picture = render_text(changing("old-1", *joined), options=TextOptions(width=width))
    assert words in row(picture, "#1")


def test_heights_of_the_ascii_picture_are_no_digits() -> None:
    assert not any(char.isalnum() for char in ASCII.levels)
    picture = render_text(eager_churn(), options=TextOptions(ascii=True))
    assert not any(char.isdigit() for char in row(picture, "no owner"))


@pytest.mark.parametrize("ascii_", [False, True])
def test_the_legend_explains_every_kind_of_row(ascii_: bool) -> None:
    legend = render_text(eager_churn(), options=TextOptions(ascii=ascii_)).split("\n\n")[-1]
    assert "1--" in legend or "1──" in legend
    full = "#" if ascii_ else "█"
    assert f"{full} all partitions" in legend


def test_the_headline_names_the_longest_time_without_an_owner() -> None:
    assert "longest without owner 6.318 s" in render_text(eager_churn()).split("\n\n")[0]


def lane_of_b(*events: Event) -> str:
    trace = trace_of(
        MemberStarted(t=0, group_id=G, member="A", topics=("t",)),
        Assigned(t=0, group_id=G, member="A", partitions={"t": (0,)}),
        MemberStarted(t=0, group_id=G, member="B", topics=("t",)),
        *events,
        TraceEnded(t=100_000),
    )
    return row(render_text(trace), "B")


def test_a_member_that_owns_nothing_loses_nothing() -> None:
    joining: list[Event] = []
    for generation_id, t in ((1, 5_000), (2, 50_000)):
        joining += [
            Joining(t=t, group_id=G, member="B"),
            Joined(t=t + 9, group_id=G, member="B", member_id="b", generation_id=generation_id),
        ]
    assert "¦" not in lane_of_b(*joining)


def test_a_lane_that_begins_by_joining_loses_nothing() -> None:
    drawn = lane_of_b(
        Joining(t=0, group_id=G, member="B"),
        Joined(t=9, group_id=G, member="B", member_id="b", generation_id=1),
        Assigned(t=9, group_id=G, member="B", partitions={"t": (1,)}),
        Revoked(t=50_000, group_id=G, member="B", partitions={"t": (1,)}),
        Joining(t=50_000, group_id=G, member="B"),
        Assigned(t=50_009, group_id=G, member="B", partitions={"t": (1,)}),
        Lost(t=99_999, group_id=G, member="B", partitions={"t": (1,)}),
    )
    assert drawn.count("¦") == 1
    assert not drawn.split()[1].startswith("¦")


def test_one_topic_is_named_once_and_its_rows_by_number() -> None:
    topic = "rebalance-demo-3f2a91bc"
    trace = trace_of(
        TopicKnown(t=0, topic=topic, partitions=2),
        MemberStarted(t=0, group_id=G, member="A", topics=(topic,)),
        Assigned(t=10, group_id=G, member="A", partitions={topic: (0,)}),
        TraceEnded(t=100),
    )
    picture = render_text(trace)
    assert picture.count(topic) == 1
    assert row(picture, "  0 ").startswith("  0        ·······AAA")
    assert row(picture, "  1 ").endswith("··")


def test_without_a_coordinator_a_crash_is_drawn_until_others_take_over() -> None:
    trace = trace_of(
        MemberStarted(t=0, group_id=G, member="A", topics=("t",)),
        MemberStarted(t=0, group_id=G, member="B", topics=("t",)),
        Assigned(t=0, group_id=G, member="A", partitions={"t": (0,)}),
        Assigned(t=0, group_id=G, member="B", partitions={"t": (1,)}),
        MemberStopped(t=20_000, group_id=G, member="B", how="crashed"),
        Assigned(t=60_000, group_id=G, member="A", partitions={"t": (1,)}),
        TraceEnded(t=100_000),
    )
    drawn = row(render_text(trace), "B")
    assert 26 <= drawn.count("░") <= 28
    assert drawn.endswith("✗" + "░" * drawn.count("░"))


def test_what_no_rebalance_explains_is_charged_to_none() -> None:
    trace = played("rolling_restart_static")
    numbers = measure(read_group(trace, G))
    first = numbers.per_rebalance[0]
    assert (first.partitions_moved, first.partitions_stopped) == (0, 0)
    assert first.unavailable_partition_ms < 6 * 6_100
    picture = render_text(trace)
    assert "A.2 replaces A (static, pod-0): no rebalance" in picture
    assert "outside of rebalances: moved 4 · unavailable 20,0" in picture


def test_what_happened_in_one_millisecond_is_told_in_its_order() -> None:
    trace = trace_of(
        MemberStarted(t=0, group_id=G, member="B", topics=("t",)),
        Step(t=5, text="the demo ends: everybody leaves"),
        MemberStopped(t=5, group_id=G, member="B", how="closed"),
    )
    picture = render_text(trace)
    assert picture.index("everybody leaves") < picture.index("B closed")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (TextOptions(from_ms=5_000, to_ms=2_000), r"from 5\.000 s to 2\.000 s.* 0\.000 s to 32\.0"),
        (TextOptions(from_ms=50_000), r"from 50\.000 s on.* 0\.000 s to 32\.000 s"),
    ],
)
def test_a_window_is_spoken_of_in_seconds(options: TextOptions, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        render_text(eager_churn(), options=options)
