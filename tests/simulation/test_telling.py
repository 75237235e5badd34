"""Requests in the trace, where a scenario asks for them: sent, answered, lost."""

from rebalance.simulation import parse, run_scenario
from rebalance.timeline import Trace, models, read_group
from rebalance.timeline.svg import render_svg
from rebalance.timeline.trace import MemberStarted, RequestAnswered, RequestSent

STORY = """# H06: heartbeats that get lost.
{trace}topic orders partitions=6
members A B topics=orders assignors=range session.timeout.ms=10000 max.poll.interval.ms=60000
start A B every 100ms
run until stable
run until 10s
lose A Heartbeat
run for 25s
"""


def played(trace: str) -> Trace:
    return run_scenario(parse(STORY.format(trace=trace), name="story")).trace


def test_requests_are_told_only_where_it_was_asked_for() -> None:
    silent, told = played(""), played("trace requests\n")
    kinds = (RequestSent, RequestAnswered)
    assert not any(isinstance(event, kinds) for event in silent.events)
    assert [event for event in told.events if not isinstance(event, kinds)] == silent.events


def test_each_answer_has_its_request_and_a_lost_heartbeat_has_none() -> None:
    trace = played("trace requests\n")
    lane, other = read_group(trace, "g").lanes
    sent = [e for e in trace.events if isinstance(e, RequestSent) and e.member == "A"]
    assert [event.number for event in sent] == list(range(1, len(sent) + 1))
    lost = [request for request in lane.requests if request.answered_ms is None]
    assert {request.api for request in lost} >= {"Heartbeat"}
    assert all(request.sent_ms >= 10_000 for request in lost)
    assert [request.api for request in lane.requests][:3] == [
        "FindCoordinator",
        "JoinGroup",
        "JoinGroup",
    ]
    refused = [request for request in lane.requests if request.error]
    assert [request.error for request in refused][:1] == ["MEMBER_ID_REQUIRED"]
    assert other.heartbeats > lane.heartbeats > 0
    assert not [request for request in other.requests if request.api == "Heartbeat"]


def test_timers_are_data_and_a_lost_heartbeat_is_in_the_picture() -> None:
    trace = played("trace requests\n")
    started = next(event for event in trace.events if isinstance(event, MemberStarted))
    assert (started.session_timeout_ms, started.rebalance_timeout_ms) == (10_000, 60_000)
    (model,) = models(trace)
    assert model.members[0].session_timeout_ms == 10_000
    picture = render_svg([model])
    assert "Heartbeat of A at 12." in picture
    assert "a request was lost or refused" in picture
    assert "MEMBER_ID_REQUIRED" not in picture
