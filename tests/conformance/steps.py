"""What people say, in few words: each function makes one step, with the fields spelt out.

A default is what a well-behaved client of today sends; `fields` override it by Kafka's names (kio's
spelling).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.conformance.conversation import (
    GROUP,
    TOPIC,
    Hear,
    Id,
    Name,
    Pass,
    Say,
    Settle,
    Step,
    Steps,
    TopicId,
    Written,
    flat,
)

LONG_MS = 60_000
SOON_MS = 300
"""A timeout that begins when nothing has to come before its end any more."""
MARGIN_MS = 4_000
"""A timeout before whose end something has to come: longer than a busy machine pauses."""
OVER_MS = 6_500
"""A timeout of `MARGIN_MS` that began before is over by then."""
RANGE = (("range", b""),)
NOBODY = {"generation_id_or_member_epoch": -1, "member_id": "", "group_instance_id": None}
"""A commit from outside of any generation."""
NO_ID = uuid.UUID(int=0xABCD)
"""Of no topic."""


def join(
    who: str,
    version: int = 9,
    *,
    protocols: Sequence[tuple[str, Any]] = RANGE,
    waits: bool = False,
    **fields: Any,
) -> Say:
    """JoinGroup with the id that the person has."""
    said: dict[str, Any] = {
        "group_id": GROUP,
        "session_timeout": LONG_MS,
        "rebalance_timeout": LONG_MS,
        "member_id": Id(who.partition("/")[0]),
        "group_instance_id": None,
        "protocol_type": "consumer",
        "protocols": [{"name": name, "metadata": data} for name, data in protocols],
        "reason": None,
    }
    return Say(who=who, api="join_group", version=version, fields=said | fields, waits=waits)


def sync(
    who: str,
    generation: int,
    given: Mapping[str, bytes] | None = None,
    version: int = 5,
    *,
    waits: bool = False,
    **fields: Any,
) -> Say:
    """SyncGroup; `given` maps people to assignments."""
    said: dict[str, Any] = {
        "group_id": GROUP,
        "generation_id": generation,
        "member_id": Id(who.partition("/")[0]),
        "group_instance_id": None,
        "protocol_type": "consumer",
        "protocol_name": "range",
        "assignments": [
            {"member_id": Id(to), "assignment": what} for to, what in (given or {}).items()
        ],
    }
    return Say(who=who, api="sync_group", version=version, fields=said | fields, waits=waits)


def beat(who: str, generation: int, version: int = 4, **fields: Any) -> Say:
    """Heartbeat, on a connection that no join keeps busy."""
    said = {
        "group_id": GROUP,
        "generation_id": generation,
        "member_id": Id(who),
        "group_instance_id": None,
    }
    return Say(who=f"{who}/2", api="heartbeat", version=version, fields=said | fields)


def leave(*people: str, version: int = 5, **fields: Any) -> Say:
    """LeaveGroup of one or, from version 3 on, several; `fields` are of the first."""
    entries: list[dict[str, Any]] = [
        {"member_id": Id(who), "group_instance_id": None, "reason": None} for who in people
    ]
    entries[0] |= {key: value for key, value in fields.items() if key != "group_id"}
    group = fields.get("group_id", GROUP)
    said = {"group_id": group, "members": entries, **entries[0]}
    return Say(who=f"{people[0]}/2", api="leave_group", version=version, fields=said)


def offset(partition: int = 0, committed: int = 1, **fields: Any) -> dict[str, Any]:
    """One partition of an OffsetCommit."""
    return {
        "partition_index": partition,
        "committed_offset": committed,
        "committed_leader_epoch": -1,
        "committed_metadata": "",
    } | fields


def commit(
    who: str,
    generation: int = -1,
    *partitions: Mapping[str, Any],
    version: int = 9,
    topic: Name = TOPIC,
    **fields: Any,
) -> Say:
    """OffsetCommit of a topic's partitions (of partition 0 if none is named)."""
    entry = {"name": topic, "topic_id": TopicId(topic.what) if version >= 10 else None}
    said: dict[str, Any] = {
        "group_id": GROUP,
        "generation_id_or_member_epoch": generation,
        "member_id": Id(who),
        "group_instance_id": None,
        "retention_time": -1,
        "topics": [entry | {"partitions": list(partitions) or [offset()]}],
    }
    return Say(who=f"{who}/2", api="offset_commit", version=version, fields=said | fields)


