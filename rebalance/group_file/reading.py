"""A group file's text -> `GroupFile`.

The rule kept here: what a leader may really be told is accepted (claims on partitions that are
gone, subscriptions to topics that do not exist, user data that is random bytes); what only a slip
of the pen can mean is refused, with its line, whichever assignor would have read it. Numbers of
partitions are bounded before anything of that size is made.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import numpy as np

from assignors.model import ClusterMetadata, Ids, PartitionSet, Subscription
from assignors.partitions import MAX_PARTITION
from rebalance.group_file import optimized
from rebalance.group_file.model import GroupFile, Weight
from rebalance.group_file.nodes import parse
from rebalance.group_file.values import Value, nearest, shown

MOST_PARTITIONS = 10_000_000
"""In all topics together, and in all `owned` together: more is a slip of the pen, and would fill
memory."""

_KEYS = ("topics", "members", "weights", "objective", "constraints", "assignor")
_TOPIC_KEYS = ("partitions", "racks")
_MEMBER_KEYS = (
    *("topics", "owned", "generation", "instance", "rack"),
    *("capacity", "labels", "user_data"),
)
T = TypeVar("T")
D = TypeVar("D")
_RANGE = re.compile(r"\s*([0-9]{1,12})\s*(?:-\s*([0-9]{1,12})\s*)?")
_BASE64 = "base64:"


def load(text: str, where: str) -> GroupFile:
    """The group that a YAML or JSON text describes.

    `where`: how to call the text in errors, a file name or "stdin". Raises GroupFileError, always
    one line with file, line and key, and what to do.
    """
    node = parse(text, where)
    root = Value(node, where, node.line)
    keys = root.fields(_KEYS)
    for needed in ("topics", "members"):
        if needed not in keys:
            root.fail(f"{needed}: is missing: give it, as {{}} for a group without {needed}")
    cluster = _cluster(keys["topics"])
    claims = _Claims()
    members = {
        member: _Member(each, cluster, claims)
        for member, each in keys["members"].names("a member id").items()
    }
    return GroupFile(
        cluster=cluster,
        members={member: each.subscription() for member, each in members.items()},
        assignors=_assignors(keys.get("assignor")),
        weights=_weights(keys.get("weights"), cluster),
        objective=_objective(keys),
        constraints=optimized.constraints(keys["constraints"]) if "constraints" in keys else {},
        capacity=_given({member: each.capacity() for member, each in members.items()}),
        labels=_given({member: each.labels() for member, each in members.items()}),
    )


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {member: value for member, value in values.items() if value is not None}


# --- topics --------------------------------------------------------------------------------------


def _cluster(topics: Value) -> ClusterMetadata:
    partitions: dict[str, int] = {}
    racks: dict[str, list[frozenset[str]]] = {}
    total = 0
    for topic, value in topics.names("a topic name").items():
        count, of_topic = _topic(value)
        total += count
        if total > MOST_PARTITIONS:
            value.fail(f"{total:,} partitions so far: {MOST_PARTITIONS:,} is the most there may be")
        partitions[topic] = count
        if of_topic is not None:
            racks[topic] = of_topic
    return ClusterMetadata(partitions, racks)


def _topic(value: Value) -> tuple[int, list[frozenset[str]] | None]:
    if not value.is_mapping:
        return value.integer("its number of partitions", 0, MAX_PARTITION), None
    keys = value.fields(_TOPIC_KEYS)
    racks = _racks(keys["racks"]) if "racks" in keys else None
    if "partitions" not in keys:
        if racks is None:
            value.fail("no partitions: give their number, or the racks of each")
        return len(racks), racks
    count = keys["partitions"].integer("the number of partitions", 0, MAX_PARTITION)
    if racks is not None and len(racks) != count:
        keys["racks"].fail(
            f"{len(racks)} entries for {count} partitions: list the racks of each partition"
        )
    return count, racks


def _racks(value: Value) -> list[frozenset[str]]:
    found = []
    for each in value.items("for each partition the racks of its replicas"):
        listed = each.items("racks") if each.is_list else [each]
        found.append(frozenset(rack.text("the name of a rack") for rack in listed))
    return found


# --- members -------------------------------------------------------------------------------------


class _Claims:
    """How many partitions all members claim together."""

    def __init__(self) -> None:
        self._total = 0

    def add(self, spans: Iterable[tuple[int, int]], value: Value) -> None:
        """Count them before anything of that size is made."""
        self._total += sum(last - first + 1 for first, last in spans)
        if self._total > MOST_PARTITIONS:
            value.fail(
                f"more than {MOST_PARTITIONS:,} partitions claimed so far: that is the most that "
                "all members may claim together: check the ranges"
            )


class _Member:
    """One entry of `members`."""

    def __init__(self, value: Value, cluster: ClusterMetadata, claims: _Claims) -> None:
        self._keys = value.fields(_MEMBER_KEYS)
        self._cluster = cluster
        self._claims = claims
        if "topics" not in self._keys:
            value.fail("no topics: list what it subscribes to ([] for nothing)")

    def subscription(self) -> Subscription:
        """What it sends to the leader."""
        topics = self._keys["topics"].items("the topics it subscribes to")
        return Subscription(
            topics=[each.text("the name of a topic") for each in topics],
            owned=self._read("owned", self._owned, PartitionSet()),
            generation_id=self._read("generation", _generation, -1),
            group_instance_id=self._read("instance", lambda v: v.text("a group instance id"), None),
            rack_id=self._read("rack", lambda v: v.text("the name of a rack"), None),
            user_data=self._read("user_data", _user_data, b""),
        )

    def _owned(self, value: Value) -> PartitionSet:
        """Topic -> ids; partitions that do not exist may be claimed."""
        return PartitionSet(
            {
                topic: _column(ids, topic, self._cluster, self._claims)
                for topic, ids in value.names("a topic name").items()
            }
        )

    def capacity(self) -> Any:
        """What it can carry: a share or plain data, None if it does not say."""
        return self._read("capacity", optimized.capacity, None)

    def labels(self) -> dict[str, str] | None:
        """Its labels, None if it has none."""
        return self._read("labels", optimized.labels, None)

    def _read(self, key: str, read: Callable[[Value], T], default: D) -> T | D:
        return read(self._keys[key]) if key in self._keys else default


def _generation(value: Value) -> int:
    return value.integer("a generation (-1 = unknown)", -(2**31), 2**31 - 1)


def _user_data(value: Value) -> bytes | None:
    text = value.text(f'"{_BASE64}..."')
    if text == "none":
        return None
    if not text.startswith(_BASE64):
        value.fail(f'{shown(text)} is no user data: give "{_BASE64}" and the bytes in base64')
    try:
        return base64.b64decode(text.removeprefix(_BASE64), validate=True)
    except (binascii.Error, ValueError) as error:
        value.fail(f"not base64 ({error}): encode the bytes again")


def _column(value: Value, topic: str, cluster: ClusterMetadata, claims: _Claims) -> Ids:
    if not value.is_list and value.text("partition ids").strip() == "all":
        if topic not in cluster.partitions:
            value.fail(
                f"all of a topic that is not under topics: {nearest(topic, cluster.partitions)}"
            )
        spans = [(0, cluster.partitions[topic] - 1)]
    else:
        written = value.items("ids") if value.is_list else [value]
        spans = [span for each in written for span in _spans(each)]
    claims.add(spans, value)
    parts = [np.arange(first, last + 1, dtype=np.int32) for first, last in spans]
    if len(parts) == 1:
        return parts[0]
    return np.unique(np.concatenate(parts)) if parts else np.empty(0, dtype=np.int32)


def _spans(value: Value) -> Iterable[tuple[int, int]]:
    text = value.text("partition ids")
    for part in text.split(","):
        match = _RANGE.fullmatch(part)
        if match is None:
            value.fail(f"{shown(text)} are no partition ids: write 3, 0-3, [0, 2], 0-3,7 or all")
        first, last = int(match[1]), int(match[2] or match[1])
        if not first <= last <= MAX_PARTITION:
            value.fail(
                f"{part.strip()}: a range goes up, from 0 to at most {MAX_PARTITION}: "
                "write the smaller id first"
                if last <= MAX_PARTITION
                else f"{last} is no partition: the largest id is {MAX_PARTITION}"
            )
        yield first, last


# --- how to assign -------------------------------------------------------------------------------


def _assignors(value: Value | None) -> tuple[str, ...]:
    if value is None:
        return ()
    named = value.items("names of assignors") if value.is_list else [value]
    return tuple(each.text("the name of an assignor") for each in named)


def _weights(value: Value | None, cluster: ClusterMetadata) -> dict[str, Weight]:
    if value is None:
        return {}
    found: dict[str, Weight] = {}
    for topic, each in value.names("a topic name").items():
        if topic not in cluster.partitions:
            each.fail(f"no such topic: {nearest(topic, cluster.partitions)}")
        found[topic] = _weight(each, cluster.partitions[topic])
    return found


def _weight(value: Value, count: int) -> Weight:
    if not value.is_list:
        return value.number("a weight", zero=True)
    listed = value.items("a weight for each partition")
    if len(listed) != count:
        value.fail(f"{len(listed)} weights for {count} partitions: give each partition its weight")
    return tuple(each.number("a weight", zero=True) for each in listed)


def _objective(keys: Mapping[str, Value]) -> dict[str, Any]:
    if "objective" not in keys:
        return {}
    read = optimized.objective(keys["objective"])
    if "weights" in keys and "weights" in read:
        keys["objective"].mapping("")["weights"].fail("also at the top: give them once")
    return read
