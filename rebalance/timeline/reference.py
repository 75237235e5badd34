"""The reference part of docs/trace.md, written from the dataclasses themselves.

Why: a schema whose documentation can fall behind is no schema. The test compares the file with
what this module says; `python -m rebalance.timeline.reference` prints it.
"""

import ast
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from typing import Any

from rebalance.timeline.decoding import describe_type
from rebalance.timeline.events import EVENTS, SCHEMA, VERSION, Event, Header
from rebalance.timeline.metrics import Metrics, OwnershipMetrics, RebalanceMetrics

CAUSES: Mapping[str, str] = {
    "member joined": "A member that the group did not know sent its JoinGroup.",
    "member left": "A member sent LeaveGroup: it was closed, or unsubscribed.",
    "session expired": "No heartbeat for session.timeout.ms: a crash, a pause, a lost network.",
    "member did not sync": "A member of the new generation never sent its SyncGroup.",
    "member did not rejoin": "A member did not send its JoinGroup within the rebalance timeout.",
    "poll interval exceeded": "No poll for max.poll.interval.ms: the client left by itself.",
    "metadata changed": "A subscribed topic got more partitions, was created or deleted.",
    "subscription changed": "A member subscribes to other topics than before.",
    "partitions revoked": "A cooperative member gave up what it was asked to: the second half of "
    "the change before, not a change of its own.",
    "leader rejoined": "The leader sent a JoinGroup though nothing else had changed.",
    "member rejoined": "A member sent a JoinGroup though it asks for nothing new: its user's own "
    "wish (`reason`, if the client sends one), or an assignment it never got.",
    "static member replaced": "A new process came with the group.instance.id of an old one.",
    "group is full": "No room for a member that was there before: group.max.size.",
    "assignment could not be stored": "The coordinator failed to write the leader's assignment.",
    "coordinator moved": "Another broker took the group over.",
    "unknown": "Nobody who knows has said; never a guess.",
}
"""Every cause a trace may name, and what it means."""

_FIELDS: Mapping[str, str] = {
    "t": "When, in milliseconds since the trace began; never smaller than in the line before.",
    "source": "Who wrote the trace: a tool and its version, a script.",
    "clock": "Whether `t` is simulated time or a machine's.",
    "started_at_ms": "Unix time of `t` = 0 in milliseconds, where a real clock ran.",
    "note": "Anything a reader should know.",
    "topic": "Name of the topic.",
    "TopicKnown.partitions": "How many partitions it has from now on; 0: it was deleted.",
    "text": "What was done, in words; drawn as it stands.",
    "Step.member": "The lane it was done to; absent: nobody in particular.",
    "Step.cause": "The cause (below) of the rebalance that must follow; absent: none must.",
    "Step.group_id": "The group it is about; absent: all of them.",
    "group_id": "Kafka's group.id.",
    "previous": "The state before: Empty, PreparingRebalance, CompletingRebalance, Stable, Dead; "
    "Assigning and Reconciling in a KIP-848 group.",
    "state": "The state from now on, in the same words.",
    "generation_id": "The generation; in a KIP-848 group the epoch. -1: not known.",
    "RebalanceStarted.generation_id": "The generation that ends with this join phase.",
    "member_id": "The coordinator's name of the member, as in its log.",
    "RebalanceStarted.member_id": "Who caused it; absent: nobody in particular.",
    "client_id": "The client's client.id.",
    "group_instance_id": "Its group.instance.id, where it is a static member.",
    "cause": "One of the causes below.",
    "reason": "More words: the client's own (KIP-800) or the coordinator's.",
    "protocol_name": "The assignor that was elected, as on the wire.",
    "leader": "Member id of the leader.",
    "Joined.leader": "Whether it leads this generation.",
    "members": "Member ids in this generation.",
    "GroupWaits.generation_id": "The generation before the join phase ends, the new one after.",
    "waits_for": "The initial delay, JoinGroups of members, ids without a member, the leader's "
    "SyncGroup.",
    "GroupWaits.members": "Whom: member ids; absent while the initial delay runs.",
    "partitions": "The partitions, ids ascending.",
    "AssignmentSent.partitions": "All it owns from now on: replaces what it had.",
    "Assigned.partitions": "What it got in addition to what it has; may be empty.",
    "assignor": "The name of the assignor that should have answered, as on the wire.",
    "replaced_by": "The name of the assignor that did.",
    "AssignorReplaced.reason": "Why, in words: how long it was waited for, or what it raised.",
    "error": "Kafka's name of the error, or the client's words.",
    "member": "The lane: one consumer object or process, unique in the trace.",
    "session_timeout_ms": "session.timeout.ms: so long without a heartbeat, and it is out.",
    "rebalance_timeout_ms": "max.poll.interval.ms: so long a join phase waits for it.",
    "api": "Kafka's name of the request: JoinGroup, SyncGroup, Heartbeat, LeaveGroup, ...",
    "number": "Ties request and answer: unique for the member.",
    "RequestAnswered.error": "Kafka's name of the error, or `connection lost`; absent: none.",
    "topics": "The topics it subscribes to from now on.",
    "how": "In good order, or not.",
}

