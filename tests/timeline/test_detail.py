"""A closer look: requests and timers of members, load and moves, in text."""

import pytest

from rebalance.simulation import parse, run_scenario
from rebalance.timeline.detail import request_row
from rebalance.timeline.glyphs import ASCII
from rebalance.timeline.history import History, Move
from rebalance.timeline.lives import Lane, Request
from rebalance.timeline.load import load_row, moved_row
from rebalance.timeline.narrowing import Narrowing
from rebalance.timeline.ownership import Cell
from rebalance.timeline.scale import Scale
from rebalance.timeline.spans import Span
from rebalance.timeline.text import TextOptions, render_text
from rebalance.timeline.trace import Trace

STORY = """\
topic orders partitions=6
trace requests
members A B C topics=orders session.timeout.ms=10000
start A B C
run until stable
lose B Heartbeat
run for 8s
crash C
run for 20s
"""


@pytest.fixture(scope="module")
def trace() -> Trace:
    return run_scenario(parse(STORY)).trace


def rows(text: str, name: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(f"{name} ")]


def lane(name: str, *requests: Request) -> Lane:
    return Lane(
        name=name, member_ids=(), client_id="", group_instance_id=None, alive=(Span(0, 100),),
        counted=(), joining=(), syncing=(), paused=(), marks=(), topics=(), requests=requests,
    )  # fmt: skip


def written(cells: list) -> str:  # type: ignore[type-arg]
    return "".join(cell.text for cell in cells)


def test_requests_are_drawn_of_members_asked_for_and_of_a_short_time(trace: Trace) -> None:
    assert not rows(render_text(trace), "  requests")
    one = render_text(trace, options=TextOptions(only=Narrowing(members=("B",))))
    (row,) = rows(one, "  requests")
    assert "J" in row
    assert "✗" in row
    assert "J JoinGroup   S SyncGroup" in one
    assert "✗ lost or refused" in one
    short = TextOptions(from_ms=0, to_ms=10_000)
    assert len(rows(render_text(trace, options=short), "  requests")) == 3
    (ascii_row,) = rows(
        render_text(trace, options=TextOptions(only=Narrowing(members=("B",)), ascii=True)),
        "  requests",
    )
    assert ascii_row.isascii()


def test_a_request_lasts_until_it_was_answered() -> None:
    sent = (
        Request(0, 40, "JoinGroup", ""),
        Request(40, 50, "SyncGroup", ""),
        Request(60, None, "Heartbeat", "", bad=True),
        Request(75, 80, "OffsetFetch", ""),
    )
    row = written(request_row(lane("A", *sent), Scale(0, 100, 20), ASCII))
    assert row == "JJJJJJJJSS  HXHFHXHX"


def test_timers_say_when_a_session_ends(trace: Trace) -> None:
    options = TextOptions(only=Narrowing(members=("C",)), width=120)
    text = render_text(trace, options=options)
    assert "silent since 14.022 s, expires by 24.022 s · session timeout 10.000 s" in text
    narrow = render_text(trace, options=TextOptions(only=Narrowing(members=("C",)), width=60))
    assert "silent since 14.022 s, expires by 24.022 s\n" in narrow


def test_the_load_says_the_least_and_the_most() -> None:
    counts = {"A": {0: (4, 0), 50: (2, 0)}, "B": {0: (4, 0), 50: (-2, 0)}}
    row = written(load_row([lane("A"), lane("B")], counts, Scale(0, 100, 10)))
    assert row == "4    2-6  "
    counts["B"][50] = (-4, 4)
    row = written(load_row([lane("A"), lane("B")], counts, Scale(0, 100, 10)))
    assert row == "4    6    ", "a zombie is no member"


def test_what_moved_is_never_left_out() -> None:
    def history(count: int, *moves: int) -> History:
        cells = tuple(Cell("t", id_) for id_ in range(count))
        return History(cells=cells, stretches=(), moves=tuple(Move(t, "A", "B") for t in moves))

    row = written(moved_row([history(12, 10, 18), history(3, 20, 90)], Scale(0, 100, 10)))
    assert row == " 27      3"


@pytest.mark.parametrize("width", [80, 200])
def test_text_has_load_and_moves(trace: Trace, width: int) -> None:
    text = render_text(trace, options=TextOptions(width=width))
    (load,) = rows(text, "load")[:1]
    assert load.split()[1] == "0"
    assert "2" in load
    assert all(len(line) <= width for line in text.splitlines())
    number = next(line for line in text.splitlines() if line.startswith("#1"))
    assert len(number) <= 100, "the generation stands near what it belongs to"
