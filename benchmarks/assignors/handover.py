"""A case and a plan as files that Python, Java and Go read and write alike.

The rule kept here: nothing but big-endian int32 words, and strings as a length in bytes and UTF-8.

    case    generation, topics, profiles, members; each list with its length in front
    topic   name (string), partitions
    profile topic numbers of one distinct subscription, with their length in front
    member  id (string), profile number, owned
    owned   (topic number, ids with their length in front), as a list with its length in front
    plan    owned, for each member in the order of the case

A reader gets what is written, also a partition given twice: judging is the business of `verdicts`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assignors import ClusterMetadata, PartitionSet, Subscription

_WORD = np.dtype(">i4")
Owned = list[tuple[str, NDArray[np.int32]]]
"""What one member owns, as written: topic and ids; nothing is sorted or merged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A group as it is handed to every subject."""

    cluster: ClusterMetadata
    members: Mapping[str, Subscription]

    @property
    def partitions(self) -> int:
        """Partitions of all topics."""
        return sum(self.cluster.partitions.values())


def write_case(path: Path, group: Handed) -> None:
    """Write a group; every member's claim is of one generation, or of none."""
    topics = {topic: number for number, topic in enumerate(group.cluster.partitions)}
    profiles: dict[tuple[str, ...], int] = {}
    for each in group.members.values():
        profiles.setdefault(tuple(each.topics), len(profiles))
    out = _Writer()
    out.words(max((each.generation_id for each in group.members.values()), default=-1))
    out.words(len(topics))
    for topic, count in group.cluster.partitions.items():
        out.string(topic)
        out.words(count)
    out.words(len(profiles))
    for profile in profiles:
        out.words(len(profile), *(topics[topic] for topic in profile))
    out.words(len(group.members))
    for member, each in group.members.items():
        out.string(member)
        out.words(profiles[tuple(each.topics)])
        out.owned(each.owned.by_topic.items(), topics)
    path.write_bytes(out.bytes())


def read_case(path: Path) -> Handed:
    """Read a group; members with the same profile share one tuple of topics, as decoders may."""
    words = _Reader(path.read_bytes())
    generation = words.word()
    counts: dict[str, int] = {}
    for _ in range(words.word()):
        topic = words.string()
        counts[topic] = words.word()
    names = list(counts)
    profiles = [tuple(names[at] for at in words.column().tolist()) for _ in range(words.word())]
    members: dict[str, Subscription] = {}
    for _ in range(words.word()):
        member = words.string()
        profile = profiles[words.word()]
        owned = PartitionSet(dict(words.owned(names)))
        members[member] = Subscription(
            topics=profile, owned=owned, generation_id=generation if owned else -1
        )
    return Handed(cluster=ClusterMetadata(counts), members=members)


def write_plan(path: Path, group: Handed, plan: Mapping[str, Iterable[tuple[str, object]]]) -> None:
    """Write what each member gets: topic and ids, one pair or several for a topic."""
    topics = {topic: number for number, topic in enumerate(group.cluster.partitions)}
    out = _Writer()
    for member in group.members:
        out.owned(plan[member], topics)
    path.write_bytes(out.bytes())


def read_plan(path: Path, group: Handed) -> dict[str, Owned]:
    """Read what each member gets, as it was written."""
    words = _Reader(path.read_bytes())
    names = list(group.cluster.partitions)
    return {member: words.owned(names) for member in group.members}


class _Writer:
    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def words(self, *values: int) -> None:
        self._parts.append(np.array(values, dtype=_WORD).tobytes())

    def string(self, text: str) -> None:
        encoded = text.encode()
        self.words(len(encoded))
        self._parts.append(encoded)

    def owned(self, columns: Iterable[tuple[str, object]], topics: Mapping[str, int]) -> None:
        listed = [(topics[topic], np.asarray(ids, dtype=_WORD)) for topic, ids in columns]
        self.words(len(listed))
        for topic, ids in listed:
            self.words(topic, ids.size)
            self._parts.append(ids.tobytes())

    def bytes(self) -> bytes:
        return b"".join(self._parts)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def word(self) -> int:
        self._at += 4
        return int.from_bytes(self._data[self._at - 4 : self._at], signed=True)

    def string(self) -> str:
        length = self.word()
        self._at += length
        return sys.intern(self._data[self._at - length : self._at].decode())

    def column(self) -> NDArray[np.int32]:
        length = self.word()
        self._at += 4 * length
        return np.frombuffer(self._data, _WORD, length, self._at - 4 * length).astype(np.int32)

    def owned(self, names: list[str]) -> Owned:
        return [(names[self.word()], self.column()) for _ in range(self.word())]
