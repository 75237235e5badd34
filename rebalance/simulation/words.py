"""A trace event as a line to read: who, and what happened.

Why: `show events` and a violated check must tell the same story in the same words.
"""

from collections.abc import Callable, Mapping

from rebalance.simulation.values import partitions_text, seconds
from rebalance.simulation.views import flattened
from rebalance.timeline import trace

__all__ = ["event_lines", "who_and_what"]


def who_and_what(event: trace.Event) -> tuple[str, str]:
    """The lane or group an event is of ("" for the world), and its words."""
    who = getattr(event, "member", "") if event.VIEW == "member" else ""
    if event.VIEW == "coordinator":
        who = getattr(event, "group_id", "")
    return who, _WORDS[type(event)](event)


def event_lines(events: list[trace.Event] | tuple[trace.Event, ...]) -> list[str]:
    """Events as aligned lines: time, who, what; not what a group waits for: that others say."""
    told = [
        (seconds(event.t), *who_and_what(event))
        for event in events
        if not isinstance(event, trace.GroupWaits)
    ]
    times = max((len(time) for time, _, _ in told), default=0)
    names = max((len(who) for _, who, _ in told), default=0)
    return [f"{time:>{times}}  {who:<{names}}  {what}" for time, who, what in told]


def _parts(event: trace.Assigned | trace.Revoked | trace.Lost | trace.AssignmentSent) -> str:
    return partitions_text(flattened(event.partitions))


def _added(event: trace.MemberJoined) -> str:
    static = f", instance {event.group_instance_id}" if event.group_instance_id else ""
    return f"counts on {event.member_id}{static}"


def _started(event: trace.RebalanceStarted) -> str:
    by = f" by {event.member_id}" if event.member_id else ""
    return f"rebalance{by}: {event.cause}"


def _joining(event: trace.Joining) -> str:
    reason = f": {event.reason}" if event.reason else ""
    return f"joins as {event.member_id or 'nobody yet'}{reason}"


def _joined(event: trace.Joined) -> str:
    leads = ", leads" if event.leader else ""
    return f"is in generation {event.generation_id} as {event.member_id}{leads}"


_WORDS: Mapping[type[trace.Event], Callable[..., str]] = {
    trace.TopicKnown: lambda e: f"{e.topic} has {e.partitions} partitions",
    trace.Step: lambda e: f"* {e.text}",
    trace.TraceEnded: lambda e: "the end",
    trace.GroupStateChanged: lambda e: f"{e.previous} -> {e.state}, generation {e.generation_id}",
    trace.MemberJoined: _added,
    trace.MemberRemoved: lambda e: f"gives up on {e.member_id}: {e.cause}",
    trace.RebalanceStarted: _started,
    trace.GroupWaits: lambda e: f"waits for {e.waits_for} {', '.join(e.members)}".rstrip(),
    trace.JoinCompleted: lambda e: (
        f"generation {e.generation_id}: {', '.join(e.members)}; {e.protocol_name}, {e.leader} leads"
    ),
    trace.AssignmentSent: lambda e: f"gives {e.member_id} {_parts(e)}",
    trace.CommitRefused: lambda e: (
        f"refuses a commit of {e.member_id or 'nobody'} in generation {e.generation_id}: {e.error}"
    ),
    trace.MemberStarted: lambda e: f"starts, wants {', '.join(e.topics) or 'nothing'}",
    trace.Subscribed: lambda e: f"wants {', '.join(e.topics) or 'nothing'}",
    trace.Joining: _joining,
    trace.Joined: _joined,
    trace.RequestSent: lambda e: f"sends {e.api} {e.number}",
    trace.RequestAnswered: lambda e: f"is answered {e.number}{f': {e.error}' if e.error else ''}",
    trace.Revoked: lambda e: f"revokes {_parts(e)}",
    trace.Assigned: lambda e: f"is assigned {_parts(e)}",
    trace.Lost: lambda e: f"loses {_parts(e)}",
    trace.MemberPaused: lambda e: "stands still",
    trace.MemberResumed: lambda e: "goes on",
    trace.AssignorReplaced: lambda e: f"has {e.assignor} replaced by {e.replaced_by}: {e.reason}",
    trace.MemberFailed: lambda e: f"fails: {e.error}",
    trace.MemberStopped: lambda e: "is closed" if e.how == "closed" else "crashes",
}
