"""The picture: golden files for the eye, properties for everything else."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebalance.timeline.events import Header, MemberStarted, Step
from rebalance.timeline.glyphs import width_of
from rebalance.timeline.lanes import UnknownGroupError
from rebalance.timeline.text import TextOptions, render_text
from rebalance.timeline.trace import Trace, read_trace
from tests.timeline.rewriting import TESTDATA, matches
from tests.timeline.stories import (
    cooperative_scale_out,
    eager_churn,
    listeners_only,
    rolling_restart,
    zombie,
)
from tests.timeline.test_metrics import _COORDINATOR, _JOINED, _MEMBER, _WORLD, _traces

STORIES = {
    "eager": eager_churn,
    "cooperative": cooperative_scale_out,
    "listeners": listeners_only,
    "zombie": zombie,
}
PICTURES = {
    "eager.txt": ("eager", TextOptions()),
    "eager.color.txt": ("eager", TextOptions(color=True)),
    "eager.ascii.txt": ("eager", TextOptions(ascii=True)),
    "cooperative.txt": ("cooperative", TextOptions()),
    "cooperative.closeup.txt": ("cooperative", TextOptions(rebalance=3)),
    "listeners.txt": ("listeners", TextOptions(width=60)),
    "zombie.txt": ("zombie", TextOptions()),
    "zombie.color.txt": ("zombie", TextOptions(color=True)),
}


@pytest.mark.parametrize("name", STORIES)
def test_the_traces_on_disk_are_the_stories(name: str) -> None:
    text = "".join(line + "\n" for line in STORIES[name]().lines())
    assert matches(TESTDATA / f"{name}.jsonl", text)


@pytest.mark.parametrize("name", PICTURES)
def test_golden_pictures(name: str) -> None:
    story, options = PICTURES[name]
    trace = read_trace(TESTDATA / f"{story}.jsonl")
    picture = render_text(trace, options=options)
    assert matches(TESTDATA / name, picture), "REBALANCE_REWRITE=1 rewrites it: look at it"


def plain(picture: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", picture)


@settings(max_examples=150, deadline=None)
@given(
    _traces(st.one_of(_MEMBER, _COORDINATOR, _WORLD, _JOINED)),
    st.integers(60, 300),
    st.booleans(),
)
def test_any_trace_has_a_picture_within_its_width(trace: Trace, width: int, ascii_: bool) -> None:
    options = TextOptions(width=width, ascii=ascii_)
    picture = render_text(trace, options=options)
    assert picture == render_text(trace, options=options)
    assert all(width_of(line) <= width for line in picture.splitlines())
    assert picture.isascii() or not ascii_
    colored = render_text(trace, options=TextOptions(width=width, ascii=ascii_, color=True))
    assert plain(colored) == picture


@settings(max_examples=30, deadline=None)
@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40), st.integers(60, 90))
def test_names_of_any_kind_do_not_shift_the_picture(group: str, member: str, width: int) -> None:
    trace = Trace(Header(source=member))
    trace.add(MemberStarted(t=0, group_id=group, member=member, topics=(member,)))
    trace.add(Step(t=10, text=member, member=member))
    for ascii_ in (False, True):
        lines = render_text(trace, options=TextOptions(width=width, ascii=ascii_)).splitlines()
        assert all(width_of(line) <= width for line in lines)
        assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("width", [60, 80, 140, 300])
def test_many_members_and_partitions_have_a_bounded_height(width: int) -> None:
    trace = rolling_restart(8, 400, stay_ms=1_500)
    options = TextOptions(width=width, max_partition_rows=10, max_member_rows=12, max_rebalances=5)
    lines = render_text(trace, options=options).splitlines()
    below = lines[lines.index("payments") :]
    rows = [line for line in below[: below.index("")] if re.match(r"  \d", line)]
    assert len(rows) == 9
    assert any(line.startswith("+") and "others" in line for line in lines)
    assert any("4 more members" in line for line in lines)
    assert any("12 lesser rebalances left out" in line for line in lines)
    assert len(lines) < 66


def test_a_gap_of_milliseconds_is_seen_in_three_hours() -> None:
    trace = eager_churn()
    trace.add(Step(t=3 * 3_600_000, text="end"))
    lines = render_text(trace).splitlines()
    row = next(line for line in lines if re.match(r"  0\S* +\S+$", line))
    assert "¦" in row or "·" in row
    assert next(line for line in lines if line.startswith("rebalances")).split()[1] == "1-4"
    assert any(line.startswith("no owner") and "▁" in line for line in lines)
    assert any("0:00:26.000" in line for line in lines)


def test_a_trace_of_five_milliseconds_fills_the_width() -> None:
    trace = Trace(Header(source="test"))
    for event in eager_churn().events:
        if event.t <= 5:
            trace.add(event)
    row = next(line for line in render_text(trace).splitlines() if line.startswith("A "))
    assert len(row) == 80


def test_several_groups_are_drawn_one_after_the_other_or_one_alone() -> None:
    trace = Trace(Header(source="test"))
    both = [*eager_churn().events, *eager_churn(group="other").events]
    for event in sorted(both, key=lambda event: event.t):
        trace.add(event)
    whole = render_text(trace)
    assert "billing: " in whole
    assert "other: " in whole
    assert "billing: " not in render_text(trace, group_id="other")
    with pytest.raises(UnknownGroupError, match="it has: billing, other"):
        render_text(trace, group_id="nope")


def test_a_window_tells_only_what_is_in_it() -> None:
    text = render_text(eager_churn(), options=TextOptions(from_ms=14_000, to_ms=17_000))
    assert "#3" in text
    assert "#4" not in text
    assert "C is killed" not in text


def test_where_nothing_is_told_one_line_is_empty_above_the_legend() -> None:
    quiet = [MemberStarted(t=5, group_id="g", member="A")]
    text = render_text(Trace(Header(source="test"), quiet))
    assert "\n\n\n" not in text
    assert "\n\nmembers " in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (TextOptions(width=59), "expected 60 to 300 columns"),
        (TextOptions(rebalance=5), "no rebalance 5 of group 'billing'; it has 1 to 4"),
        (TextOptions(from_ms=50_000), "the trace goes from 0.000 s to 32.000 s"),
    ],
)
def test_what_cannot_be_drawn_is_said(options: TextOptions, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        render_text(eager_churn(), options=options)


def test_two_owners_are_never_overlooked() -> None:
    from rebalance.timeline.events import Assigned

    trace = Trace(Header(source="test"))
    trace.add(Assigned(t=0, group_id="g", member="A", partitions={"t": (0,)}))
    trace.add(Assigned(t=50_000, group_id="g", member="B", partitions={"t": (0,)}))
    trace.add(Step(t=100_000, text="end"))
    text = render_text(trace)
    assert "!AB!AB" in text
    assert "double-owned 50,000" in text
