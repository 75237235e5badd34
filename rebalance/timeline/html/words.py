"""The page's words: what a lane, an event or a rebalance says where the pointer rests on it.

Why: a text that is made here needs no script in the page, and is the same as in the other pictures.
Facts are pairs: what, and its value. Names are short (budget.py): they are somebody else's.
"""

from collections.abc import Iterable, Sequence

from rebalance.timeline.events import Event
from rebalance.timeline.html.budget import short, shortened
from rebalance.timeline.lives import Request
from rebalance.timeline.model import GroupModel, Happening, MemberLane, RebalanceEntry, Run
from rebalance.timeline.scale import clock, counted, duration
from rebalance.timeline.states import MemberState

Facts = list[tuple[str, str]]

_NAMED = 12
"""Members named in one rebalance; the others are counted."""


def costs_of(model: GroupModel) -> list[str]:
    """What it cost; first what should not be at all."""
    facts = sorted(model.headline.costs(), key=lambda fact: not fact.wrong)
    return [fact.words for fact in facts]


def origin(model: GroupModel) -> list[str]:
    """Who wrote the trace, when that was, and whose word of ownership is drawn."""
    return [short(fact) for fact in model.headline.origin()]


# --- members -------------------------------------------------------------------------------------

_STATES: dict[MemberState, str] = {
    "idle": "owns nothing",
    "joining": "joining",
    "syncing": "waits for its assignment",
    "owns": "owns",
    "rejoining": "joining, owns",
    "paused": "stands still",
    "gone": "gone, not noticed yet",
    "zombie": "believes that it owns what it lost",
}


def state(name: MemberState, owned: int) -> str:
    """What a member is doing."""
    if not owned or name == "zombie":
        return _STATES[name]
    owns = ", owns" if name == "paused" else ""
    return f"{_STATES[name]}{owns} {counted(owned, 'partition')}"


def member(lane: MemberLane) -> Facts:
    """All there is to say of a member whenever it is."""
    facts: Facts = []
    if lane.member_ids:
        facts.append(("member id", ", ".join(shortened(lane.member_ids[:3]))))
    if lane.client_id and lane.client_id != lane.name:
        facts.append(("client id", short(lane.client_id)))
    if lane.group_instance_id:
        facts.append(("static", short(lane.group_instance_id)))
    for what, timeout in (
        ("session timeout", lane.session_timeout_ms),
        ("rebalance timeout", lane.rebalance_timeout_ms),
    ):
        if timeout is not None:
            facts.append((what, duration(timeout)))
    if lane.heartbeats:
        facts.append(("heartbeats", f"{lane.heartbeats:,} answered"))
    if lane.topics:
        facts.append(("topics", ", ".join(shortened(lane.topics[:5]))))
    return facts


# --- partitions ----------------------------------------------------------------------------------


def ownership(run: Run, names: Sequence[str]) -> Facts:
    """Who owned a partition, and who wrongly believed so."""
    owners = " and ".join(names[number] for number in run.owners)
    alone = (
        "nobody, for no member lives"
        if run.deserted
        else "nobody"
        if run.wanted
        else "nobody, and nobody wants it"
    )
    facts = [("owned twice" if len(run.owners) > 1 else "owner", owners or alone)]
    if run.zombies:
        believers = " and ".join(names[number] for number in run.zombies)
        facts.append(("zombie", f"{believers} believes that it owns it"))
    return facts


# --- events --------------------------------------------------------------------------------------

_EVENTS = {
    "member_added": "known to the coordinator",
    "member_removed": "removed by the coordinator",
    "member_started": "started",
    "member_paused": "stands still",
    "member_resumed": "goes on",
    "member_failed": "failed",
    "member_stopped": "stopped",
    "joining": "JoinGroup sent",
    "joined": "in the generation",
}


def event(told: Event) -> str:
    """What happened to its member."""
    words = _EVENTS.get(told.NAME, told.NAME.replace("_", " "))
    if getattr(told, "partitions", None) == {}:
        return f"{words}: nothing"
    generation_id = getattr(told, "generation_id", -1)
    return words if generation_id < 0 else f"{words}, generation {generation_id}"


