"""The panel of members: a lane for each, thick while it owns, and what befell it.

Why: a rebalance is caused by somebody, and waits for somebody. Rule kept: what is wrong (a zombie,
a crash, a request that was lost) is drawn however short it was.
"""

from collections.abc import Iterator, Sequence

from rebalance.timeline.model import GroupModel, MemberLane, StateSpan
from rebalance.timeline.palette import DISTINCT
from rebalance.timeline.svg.coarse import seen_states
from rebalance.timeline.svg.drawing import fitted, line, rect, text
from rebalance.timeline.svg.sheet import BRIEF_PX, HINTS, Panel, Sheet, member_class

_LANE = 18
_WRONG = ("zombie", "gone", "paused", "crashed", "failed")


def drawn_members(model: GroupModel, most: int) -> list[MemberLane]:
    """In order of appearance; of too many those that went wrong, then those that caused a rebalance
    or were waited for."""
    shown = [member for member in model.members if member.shown]
    if len(shown) <= most:
        return shown
    named = {entry.member for entry in model.rebalances}
    named |= {waited.member for entry in model.rebalances for waited in entry.waited_for}
    by_need = sorted(shown, key=lambda m: (not _went_wrong(m), m.name not in named, m.number))
    return sorted(by_need[:most], key=lambda member: member.number)


def _went_wrong(member: MemberLane) -> bool:
    kinds = {span.state for span in member.states} | {each.kind for each in member.happenings}
    return not kinds.isdisjoint(_WRONG)


def members(sheet: Sheet, shown: Sequence[MemberLane]) -> Panel:
    """A lane for each: a bar while it owns, a line while it does not, hatched once it is gone."""
    drawn = [sheet.label(12, f"Members ({len(sheet.model.members)})", "head")]
    y = 18.0
    hints = sum(len(member.states) for member in shown) <= HINTS
    for member in shown:
        drawn.append(rect(0, y + 4, 8, 8, member_class(member.number)))
        drawn.append(text(13, y + 12, fitted(member.name, sheet.labels - 22)))
        for span in seen_states(member.states, sheet.plot.scale):
            drawn += _state(sheet, member, span, y, hints=hints)
        drawn += _ends(sheet, member, y)
        drawn += _failed_requests(sheet, member, y)
        y += _LANE
    hidden = len(sheet.model.members) - len(shown)
    if hidden:
        drawn.append(sheet.label(y + 12, f"and {hidden:,} more", "soft"))
        y += _LANE
    return drawn, y + 10


_LINES = {"idle": "idle", "joining": "busy", "syncing": "busy"}


def _state(
    sheet: Sheet, member: MemberLane, span: StateSpan, y: float, *, hints: bool
) -> Iterator[str]:
    least = 0.0 if span.state == "idle" else BRIEF_PX
    bar = sheet.plot.bar(span.start_ms, span.end_ms, least)
    if bar is None or bar[1] <= 0:
        return
    x, width = bar
    when = f"{sheet.when(span.start_ms)} to {sheet.when(span.end_ms)}"
    hint = f"{member.name} {_words(span)}, {when}" if hints else ""
    if span.state in _LINES:
        yield rect(x, y + 7, width, 3, _LINES[span.state], hint)
    elif span.state in ("owns", "rejoining"):
        style = member_class(member.number) + (" again" if span.state == "rejoining" else "")
        yield rect(x, y + 2, width, 13, style, hint)
        if width > 16 + 6 * len(str(span.owned)):
            at = x + width / 2
            yield text(at, y + 12, str(span.owned), f"in i{member.number % DISTINCT}")
    elif span.state == "zombie":
        yield rect(x, y + 5, width, 7, "bad", hint)
    else:
        yield rect(x, y + 4, width, 9, span.state, hint)


def _words(span: StateSpan) -> str:
    if span.state in ("owns", "rejoining"):
        rejoins = ", rejoining" if span.state == "rejoining" else ""
        return f"owns {span.owned:,}{rejoins}"
    words = {
        "idle": "owns nothing",
        "joining": "is joining",
        "syncing": "waits for its assignment",
        "paused": "stands still",
        "zombie": "was removed and believes that it owns",
        "gone": "is gone, not noticed yet",
    }
    return words[span.state]


def _ends(sheet: Sheet, member: MemberLane, y: float) -> Iterator[str]:
    scale = sheet.plot.scale
    for happening in member.happenings:
        if not scale.contains(happening.t_ms):
            continue
        x = sheet.plot.x(happening.t_ms)
        if happening.kind in ("crashed", "failed"):
            yield line(x - 4, y + 4, x + 4, y + 13, "cross")
            yield line(x - 4, y + 13, x + 4, y + 4, "cross")
        elif happening.kind == "closed":
            yield line(x, y + 1, x, y + 16, "stop")


def _failed_requests(sheet: Sheet, member: MemberLane, y: float) -> Iterator[str]:
    """A red tick below the lane where a request was lost or refused."""
    for request in member.requests:
        if request.bad and sheet.plot.scale.contains(request.sent_ms):
            what = request.error or "no answer"
            hint = f"{request.api} of {member.name} at {sheet.when(request.sent_ms)}: {what}"
            yield rect(sheet.plot.x(request.sent_ms) - 1, y + 15, 2, 3, "bad lostone", hint)
