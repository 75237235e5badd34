"""A subscription field by field, each one read for all members of a group at once.

The rule kept here: nothing is taken that `codec` would read in another way. Subscriptions mostly
begin alike, in a group of equals with the same thousand topics; such a beginning is walked once and
then compared as bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assignors.batch import (
    IrregularError,
    Joined,
    Lists,
    Offsets,
    read_lists,
    read_names,
    sorted_names,
)
from assignors.codec import HIGHEST_VERSION, read_topics
from assignors.columns import Held
from assignors.errors import CodecError
from assignors.subscribed import Members, TopicLists

_HEAD = 64
_LONG_LIST = 32  # topics; below, to read a list costs no more than to compare it
_WALKS = 64  # beginnings of which that is tried, topic by topic


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fields:
    """The fields of all messages, in their order."""

    profiles: TopicLists
    profile_of: Members
    user_data: list[bytes | None]
    held: Held
    generations: Offsets
    rack_ids: list[str | None]


def read_fields(messages: Sequence[bytes]) -> Fields:
    """All fields, one after the other. Raises IrregularError."""
    known = _Beginnings()
    number_of, rests = known.cut(messages)
    joined = Joined(rests)
    profiles, profile_of, versions, at = _topics(joined, known, number_of)
    user_data, at = _user_data(joined, at)
    held, at = _owned(joined, at, versions)
    generations, at = _generations(joined, at, versions)
    return Fields(
        profiles=profiles,
        profile_of=profile_of,
        user_data=user_data,
        held=held,
        generations=generations,
        rack_ids=_rack_ids(joined, at, versions),
    )


class _Beginnings:
    """Versions and lists of topics as bytes: seen before, they are compared instead of read.

    Only long lists are remembered, and only so many. What is irregular is left to who reads on.
    """

    def __init__(self) -> None:
        self.topics: list[list[str]] = []
        self.versions: list[int] = []
        self._walks = 0
        self._known: dict[bytes, list[tuple[bytes, int]]] = {}

    def cut(self, messages: Sequence[bytes]) -> tuple[Offsets, list[bytes]]:
        """Which beginning each message has (-1 = none that is known), and what comes after it."""
        numbers: list[int] = []
        rests: list[bytes] = []
        last, number, size = b"", -1, 0
        for message in messages:
            if not (last and message.startswith(last)):
                last, number = self._beginning(message)
                size = len(last)
            numbers.append(number)
            rests.append(message[size:])
        return np.array(numbers, dtype=np.int64), rests

    def _beginning(self, message: bytes) -> tuple[bytes, int]:
        if int.from_bytes(message[2:6]) < _LONG_LIST:
            return b"", -1
        alike = self._known.setdefault(message[:_HEAD], [])
        for beginning, number in alike:
            if message.startswith(beginning):
                return beginning, number
        if self._walks == _WALKS:
            return b"", -1
        self._walks += 1
        try:
            topics, end = read_topics(message)
        except CodecError:
            return b"", -1
        if len(set(topics)) < len(topics):
            return b"", -1
        self.topics.append(topics)
        self.versions.append(min(int.from_bytes(message[:2]), HIGHEST_VERSION))
        alike.append((message[:end], len(self.topics) - 1))
        return alike[-1]


def _topics(
    joined: Joined, known: _Beginnings, number_of: Offsets
) -> tuple[TopicLists, Members, Offsets, Offsets]:
    """The lists of topics, the one of each member; the versions, and where the lists end."""
    fresh = number_of < 0
    # Of the others nothing is left to read here.
    starts = np.where(fresh, joined.starts, joined.nothing)
    ends = np.where(fresh, joined.ends, joined.nothing + 6)
    IrregularError.where(starts + 2 > ends)
    said = joined.int16s(starts)
    IrregularError.where(said < 0)
    lists, after = read_lists(joined, starts + 2, ends, with_ids=False)
    names, numbers = read_names(joined, lists)
    _refuse_duplicates(lists, numbers, len(names))
    versions = np.where(fresh, said, np.array([*known.versions, 0])[number_of])
    at = np.where(fresh, after, joined.starts)

    # Lists of equal bytes are one list.
    alike: dict[bytes, int] = {}
    profile_of = number_of.astype(np.int32)
    who = np.flatnonzero(fresh)
    texts = joined.strings(starts[who] + 2, (after - starts)[who] - 2)
    count = len(known.topics)
    profile_of[who] = [count + alike.setdefault(text, len(alike)) for text in texts]
    first = np.zeros(fresh.size, dtype=bool)
    first[who[np.unique(profile_of[who], return_index=True)[1]]] = True
    return (
        _joined_lists(known.topics, names, np.diff(lists.starts), numbers, first),
        profile_of,
        np.minimum(versions, HIGHEST_VERSION),
        at,
    )


def _joined_lists(
    known: Sequence[Sequence[str]],
    names: Sequence[str],
    lengths: Offsets,
    numbers: Offsets,
    first: NDArray[np.bool_],
) -> TopicLists:
    """The `known` lists, and those of the members that are the `first` to have theirs."""
    number = {name: place for place, name in enumerate(names)}
    before = [number.setdefault(topic, len(number)) for topics in known for topic in topics]
    all_numbers = np.append(before, numbers[np.repeat(first, lengths)]).astype(np.int64)
    sizes = np.append([len(topics) for topics in known], lengths[first]).astype(np.int64)
    sorted_, renumbered = sorted_names([*number], all_numbers)
    return TopicLists(names=sorted_, starts=np.append(0, np.cumsum(sizes)), numbers=renumbered)


def _refuse_duplicates(lists: Lists, numbers: Offsets, names: int) -> None:
    keys = lists.members() * max(names, 1) + numbers
    if not bool((keys[1:] > keys[:-1]).all()):
        keys.sort()
        twice = keys[1:][keys[1:] == keys[:-1]] // max(names, 1)
        if twice.size:
            raise IrregularError(np.unique(twice))


def _user_data(joined: Joined, at: Offsets) -> tuple[list[bytes | None], Offsets]:
    room = joined.ends - at - 4
    IrregularError.where(room < 0)
    size = joined.int32s(at)
    IrregularError.where((size < -1) | (size > room))
    after = at + 4 + np.maximum(size, 0)
    user_data: list[bytes | None] = [*joined.strings(at + 4, after - at - 4)]
    for number in np.flatnonzero(size < 0).tolist():
        user_data[number] = None
    return user_data, after


def _owned(joined: Joined, at: Offsets, versions: Offsets) -> tuple[Held, Offsets]:
    said = versions >= 1
    starts = np.where(said, at, joined.nothing)
    ends = np.where(said, joined.ends, joined.nothing + 4)
    lists, after = read_lists(joined, starts, ends, with_ids=True)
    return read_held(joined, lists), np.where(said, after, at)


def _generations(joined: Joined, at: Offsets, versions: Offsets) -> tuple[Offsets, Offsets]:
    said = versions >= 2
    IrregularError.where(said & (at + 4 > joined.ends))
    values = joined.int32s(np.where(said, at, joined.nothing))
    return np.where(said, values, -1), np.where(said, at + 4, at)


def _rack_ids(joined: Joined, at: Offsets, versions: Offsets) -> list[str | None]:
    said = versions >= 3
    room = joined.ends - at - 2
    IrregularError.where(said & (room < 0))
    size = joined.int16s(np.where(said, at, joined.nothing))
    IrregularError.where(said & ((size < -1) | (size > room)))
    rack_ids: list[str | None] = [None] * at.size
    decoded: dict[bytes, str] = {}
    who = np.flatnonzero(size > 0)
    for number, data in zip(who.tolist(), joined.strings(at[who] + 2, size[who]), strict=True):
        if data not in decoded:
            try:
                decoded[data] = data.decode()
            except UnicodeDecodeError:
                decoded[data] = ""
        rack_ids[number] = decoded[data]
    IrregularError.where(np.array([rack_id == "" for rack_id in rack_ids], dtype=bool))
    return rack_ids


def read_held(joined: Joined, lists: Lists) -> Held:
    """Partitions as they were sent, put in order if they are not. Raises IrregularError."""
    names, topics = read_names(joined, lists)
    members, counts = lists.members(), lists.counts
    ids = joined.ids(lists.ids_at, counts)
    if ids.size and int(ids.min()) < 0:
        raise IrregularError(np.unique(np.repeat(members, counts)[ids < 0]))
    keys = members * max(len(names), 1) + topics
    starts = lists.starts
    id_starts = np.append(0, np.cumsum(counts))
    rising = ids[1:] > ids[:-1]
    anew = id_starts[(id_starts > 0) & (id_starts < ids.size)]  # where a new column starts
    rising[anew - 1] = True
    if not bool(rising.all() and (counts > 0).all() and (keys[1:] > keys[:-1]).all()):
        keys, id_starts, ids = _in_order(keys, counts, ids)
        starts = np.searchsorted(keys, np.arange(starts.size) * max(len(names), 1))
        topics = keys % max(len(names), 1)
    ids.setflags(write=False)
    return Held(names=names, starts=starts, topics=topics, id_starts=id_starts, ids=ids)


def _in_order(
    keys: Offsets, counts: Offsets, ids: NDArray[np.int32]
) -> tuple[Offsets, Offsets, NDArray[np.int32]]:
    """Columns in the order of their keys, those of one key as one, their ids in order and once."""
    found, column = np.unique(keys, return_inverse=True)
    entries = np.unique((np.repeat(column, counts) << 32) + ids)
    sizes = np.bincount(entries >> 32, minlength=found.size)
    return (
        found[sizes > 0],
        np.append(0, np.cumsum(sizes[sizes > 0])),
        (entries & (2**32 - 1)).astype(np.int32),
    )
