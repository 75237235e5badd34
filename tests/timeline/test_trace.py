"""The trace in memory and as lines: what is written is read back; what is wrong is named."""

import io
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalance.timeline.trace import (
    EVENTS,
    Event,
    Header,
    Partitions,
    Step,
    Trace,
    TraceError,
    event_line,
    parse_trace,
    read_trace,
    write_trace,
)

HEADER = '{"schema": "rebalance.trace", "version": 1, "source": "test"}'

_TEXT = st.text(max_size=5)
_VALUES = {
    int: st.integers(0, 10**6),
    str: _TEXT,
    bool: st.booleans(),
    str | None: st.none() | _TEXT,
    int | None: st.none() | st.integers(0, 10**12),
    tuple[str, ...]: st.lists(_TEXT, max_size=3).map(tuple),
    Partitions: st.dictionaries(
        _TEXT, st.lists(st.integers(0, 9), max_size=3).map(tuple), max_size=2
    ),
}


def _events(kind: type[Event]) -> st.SearchStrategy[Event]:
    values = {
        spec.name: _VALUES[spec.type] if spec.type in _VALUES else st.sampled_from(["closed"])
        for spec in fields(kind)
    }
    if values.get("member") is _VALUES[str]:
        values["member"] = _VALUES[str].filter(bool)  # a lane's name
    if "member_id" in values and values["member_id"] is _VALUES[str]:
        values["member_id"] = _VALUES[str].filter(bool)  # of most events nobody is no member
    return st.builds(kind, **values)


@given(st.one_of([_events(kind) for kind in EVENTS.values()]))
def test_every_event_is_read_as_it_was_written(event: Event) -> None:
    assert parse_trace([HEADER, event_line(event)]).events == [event]


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    trace = Trace(Header(source="test", clock="virtual", started_at_ms=7, note="für Łukasz"))
    trace.add(Step(t=0, text="早上好"))
    path = tmp_path / "trace.jsonl"
    with path.open("w", encoding="utf-8") as out:
        write_trace(trace, out)
    read = read_trace(path)
    assert (read.header, read.events) == (trace.header, trace.events)


def test_a_watcher_sees_each_event() -> None:
    seen: list[Event] = []
    Trace(Header(source="test"), watch=seen.append).add(Step(t=0, text="a"))
    assert seen == [Step(t=0, text="a")]


def test_time_never_goes_back() -> None:
    trace = Trace(Header(source="test"))
    trace.add(Step(t=5, text="a"))
    with pytest.raises(TraceError, match="t=4 stands after t=5"):
        trace.add(Step(t=4, text="b"))


def test_unknown_events_and_fields_are_skipped() -> None:
    lines = [
        HEADER,
        '{"t": 0, "event": "of a later writer"}',
        "",
        '{"t": 1, "event": "step", "text": "a", "later": [1]}',
    ]
    assert parse_trace(lines).events == [Step(t=1, text="a")]


def test_a_last_line_cut_in_the_middle_is_left_out() -> None:
    text = f'{HEADER}\n{{"t": 0, "event": "step", "text": "a"}}\n{{"t": 1, "eve'
    assert parse_trace(io.StringIO(text)).events == [Step(t=0, text="a")]