def fetch(
    who: str,
    version: int = 9,
    *,
    topics: Sequence[tuple[Any, Sequence[int]]] | None = ((TOPIC, (0, 1)),),
    groups: Sequence[Any] = (GROUP,),
    require_stable: bool = False,
    **fields: Any,
) -> Say:
    """OffsetFetch; None asks for all. Names of topics, or from version 10 on their ids."""
    asked = topics and [
        {
            "name": name,
            "topic_id": TopicId(name.what) if version >= 10 and isinstance(name, Name) else name,
            "partition_indexes": list(indexes),
        }
        for name, indexes in topics
    ]
    asked = [] if topics == () else asked
    said: dict[str, Any] = {"require_stable": require_stable}
    if version >= 8:
        person = {"member_id": None, "member_epoch": -1}
        said["groups"] = [
            {"group_id": group, "topics": asked, **person, **fields} for group in groups
        ]
    else:
        said |= {"group_id": groups[0], "topics": asked, **fields}
    return Say(who=f"{who}/2", api="offset_fetch", version=version, fields=said)


def describe(who: str = "admin", version: int = 6, *groups: Any, operations: bool = False) -> Say:
    """DescribeGroups."""
    said = {"groups": list(groups) or [GROUP], "include_authorized_operations": operations}
    return Say(who=f"{who}/2", api="describe_groups", version=version, fields=said)


def delete_groups(*groups: Any, version: int = 2) -> Say:
    """DeleteGroups."""
    said = {"groups_names": list(groups) or [GROUP]}
    return Say(who="admin", api="delete_groups", version=version, fields=said)


def delete_offsets(*indexes: int, topic: Any = TOPIC, group: Any = GROUP) -> Say:
    """OffsetDelete of one topic's partitions."""
    parts = [{"partition_index": index} for index in indexes]
    said = {"group_id": group, "topics": [{"name": topic, "partitions": parts}]}
    return Say(who="admin", api="offset_delete", version=0, fields=said)


def delete_topic(what: str = "topic") -> Say:
    """DeleteTopics of one topic of the conversation."""
    said = {"topics": [{"name": Name(what), "topic_id": None}], "timeout": 30_000}
    return Say(who="admin", api="delete_topics", version=6, fields=said)


def entered(who: str, version: int = 9, *, waits: bool = False, **fields: Any) -> list[Step]:
    """Both JoinGroups of a new dynamic member; the second may have to wait."""
    return [join(who, version, **fields), join(who, version, waits=waits, **fields)]


def stable(*people: str, **fields: Any) -> list[Step]:
    """A Stable group, in generation 1 (one member) or 2 (several); the first leads."""
    steps = joined(*people, **fields)
    first, *others = people
    generation = 2 if others else 1
    name = (fields.get("protocols") or RANGE)[0][0]
    kind = {"protocol_type": fields.get("protocol_type", "consumer"), "protocol_name": name}
    given = {who: who.encode() for who in people}
    steps.append(sync(first, generation, given, **kind))
    steps += [sync(who, generation, **kind) for who in others]
    return steps


def joined(*people: str, **fields: Any) -> list[Step]:
    """The same up to CompletingRebalance."""
    first, *others = people
    steps = entered(first, **fields)
    if others:
        for who in others:
            steps.append(join(who, **fields))
        for who in others:
            steps.append(join(who, waits=True, **fields))
        steps.append(join(first, waits=True, **fields))
        steps.append(Hear(who=people))
    return steps


def preparing(*people: str, **fields: Any) -> list[Step]:
    """A Stable group whose leader has rejoined and waits for the others."""
    return [*stable(*people, **fields), join(people[0], waits=True, **fields)]


def settle(*people: str) -> Settle:
    """Who is answered, and what; who waits."""
    return Settle(who=people)


def passes(ms: int) -> Pass:
    """Time."""
    return Pass(ms=ms)


def together(**people: Mapping[str, Any]) -> list[Step]:
    """Like `stable`, but each with fields of its own: static ones name their instance."""
    first, *others = people
    steps: list[Step] = [*gathered(**people)]
    generation = 2 if others else 1
    given = {who: who.encode() for who in people}
    steps.append(sync(first, generation, given, **_instance(people[first])))
    steps += [sync(who, generation, **_instance(people[who])) for who in others]
    return steps


def gathered(**people: Mapping[str, Any]) -> list[Step]:
    """The same up to CompletingRebalance."""
    first, *others = people
    steps: list[Step] = _new(first, people[first])
    if others:
        for who in others:
            steps += _new(who, people[who], waits=True)
        steps.append(join(first, waits=True, **people[first]))
        steps.append(Hear(who=tuple(people)))
    return steps


def _new(who: str, fields: Mapping[str, Any], *, waits: bool = False) -> list[Step]:
    """A dynamic member asks for an id first; below version 4 there is none to ask for."""
    if fields.get("group_instance_id") is None and fields.get("version", 9) >= 4:
        return entered(who, waits=waits, **fields)
    return [join(who, waits=waits, **fields)]


def _instance(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"group_instance_id": fields.get("group_instance_id")}


def watched(*steps: Steps) -> Iterator[Step]:
    """The steps, and after each what it has left in `__consumer_offsets`."""
    yield Written()
    for step in flat(steps):
        yield step
        if not (isinstance(step, Say) and step.waits):
            yield Written()
