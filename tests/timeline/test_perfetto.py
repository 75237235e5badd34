"""Chrome trace events: read back, and held against the rules of the format."""

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebalance.timeline.cutting import cut
from rebalance.timeline.model import models
from rebalance.timeline.perfetto import render_perfetto
from rebalance.timeline.trace import Trace
from tests.timeline.stories import cooperative_scale_out, eager_churn, listeners_only, zombie
from tests.timeline.test_metrics import _COORDINATOR, _JOINED, _MEMBER, _WORLD, _traces

STORIES = (eager_churn, cooperative_scale_out, listeners_only, zombie)

Read = list[dict[str, Any]]


def read_back(text: str) -> Read:
    """The events of a file, each with the fields that its phase must have."""
    data = json.loads(text)
    assert data["displayTimeUnit"] in ("ms", "ns")
    needs = {
        "X": {"pid", "tid", "ts", "dur", "name"},
        "i": {"pid", "tid", "ts", "s", "name"},
        "C": {"pid", "ts", "name", "args"},
        "M": {"pid", "name", "args"},
        "b": {"pid", "tid", "ts", "id", "cat", "name"},
        "e": {"pid", "tid", "ts", "id", "cat", "name"},
        "s": {"pid", "tid", "ts", "id", "name", "cat"},
        "f": {"pid", "tid", "ts", "id", "name", "cat", "bp"},
    }
    events: Read = data["traceEvents"]
    for event in events:
        assert needs[event["ph"]] <= event.keys(), event
        assert all(isinstance(event.get(key, 0), int) for key in ("pid", "tid", "ts", "dur"))
        assert event.get("ts", 0) >= 0
        assert event.get("dur", 0) >= 0
        assert event.get("s", "t") in ("g", "p", "t")
    return events


def slices_of(events: Read) -> dict[tuple[int, int], list[tuple[int, int]]]:
    slices: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            slices[event["pid"], event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    return slices


def obeys_the_format(text: str) -> Read:
    events = read_back(text)
    named = {(e["pid"], e["tid"]) for e in events if e["name"] == "thread_name"}
    assert len({tid for _, tid in named}) == len(named), "a thread's number is in two processes"
    processes = {e["pid"] for e in events if e["name"] == "process_name"}
    assert {pid for pid, _ in named} <= processes
    slices = slices_of(events)
    assert set(slices) <= named
    for thread, spans in slices.items():
        nest(spans, thread)
    flows_are_bound(events, slices)
    asynchronous_slices_are_pairs(events)
    return events


def asynchronous_slices_are_pairs(events: Read) -> None:
    """One begin and one end, not earlier, of each process, category and id."""
    begun: dict[tuple[int, str, str], dict[str, int]] = defaultdict(dict)
    for event in events:
        if event["ph"] in ("b", "e"):
            pair = begun[event["pid"], event["cat"], event["id"]]
            assert event["ph"] not in pair
            pair[event["ph"]] = event["ts"]
    assert all(set(pair) == {"b", "e"} and pair["b"] <= pair["e"] for pair in begun.values())


def nest(spans: list[tuple[int, int]], thread: tuple[int, int]) -> None:
    """Each slice begins and ends within the slice that it begins in."""
    around: list[int] = []
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        while around and around[-1] <= start:
            around.pop()
        assert not around or end <= around[-1], (thread, start, end)
        around.append(end)


def flows_are_bound(events: Read, slices: dict[tuple[int, int], list[tuple[int, int]]]) -> None:
    """Each flow has one start and one end, not earlier, each inside a slice of its thread."""
    flows: dict[int, dict[str, dict[str, Any]]] = defaultdict(dict)
    for event in events:
        if event["ph"] in ("s", "f"):
            assert event["ph"] not in flows[event["id"]]
            flows[event["id"]][event["ph"]] = event
            spans = slices[event["pid"], event["tid"]]
            assert any(start <= event["ts"] <= end for start, end in spans), event
    for flow in flows.values():
        assert set(flow) == {"s", "f"}
        assert flow["s"]["ts"] <= flow["f"]["ts"]
        assert flow["s"]["name"] == flow["f"]["name"]
        assert flow["f"]["bp"] == "e"


@pytest.mark.parametrize("story", STORIES)
def test_a_story_obeys_the_format(story: Callable[[], Trace]) -> None:
    text = render_perfetto(models(story()))
    events = obeys_the_format(text)
    assert text == render_perfetto(models(story()))
    assert {"X", "i", "M", "C", "s", "f"} == {event["ph"] for event in events}


@settings(max_examples=80, deadline=None)
@given(_traces(st.one_of(_MEMBER, _COORDINATOR, _WORLD, _JOINED)))
def test_any_trace_obeys_the_format(trace: Trace) -> None:
    obeys_the_format(render_perfetto(models(trace)))


def test_a_window_obeys_the_format() -> None:
    (model,) = models(eager_churn())
    events = obeys_the_format(render_perfetto([cut(model, 8_100, 26_100)]))
    at = [event["ts"] for event in events if event["ph"] in ("X", "i")]
    assert min(at) == 8_100_000
    assert max(e["ts"] + e["dur"] for e in events if e["ph"] == "X") == 26_100_000


def test_rebalances_hold_their_stages_and_facts() -> None:
    events = obeys_the_format(render_perfetto(models(eager_churn())))
    (last,) = (e for e in events if e.get("cat") == "rebalance" and e["args"]["number"] == 4)
    assert last["name"] == "#4 session expired: C"
    assert last["args"]["cause_source"] == "coordinator"
    assert last["args"]["unavailable_partition_ms"] == 38_016
    inside = [
        e["name"]
        for e in events
        if e.get("cat") == "stage" and last["ts"] <= e["ts"] < last["ts"] + last["dur"]
    ]
    assert inside == ["revoke", "join", "sync"]


def test_an_arrow_goes_from_the_last_owner_to_the_next() -> None:
    events = obeys_the_format(render_perfetto(models(eager_churn())))
    moves = [event for event in events if event["name"] == "move"]
    lanes = {m["tid"] for m in moves}
    assert len(moves) // 2 == sum(len(lane.moves) for lane in models(eager_churn())[0].partitions)
    assert len(lanes) > 1


def test_each_member_and_each_history_has_its_track() -> None:
    (model,) = models(cooperative_scale_out())
    events = obeys_the_format(render_perfetto([model]))
    names = [event["args"]["name"] for event in events if event["name"] == "thread_name"]
    assert names[:4] == ["rebalances", "A", "B", "C"]
    assert len(names) == 4 + len(model.partitions)
