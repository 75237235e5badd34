"""Of a long trace a bounded number of requests and refused commits is kept; all are counted."""

from collections.abc import Iterator

import pytest

from rebalance.timeline import lives
from rebalance.timeline.events import (
    CommitRefused,
    Event,
    Header,
    MemberStarted,
    RequestAnswered,
    RequestSent,
)
from rebalance.timeline.lanes import GroupLanes, read_group
from rebalance.timeline.metrics import measure
from rebalance.timeline.model import models
from rebalance.timeline.trace import Trace

MOST = 50


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lives, "REQUESTS", MOST)


def _read(events: Iterator[Event]) -> GroupLanes:
    return read_group(Trace(Header(source="test"), list(events)), "g")


def _commits(count: int) -> Iterator[Event]:
    about = {"group_id": "g", "member": "A"}
    yield MemberStarted(t=0, **about)
    for number in range(count):
        error = "ILLEGAL_GENERATION" if number == 700 else ""
        yield RequestSent(t=number, api="OffsetCommit", number=number, **about)
        yield RequestAnswered(t=number, number=number, error=error, **about)


def test_the_one_request_that_failed_is_among_the_few_that_are_kept() -> None:
    group = _read(_commits(1_000))
    (lane,) = group.lanes
    assert len(lane.requests) <= 2 * MOST
    assert [r.sent_ms for r in lane.requests] == sorted(r.sent_ms for r in lane.requests)
    assert [r.sent_ms for r in lane.requests if r.bad] == [700]
    assert group.left_out == {"requests": 1_000 - len(lane.requests)}


def test_requests_that_nobody_ever_answers_do_not_pile_up() -> None:
    def lost() -> Iterator[Event]:
        for number in range(3_000):
            yield RequestSent(t=number, group_id="g", member="A", api="Heartbeat", number=number)

    group = _read(lost())
    (lane,) = group.lanes
    assert len(lane.requests) <= 1_000 + MOST
    assert {r.bad for r in lane.requests if r.sent_ms < 2_000} == {True}
    assert not any(r.bad for r in lane.requests if r.sent_ms >= 2_000), "may be under way"
    assert group.left_out == {"requests": 3_000 - len(lane.requests)}


def test_every_refused_commit_is_counted_though_few_are_kept() -> None:
    def refused() -> Iterator[Event]:
        yield MemberStarted(t=0, group_id="g", member="A")
        for t in range(500):
            yield CommitRefused(
                t=t, group_id="g", member_id="A-1", generation_id=1, error="UNKNOWN_MEMBER_ID"
            )

    group = _read(refused())
    kept = sum(mark.kind == "refused" for lane in group.lanes for mark in lane.marks)
    assert 0 < kept <= MOST
    assert measure(group).commits_refused == 500
    assert group.left_out == {"refused commits": 500 - kept}
    (model,) = models(Trace(Header(source="test"), list(refused())))
    assert model.left_out == group.left_out
