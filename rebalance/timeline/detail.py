"""What a closer look tells of one member: its requests, its timers and when they run out.

Why: "the heartbeat was lost", "its session ends at 26 s" explain a rebalance, and would bury it
where a hundred members are drawn for an hour. So they are told of the members that were asked for
by name, and where a short stretch of time was.
"""

from collections.abc import Iterator

from rebalance.timeline.glyphs import Glyphs, fit, width_of
from rebalance.timeline.lanes import Lane
from rebalance.timeline.lives import Request
from rebalance.timeline.paint import Cells, Line, Piece, Run, paint
from rebalance.timeline.scale import Scale, clock, duration

SHORT_MS = 60_000
"""A stretch of time in which there is room for requests."""
LETTERS = {
    "JoinGroup": "J",
    "SyncGroup": "S",
    "Heartbeat": "H",
    "LeaveGroup": "L",
    "OffsetCommit": "C",
    "OffsetFetch": "F",
}
"""API -> its character; another one is `OTHER`."""
OTHER = "R"


def request_row(lane: Lane, scale: Scale, glyphs: Glyphs) -> Cells:
    """Each request from when it was sent until it was answered; what was lost or refused has a mark
    behind its letter, or instead of it where there is no room."""
    return paint([_run(request, scale, glyphs) for request in lane.requests], scale)


def _run(request: Request, scale: Scale, glyphs: Glyphs) -> Run:
    letter = LETTERS.get(request.api, OTHER)
    end = scale.end if request.answered_ms is None else request.answered_ms
    if request.bad:
        return Run(
            start=request.sent_ms, end=max(end, request.sent_ms + 1), glyph=letter + glyphs.crashed,
            style="bad", brief=glyphs.crashed, weight=2,
        )  # fmt: skip
    return Run(start=request.sent_ms, end=max(end, request.sent_ms + 1), glyph=letter, weight=1)


def timers(lane: Lane, scale: Scale, end_ms: int, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """When its session ends where it went silent in this stretch of time, and its timeouts: what
    there is no room for is left out. Nothing of one that did not live then."""
    lives = lane.alive or lane.counted
    if not any(life.start < scale.end and life.end > scale.start for life in lives):
        return
    session_ms = lane.session_timeout_ms
    facts: list[str] = []
    for mark in lane.marks:
        silent = mark.kind in ("crashed", "paused") and scale.contains(mark.t)
        if silent and session_ms is not None:
            since, until = clock(mark.t, end_ms), clock(mark.t + session_ms, end_ms)
            facts.append(f"silent since {since}, expires by {until}")
    timeouts = (("session", session_ms), ("rebalance", lane.rebalance_timeout_ms))
    facts += [f"{name} timeout {duration(ms)}" for name, ms in timeouts if ms is not None]
    while len(facts) > 1 and width_of(glyphs.separator.join(facts)) > width - 2:
        facts.pop()
    if facts:
        words = fit(glyphs.separator.join(facts), width - 2, glyphs)
        yield (Piece("  "), Piece(words, "dim"))
