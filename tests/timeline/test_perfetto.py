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
from tests.timeline.stories import (
    cooperative_scale_out,
    eager_churn,
    listeners_only,
    outage,
    zombie,
)
from tests.timeline.test_metrics import _COORDINATOR, _JOINED, _MEMBER, _WORLD, _traces

STORIES = (eager_churn, cooperative_scale_out, listeners_only, outage, zombie)

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
    flows_are_bound(events)
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


def flows_are_bound(events: Read) -> dict[tuple[str, int], tuple[str, str]]:
    """Each flow has one start and one end, not earlier, each bound to a slice as Perfetto's
    importer (json_trace_parser_impl.cc, flow_tracker.cc) does: to what was begun last on its
    thread, in order of time, then of the file. Both slices' names, by the flow's name and id."""
    open_: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
    flows: dict[tuple[str, int], dict[str, tuple[int, dict[str, Any]]]] = defaultdict(dict)
    timed = (e for e in events if e["ph"] in ("X", "i", "s", "f") and e.get("s") != "p")
    for event in sorted(timed, key=lambda e: e["ts"]):
        stack = open_[event["pid"], event["tid"]]
        if event["ph"] in ("X", "i"):
            while stack and stack[-1]["ts"] + stack[-1].get("dur", 0) <= event["ts"]:
                stack.pop()
            stack.append(event)
            continue
        ends = flows[event["name"], event["id"]]
        assert event["ph"] not in ends
        assert stack[-1]["ph"] == "X", "bound to an instant"
        assert stack[-1]["ts"] <= event["ts"] <= stack[-1]["ts"] + stack[-1]["dur"]
        ends[event["ph"]] = (event["ts"], stack[-1])
        assert event["ph"] == "s" or event["bp"] == "e"
    assert all(set(ends) == {"s", "f"} and ends["s"][0] <= ends["f"][0] for ends in flows.values())
    return {flow: (ends["s"][1]["name"], ends["f"][1]["name"]) for flow, ends in flows.items()}


@pytest.mark.parametrize("story", STORIES)
def test_a_story_obeys_the_format(story: Callable[[], Trace]) -> None:
    text = render_perfetto(models(story()))
    events = obeys_the_format(text)
    assert text == render_perfetto(models(story()))
    assert {"X", "i", "M", "C", "s", "f"} <= {event["ph"] for event in events}


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


def test_settling_is_told_to_its_end_though_it_outlasts_its_rebalance() -> None:
    (model,) = models(eager_churn())
    events = obeys_the_format(render_perfetto([model]))
    told = {
        (event["id"], event["ph"]): event["ts"] for event in events if event["name"] == "settle"
    }
    ends = sorted(ts for (_, phase), ts in told.items() if phase == "e")
    stages = [stage for entry in model.rebalances for stage in entry.stages]
    assert ends == [stage.end_ms * 1000 for stage in stages if stage.name == "settle"]
    assert ends[0] > model.rebalances[0].until_ms * 1000


def test_the_arrow_of_a_cause_goes_from_what_the_member_did_to_its_rebalance() -> None:
    bound = flows_are_bound(obeys_the_format(render_perfetto(models(eager_churn()))))
    causes = {into: out for (name, _), (out, into) in bound.items() if name == "cause"}
    assert causes["#3 member left: B"] == "idle", "it gave up what it had, and left"
    assert causes["#4 session expired: C"] == "gone"
    assert causes["#1 member joined: A"] == "joining"


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


def test_while_no_member_lives_slices_and_the_counter_say_so() -> None:
    events = obeys_the_format(render_perfetto(models(outage())))
    gone = [event for event in events if event["name"] == "nobody alive"]
    assert {(event["ts"], event["dur"]) for event in gone} == {(7_000_000, 13_000_000)}
    counts = {e["ts"]: e["args"]["partitions"] for e in events if e["ph"] == "C"}
    assert counts[7_000_000] == 4
