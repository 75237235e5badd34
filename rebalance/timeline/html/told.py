"""What befell members, as a page tells it under the pointer: events, requests, marks in one list.

Why: all of them happen to a member at a time, and compete for one budget. Rule kept: what went
wrong is left out last, and what is left out is counted, also what a long trace did not keep.
"""

from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import NamedTuple

from rebalance.timeline.events import Step
from rebalance.timeline.html import words
from rebalance.timeline.lanes import GroupLanes
from rebalance.timeline.model import GroupModel

MARKS = ("", "dot", "cross", "end")
"""How it is marked on the member's lane; "": it is not."""
_MARKED = {"crashed": "cross", "failed": "cross", "closed": "end", "refused": "dot"}
_WRONG = ("commit_refused", "lost", "member_failed", "member_removed", "member_stopped")


class Told(NamedTuple):
    """Something that befell a member."""

    t_ms: int
    length_ms: int
    """Of a request: until its answer."""
    member: int
    """Its number in the model."""
    text: str
    """In words, unless another entry has them."""
    mark: str
    wrong: bool


def told(model: GroupModel, lanes: GroupLanes | None) -> list[Told]:
    """All of it, in order of time; `lanes` None: there are no events."""
    return sorted([*_requests(model), *_happenings(model), *_events(model, lanes)], key=_when)


_when = attrgetter("t_ms")


def _requests(model: GroupModel) -> Iterator[Told]:
    for member in model.members:
        for sent in member.requests:
            took = 0 if sent.answered_ms is None else sent.answered_ms - sent.sent_ms
            mark = "dot" if sent.bad else ""
            yield Told(sent.sent_ms, took, member.number, words.request(sent), mark, sent.bad)


def _happenings(model: GroupModel) -> Iterator[Told]:
    for member in model.members:
        for happening in member.happenings:
            mark, text = _MARKED.get(happening.kind, ""), words.happening(happening)
            if mark or text:
                yield Told(happening.t_ms, 0, member.number, text, mark, bool(mark))


def _events(model: GroupModel, lanes: GroupLanes | None) -> Iterator[Told]:
    if lanes is None:
        return
    numbers = {member.name: member.number for member in model.members if member.shown}
    for event in lanes.events:
        if isinstance(event, Step) or not model.start_ms <= event.t <= model.end_ms:
            continue
        number = numbers.get(_lane_of(event, lanes.names))
        if number is not None:
            yield Told(event.t, 0, number, words.event(event), "", event.NAME in _WRONG)


def _lane_of(event: object, names: Mapping[str, str]) -> str:
    member = getattr(event, "member", "")
    return str(member or names.get(getattr(event, "member_id", ""), ""))
