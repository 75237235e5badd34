"""A trace read event by event is the trace read at once; only what is needed stays in memory."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebalance.timeline.lanes import UnknownGroupError, read_groups
from rebalance.timeline.model import models
from rebalance.timeline.text import render_text
from rebalance.timeline.trace import (
    Header,
    Step,
    Trace,
    TraceError,
    open_trace,
    stream_trace,
    write_trace,
)
from tests.timeline.rewriting import TESTDATA
from tests.timeline.stories import eager_churn
from tests.timeline.test_metrics import _COORDINATOR, _JOINED, _MEMBER, _WORLD, _traces


@settings(max_examples=60, deadline=None)
@given(_traces(st.one_of(_MEMBER, _COORDINATOR, _WORLD, _JOINED)))
def test_a_stream_is_read_as_the_trace_is(trace: Trace) -> None:
    lines = [line + "\n" for line in trace.lines()]
    assert list(stream_trace(lines).events) == trace.events
    assert models(stream_trace(lines)) == models(trace)


def test_a_file_is_read_line_by_line_as_it_is_asked_for() -> None:
    stream = open_trace(TESTDATA / "eager.jsonl")
    assert stream.header.source == "story"
    first = next(stream.events)
    assert (first.NAME, first.t) == ("topic", 0)
    assert render_text(open_trace(TESTDATA / "eager.jsonl")) == render_text(eager_churn())


def test_several_groups_are_read_in_one_pass() -> None:
    trace = Trace(Header(source="test"))
    both = [*eager_churn().events, *eager_churn(group="other").events]
    for event in sorted(both, key=lambda event: event.t):
        trace.add(event)
    lines = list(trace.lines())
    assert [group.group_id for group in read_groups(stream_trace(lines))] == ["billing", "other"]
    assert [g.group_id for g in read_groups(stream_trace(lines), "other")] == ["other"]
    with pytest.raises(UnknownGroupError, match="it has: billing, other"):
        read_groups(stream_trace(lines), "none")


def test_a_broken_line_ends_a_stream_in_part_and_says_where() -> None:
    text = io.StringIO()
    write_trace(eager_churn(), text)
    lines = [*text.getvalue().splitlines(keepends=True)[:20], "{]\n", "never read\n"]
    stream = stream_trace(lines, name="t", partial=True)
    assert len(list(stream.events)) == 19
    assert stream.left_out.startswith("t:21: '{]' is not JSON")
    whole = stream_trace(lines, name="t")
    with pytest.raises(TraceError, match="t:21: "):
        list(whole.events)


def test_a_last_line_that_was_cut_is_left_out_and_told() -> None:
    stream = stream_trace(
        ['{"schema": "rebalance.trace", "version": 1, "source": "t"}\n', '{"t": 1, "eve'],
        name="t",
    )
    assert list(stream.events) == []
    assert (
        stream.left_out == 't:2: \'{"t": 1, "eve\' is not JSON; expected one event as JSON object'
    )


def test_a_long_trace_is_not_in_memory_as_a_whole(tmp_path: Path) -> None:
    """40,000 steps of 2,000 bytes: 80 MB on disk, less than half of that while it is read."""
    path = tmp_path / "long.jsonl"
    with path.open("w") as out:
        out.write('{"schema": "rebalance.trace", "version": 1, "source": "t"}\n')
        later = "x" * 2_000
        for t in range(40_000):
            event = {"t": t, "event": "of a later writer", "later": later}
            out.write(json.dumps(event) + "\n")
        out.write(json.dumps({"t": t, "event": "step", "text": "end", "group_id": "g"}) + "\n")
    code = (
        "import resource, sys; from pathlib import Path;"
        "from rebalance.timeline.lanes import read_groups;"
        "from rebalance.timeline.trace import open_trace;"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "read_groups(open_trace(Path(sys.argv[1])));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) * 1024 < 40_000_000


def test_an_event_out_of_order_is_the_same_mistake_read_or_added() -> None:
    lines = ['{"schema": "rebalance.trace", "version": 1, "source": "t"}']
    lines += [f'{{"t": {t}, "event": "step", "text": ""}}' for t in (5, 4)]
    with pytest.raises(TraceError) as read:
        list(stream_trace(lines, name="t").events)
    trace = Trace(Header(source="t"))
    trace.add(Step(t=5, text=""))
    with pytest.raises(TraceError) as added:
        trace.add(Step(t=4, text=""))
    assert str(read.value) == f"t:3: {added.value}"