def request(sent: Request) -> str:
    """What was sent and what came of it; how long that took is told beside it."""
    if sent.answered_ms is None:
        return f"sent {short(sent.api)}: never answered in this trace"
    return f"sent {short(sent.api)}: {short(sent.error) or 'answered'}"


def happening(what: Happening) -> str:
    """Its error or cause; "": its event says as much."""
    return f"{what.kind}: {short(what.text)}" if what.text else ""


# --- rebalances ----------------------------------------------------------------------------------

_SOURCES = {
    "coordinator": "the coordinator's word",
    "script": "a script's word",
    "unknown": "nobody told",
}


def cause(entry: RebalanceEntry) -> str:
    """Why, by whose word where that is not the coordinator's, and who began it."""
    script = " (script)" if entry.cause_source == "script" else ""
    return f"{short(entry.cause)}{script}" + (f": {short(entry.member)}" if entry.member else "")


def took(entry: RebalanceEntry) -> str:
    """How long, in the list."""
    if entry.end_ms is None:
        return entry.outcome
    return f"+{duration(entry.end_ms - entry.start_ms)}"


def costs(entry: RebalanceEntry) -> list[str]:
    """What it cost, in the list."""
    stopped = [f"stopped {entry.partitions_stopped:,}"] if entry.partitions_stopped else []
    lost = f"unavailable {entry.unavailable_partition_ms:,} partition-ms"
    return [f"moved {entry.partitions_moved:,}", *stopped, lost]


def rebalance(entry: RebalanceEntry, end_ms: int) -> Facts:
    """All there is to say of it; `end_ms` is the page's."""
    over = "not at rest" if entry.end_ms is None else duration(entry.end_ms - entry.start_ms)
    before = "?" if entry.generation_from < 0 else entry.generation_from
    after = "?" if entry.generation_to is None else entry.generation_to
    facts: Facts = [
        ("began", clock(entry.start_ms, end_ms)),
        ("took", over if entry.outcome == "stable" else f"{over}, {entry.outcome}"),
        ("generation", f"{before} → {after}"),
        ("cause", f"{short(entry.cause)} ({_SOURCES[entry.cause_source]})"),
    ]
    facts += [("initiator", short(entry.member))] if entry.member else []
    facts += [("reason", short(entry.reason))] if entry.reason else []
    if entry.stages:
        lengths = (f"{s.name} {duration(s.end_ms - s.start_ms)}" for s in entry.stages)
        facts.append(("stages", ", ".join(lengths)))
    for waited in entry.waited_for[:3]:
        came = "came" if waited.came else "given up"
        until = clock(waited.until_ms, end_ms)
        facts.append(("waited for", f"{short(waited.member)} ({waited.stage}), {came} at {until}"))
    facts += [("joined", _named(entry.joined))] if entry.joined else []
    facts += [("removed", _named(entry.removed))] if entry.removed else []
    facts += [
        ("moved", f"{entry.partitions_moved:,}"),
        ("stopped", f"{entry.partitions_stopped:,}"),
    ]
    facts.append(("unavailable", f"{entry.unavailable_partition_ms:,} partition-ms"))
    since = entry.unavailable_since_ms
    if since is not None and since < entry.start_ms:
        facts.append(("since", clock(since, end_ms)))
    return facts


def _named(names: Sequence[str]) -> str:
    more = [f"{len(names) - _NAMED} more"] if names[_NAMED:] else []
    return ", ".join([*shortened(names[:_NAMED]), *more])


# --- notes ---------------------------------------------------------------------------------------


def left_out(counts: Iterable[tuple[str, int]]) -> str:
    """What is not on the page, in words; "": nothing."""
    told = ", ".join(f"{count:,} {what}" for what, count in counts)
    return f"Left out of this page: {told}. The numbers count them." if told else ""