_VIEWS = {
    "world": "The world: true whoever looks",
    "coordinator": "The coordinator's view",
    "member": "A member's view",
}


def reference() -> str:
    """The tables of docs/trace.md: header, events by view, causes."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "## Header"
    yield ""
    yield from _table(Header)
    yield f'| `schema` | string | always | Always `"{SCHEMA}"`. |'
    yield f"| `version` | integer | always | Always `{VERSION}` in this version. |"
    for view, title in _VIEWS.items():
        yield ""
        yield f"## {title}"
        for kind in EVENTS.values():
            if view == kind.VIEW:
                yield ""
                yield from _event(kind)
    yield ""
    yield "## Causes"
    yield ""
    yield "| cause | meaning |"
    yield "|---|---|"
    for cause, meaning in CAUSES.items():
        yield f"| `{cause}` | {meaning} |"
    yield ""
    yield "## Metrics"
    yield ""
    yield "`rebalance timeline TRACE --json` and `measure(group)` give exact integers: milliseconds"
    yield "or partition-milliseconds (one partition for one millisecond)."
    for numbers in (Metrics, OwnershipMetrics, RebalanceMetrics):
        yield from _numbers(numbers)


def _numbers(kind: type) -> Iterator[str]:
    yield ""
    yield f"### `{kind.__name__}`"
    yield ""
    yield " ".join((kind.__doc__ or "").split())
    yield ""
    yield "| number | meaning |"
    yield "|---|---|"
    for name, meaning in field_docs(kind).items():
        yield f"| `{name}` | {meaning} |"


def field_docs(kind: type) -> dict[str, str]:
    """Each field of a dataclass with the docstring below it; "" where there is none."""
    (tree,) = ast.parse(inspect.getsource(kind)).body
    docs: dict[str, str] = {}
    name = ""
    for node in getattr(tree, "body", ()):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
            docs[name] = ""
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and name:
            docs[name] = " ".join(str(node.value.value).split())
            name = ""
    return docs


def _event(kind: type[Event]) -> Iterator[str]:
    yield f"### `{kind.NAME}`"
    yield ""
    yield " ".join((kind.__doc__ or "").split())
    yield f"(`{kind.__name__}`)"
    yield ""
    yield from _table(kind)


def _table(kind: Any) -> Iterator[str]:
    yield "| field | type | present | meaning |"
    yield "|---|---|---|---|"
    for spec in fields(kind):
        meaning = _FIELDS.get(f"{kind.__name__}.{spec.name}") or _FIELDS[spec.name]
        present = "always" if spec.default is MISSING else f"unless {_shown(spec.default)}"
        yield f"| `{spec.name}` | {describe_type(spec.type)} | {present} | {meaning} |"


def _shown(default: object) -> str:
    if default in ("", ()):
        return "empty"
    return "null" if default is None else f"`{default}`".lower()


if __name__ == "__main__":
    print(reference())