def test_a_last_line_that_ends_in_half_a_letter_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    whole = f'{HEADER}\n{{"t": 0, "event": "step", "text": "a"}}\n'
    half = '{"t": 1, "event": "step", "text": "é'.encode()[:-1]
    file.write_bytes(whole.encode() + half)
    assert read_trace(file).events == [Step(t=0, text="a")]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "t.jsonl: empty; expected the header"),
        (["hello"], "t.jsonl:1: 'hello' is not JSON; expected the header"),
        (["[" * 100_000], "t.jsonl:1: "),
        (["[1]"], "t.jsonl:1: '[1]' is no JSON object"),
        (['{"a": 1}'], "t.jsonl:1: not a trace"),
        (['{"schema": "rebalance.trace", "version": 2}'], "version 2, but this release"),
        ([HEADER, "{"], "t.jsonl:2: '{' is not JSON; expected one event"),
        ([HEADER, '{"event": "step", "text": ""}'], "t.jsonl:2: step lacks 't'"),
        (
            [HEADER, '{"bad": 1}'],
            "t.jsonl:2: '{\"bad\": 1}' is no event: it lacks 'event', its kind",
        ),
        ([HEADER, '{"t": 0, "event": 7}'], 't.jsonl:2: \'{"t": 0, "event": 7}\' is no event'),
        ([HEADER, '{"t": 0, "event": "step"}'], "t.jsonl:2: step lacks 'text'"),
        ([HEADER, '{"t": -1, "event": "step", "text": ""}'], "has t='-1'; expected millis"),
        (
            [HEADER, '{"t": 1' + "0" * 20 + ', "event": "end"}'],
            "from 0 to a hundred",
        ),
        ([HEADER, '{"t": ' + "1" * 5_000 + ', "event": "end"}'], "t.jsonl:2: "),
        (
            [HEADER, '{"t": 0, "event": "topic", "topic": "a", "partitions": 2000000000}'],
            "topic has partitions='2000000000'; expected how many there are, at most 1,000,000",
        ),
        (
            [
                HEADER,
                '{"t": 0, "event": "member_removed", "group_id": "g", "member_id": "", '
                '"cause": "member left"}',
            ],
            "member_removed has member_id=''; expected whom it is about",
        ),
        (
            [HEADER, '{"t": 0, "event": "joining", "group_id": "g", "member": ""}'],
            "joining has member=''; expected whom it is about",
        ),
        (
            [HEADER[:-1] + ', "started_at_ms": 1764500000000000000}'],
            "t.jsonl:1: header has started_at_ms='1764500000000000000'; expected milliseconds",
        ),
        ([HEADER, '{"t": 0.5, "event": "step", "text": ""}'], "t='0.5'; expected integer"),
        ([HEADER, '{"t": true, "event": "step", "text": ""}'], "t='true'; expected integer"),
        (
            [
                HEADER,
                '{"t": 0, "event": "lost", "group_id": "g", "member": "A", "partitions": [1]}',
            ],
            "lost has partitions='[1]'; expected object: topic to list of partition ids",
        ),
        (
            [
                HEADER,
                '{"t": 0, "event": "lost", "group_id": "g", "member": "A", "partitions": {"a": 1}}',
            ],
            "expected object: topic",
        ),
        (
            [
                HEADER,
                '{"t": 0, "event": "member_stopped", "group_id": "g", "member": "A", "how": "so"}',
            ],
            'expected "closed" or "crashed"',
        ),
        (
            [
                HEADER,
                '{"t": 5, "event": "step", "text": ""}',
                '{"t": 4, "event": "step", "text": ""}',
            ],
            "t.jsonl:3: event step at t=4 stands after t=5",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(lines: list[str], message: str) -> None:
    with pytest.raises(TraceError) as caught:
        parse_trace(lines, name="t.jsonl")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    path = tmp_path / "binary"
    path.write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(TraceError, match="not UTF-8 text"):
        read_trace(path)


def test_importing_the_schema_is_cheap() -> None:
    code = (
        "import sys, rebalance.timeline.trace;"
        "heavy = {'numpy', 'rich', 'typer', 'aiokafka', 'kio', 'rebalance.timeline.text'};"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_trace_that_keeps_nothing_remembers_when_it_was_and_how_much() -> None:
    seen: list[Event] = []
    trace = Trace(Header(source="test"), watch=seen.append, keep=False)
    assert (trace.last_t, trace.count) == (None, 0)
    for t in (3, 5):
        trace.add(Step(t=t, text="a"))
    assert (trace.events, trace.last_t, trace.count) == ([], 5, 2)
    assert [event.t for event in seen] == [3, 5]
    with pytest.raises(TraceError, match="t=4 stands after t=5"):
        trace.add(Step(t=4, text="b"))
    with pytest.raises(ValueError, match="kept none of its 2 events"):
        list(trace.lines())


def test_a_trace_knows_its_last_instant() -> None:
    trace = Trace(Header(source="test"), [Step(t=7, text="a")])
    assert (trace.last_t, trace.count) == (7, 1)
    assert Trace(Header(source="test")).last_t is None
