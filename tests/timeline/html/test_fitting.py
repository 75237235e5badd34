"""Whatever a trace holds, its page is below the limit, and what is small in it stays whole."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rebalance.timeline import Trace
from rebalance.timeline.events import (
    Assigned,
    CommitRefused,
    Event,
    Header,
    MemberStarted,
    MemberStopped,
    RebalanceStarted,
    RequestSent,
    Step,
    TopicKnown,
)
from rebalance.timeline.html import document, render_html

LIMIT = 160_000
"""Of the page; its own script and style take half of it."""


def _data(page: str) -> Any:
    found = re.search(r'id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def _trace(events: Iterator[Event]) -> Trace:
    return Trace(Header(source="test"), sorted(events, key=lambda event: event.t))


def _refused_commits() -> Iterator[Event]:
    yield MemberStarted(t=0, group_id="g", member="A")
    for t in range(4_000):
        yield CommitRefused(t=t, group_id="g", member_id="A-1", generation_id=1, error=f"ERROR_{t}")


def _lost_requests() -> Iterator[Event]:
    for t in range(12_000):
        yield RequestSent(t=t, group_id="g", member="A", api="Heartbeat", number=t)


def _long_reasons() -> Iterator[Event]:
    for t in range(300):
        yield RebalanceStarted(
            t=t, group_id="g", generation_id=t, cause="member joined", reason="é" * 5_000
        )


def _long_names() -> Iterator[Event]:
    for t in range(600):
        name = f"{'long' * 2_000}-{t}"
        yield MemberStarted(t=t, group_id="g", member=name, topics=(name,))


def _many_topics() -> Iterator[Event]:
    topics = {f"topic-of-somebody-{number}": (0,) for number in range(6_000)}
    yield MemberStarted(t=0, group_id="g", member="A", topics=tuple(topics))
    yield Assigned(t=1, group_id="g", member="A", partitions=topics)
    yield MemberStopped(t=9, group_id="g", member="A", how="closed")


def _every_second_partition() -> Iterator[Event]:
    for name, first in (("A", 0), ("B", 1)):
        ids = tuple(range(first, 40_000, 2))
        yield MemberStarted(t=0, group_id="g", member=name, topics=("orders",))
        yield Assigned(t=1 + first, group_id="g", member=name, partitions={"orders": ids})


def _coming_and_going() -> Iterator[Event]:
    for t in range(0, 8_000, 10):
        yield MemberStarted(t=t, group_id="g", member="A", topics=("orders",))
        yield Assigned(t=t + 1, group_id="g", member="A", partitions={"orders": (0,)})
        yield MemberStopped(t=t + 5, group_id="g", member="A", how="crashed")


def _many_steps() -> Iterator[Event]:
    yield MemberStarted(t=0, group_id="g", member="A")
    for t in range(3_000):
        yield Step(t=t, text="somebody does something again " * 3, member="A")


def _many_groups() -> Iterator[Event]:
    for number in range(400):
        yield MemberStarted(t=number, group_id=f"group-{number}", member="A")


HOSTILE = (
    _refused_commits,
    _lost_requests,
    _long_reasons,
    _long_names,
    _many_topics,
    _every_second_partition,
    _coming_and_going,
    _many_steps,
    _many_groups,
)


@pytest.mark.parametrize("events", HOSTILE)
def test_a_hostile_trace_is_a_page_below_the_limit_and_says_what_it_lacks(
    events: Callable[[], Iterator[Event]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "LIMIT_BYTES", LIMIT)
    page = render_html([("x" * 100_000, _trace(events()))])
    assert LIMIT / 2 < len(page.encode()) <= LIMIT
    data = _data(page)
    (timeline,) = data["timelines"]
    told = [data, *timeline["groups"]]
    cut = "é" * 150 in page or "long" * 40 in page
    assert cut or any(each["left_out"] or each.get("step_ms") for each in told)


def test_of_what_is_small_nothing_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "LIMIT_BYTES", LIMIT)
    events = [*_refused_commits(), *_many_topics()]
    for number in range(20):
        events.append(
            RebalanceStarted(t=number, group_id="g", generation_id=number, cause="member joined")
        )
    (group,) = _data(render_html([("both", _trace(iter(events)))]))["timelines"][0]["groups"]
    assert set(group["left_out"]) <= {"topics", "events", "steps"}
    assert {"events", "topics"} <= set(group["left_out"])
    assert len(group["rebalances"]) == 20
    assert {member["name"] for member in group["members"]} >= {"A"}


def test_more_timelines_than_a_page_can_hold_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "LIMIT_BYTES", LIMIT)
    trace = _trace(iter([MemberStarted(t=0, group_id="g", member="A")]))
    with pytest.raises(ValueError, match="300 timelines are more than one page holds"):
        render_html([(f"way {number}", trace) for number in range(300)])


def test_topics_that_are_left_out_leave_no_partition_behind() -> None:
    events = [*_many_topics(), TopicKnown(t=9, topic="late", partitions=1)]
    (group,) = _data(render_html([("topics", _trace(iter(events)))]))["timelines"][0]["groups"]
    assert len(group["topics"]) == 4_000
    assert group["left_out"]["topics"] == 2_000
    places = {of[0] for lane in group["lanes"] for of in lane["of"]}
    assert places == set(range(4_000))
