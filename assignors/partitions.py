"""Partitions, and sets of them kept as columns.

The rule kept here: a set of partitions stays in the wire's own shape (topic -> ascending ids, one
int32 column for all topics) from the first byte read to the last byte written. A million partitions
never become a million objects unless somebody iterates. Few are another matter: what a member owns
is asked for one by one all the time, and there a dict is faster than any column.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from functools import partial
from itertools import accumulate, islice, pairwise, repeat
from operator import and_, lt, or_, sub, xor
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ids: TypeAlias = NDArray[np.int32]
"""A column of partition ids: int32, strictly ascending, read-only."""

MAX_PARTITION = 2**31 - 1
_SHIFT = 32
_ID_MASK = (1 << _SHIFT) - 1
_FEW = 128
"""So many are also kept as objects, once they are asked for; of more, columns alone."""
_Merge: TypeAlias = Callable[[Any, Any], Any]
_OF_KEYS: Mapping[_Merge, Callable[..., NDArray[np.int64]]] = {
    # Keys are unique already: looking once more would cost more than the operation.
    and_: partial(np.intersect1d, assume_unique=True),
    or_: np.union1d,
    sub: partial(np.setdiff1d, assume_unique=True),
    xor: partial(np.setxor1d, assume_unique=True),
}
"""What each operation of sets is for ascending keys (see `PartitionSet._keys`)."""


class TopicPartition(NamedTuple):
    """One partition of one topic; ordered by topic, then id, and equal to a plain tuple."""

    topic: str
    partition: int


_PARTITION: Callable[[tuple[str, int]], TopicPartition] = partial(tuple.__new__, TopicPartition)
"""A pair as a partition, without Python's own code in between."""


class PartitionSet(Set[TopicPartition]):
    """An immutable set of partitions, kept as columns.

    Built from another set, from an iterable of `TopicPartition` (or `(topic, partition)`), or from
    a mapping of topic to ids: `PartitionSet({"orders": range(4)})`. Duplicates collapse, topics
    without ids vanish. Iterating gives `TopicPartition`s, topics sorted, ids ascending.

    Raises TypeError for a topic that is no str or an id that is no integer, ValueError for an empty
    topic name or an id outside 0..2**31-1.
    """

    __slots__ = ("_by_topic", "_cached_hash", "_ids", "_listed", "_offsets", "_topics")

    _topics: tuple[str, ...]
    _offsets: tuple[int, ...]
    _ids: Ids
    _by_topic: Mapping[str, Ids] | None
    _cached_hash: int | None
    _listed: dict[TopicPartition, None] | None
    """All of them in order, where they are few and were asked for."""

    def __init__(
        self,
        partitions: Iterable[tuple[str, int]] | Mapping[str, Iterable[int]] = (),
    ) -> None:
        if isinstance(partitions, PartitionSet):
            self._fill(partitions._topics, partitions._offsets, partitions._ids)
            return
        columns: dict[str, Any] = {}
        if isinstance(partitions, Mapping):
            columns.update(partitions)
        else:
            for topic, partition in partitions:
                columns.setdefault(topic, []).append(partition)
        topics, offsets, ids = [], [0], []
        for topic in sorted(checked_topic(t) for t in columns):
            column = _checked_column(topic, columns[topic])
            if column.size:
                topics.append(topic)
                offsets.append(offsets[-1] + int(column.size))
                ids.append(column)
        self._fill(tuple(topics), tuple(offsets), _concatenated(ids))

    def _fill(self, topics: tuple[str, ...], offsets: tuple[int, ...], ids: Ids) -> None:
        ids.setflags(write=False)
        self._topics = topics
        self._offsets = offsets
        self._ids = ids
        self._by_topic = None
        self._cached_hash = None
        self._listed = None

    @classmethod
    def _trusted(cls, topics: tuple[str, ...], offsets: tuple[int, ...], ids: Ids) -> PartitionSet:
        """Wrap columns that are known to be canonical: no copy, no check."""
        self = cls.__new__(cls)
        self._fill(topics, offsets, ids)
        return self

    @classmethod
    def from_flat(cls, topics: Sequence[str], counts: Sequence[int], ids: Ids) -> PartitionSet:
        """Wrap concatenated columns: `counts[i]` ids of `topics[i]`, one after the other.

        Costs O(n) when the topics are ascending and each column is strictly ascending, which is
        checked; anything else is put in order first. Raises as the constructor does.
        """
        # Somebody may still write to what is writeable; a read-only column is taken as it is.
        frozen = ids.dtype == np.int32 and not ids.flags.writeable
        flat = ids if frozen else _narrowed(ids)
        offsets = (0, *accumulate(map(int, counts)))
        if offsets[-1] != flat.size:
            raise ValueError(f"the counts add up to {offsets[-1]}, but there are {flat.size} ids")
        if _is_canonical(topics, counts, offsets, flat):
            for topic in topics:
                checked_topic(topic)
            return cls._trusted(tuple(topics), offsets, flat)
        columns: dict[str, list[Ids]] = {}
        for topic, start, end in zip(topics, offsets, offsets[1:], strict=False):
            columns.setdefault(topic, []).append(flat[start:end])
        return cls({topic: np.concatenate(parts) for topic, parts in columns.items()})

    @property
    def by_topic(self) -> Mapping[str, Ids]:
        """Topic -> its ids (int32, ascending, read-only); topics in sorted order, none empty."""
        if self._by_topic is None:
            spans = zip(self._topics, self._offsets, self._offsets[1:], strict=False)
            self._by_topic = MappingProxyType({t: self._ids[a:b] for t, a, b in spans})
        return self._by_topic

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics with at least one partition here, sorted."""
        return self._topics

    @property
    def counts(self) -> tuple[int, ...]:
        """How many partitions of each of `topics`."""
        return tuple(b - a for a, b in pairwise(self._offsets))

    @property
    def offsets(self) -> tuple[int, ...]:
        """Where the ids of each of `topics` begin, and where the last ones end."""
        return self._offsets

    @property
    def ids(self) -> Ids:
        """The ids of all `topics`, concatenated."""
        return self._ids

    def __len__(self) -> int:
        return self._offsets[-1]

    def __iter__(self) -> Iterator[TopicPartition]:
        return iter(self._few()) if len(self) <= _FEW else self._each()

    def _each(self) -> Iterator[TopicPartition]:
        return map(_PARTITION, self._pairs())

    def _pairs(self) -> Iterator[tuple[str, int]]:
        for topic, start, end in zip(self._topics, self._offsets, self._offsets[1:], strict=False):
            yield from zip(repeat(topic), self._ids[start:end].tolist())

    def _few(self) -> dict[TopicPartition, None]:
        if self._listed is None:
            self._listed = dict.fromkeys(self._each())
        return self._listed

    def __contains__(self, item: object) -> bool:
        if not (isinstance(item, tuple) and len(item) == 2):
            return False
        topic, partition = item
        if not (isinstance(topic, str) and isinstance(partition, (int, np.integer))):
            return False
        if len(self) <= _FEW:
            return item in self._few()
        column = self.by_topic.get(topic)
        if column is None or not 0 <= partition <= MAX_PARTITION:
            return False
        at = bisect_left(column, partition)  # a few steps cost less than one call of numpy
        return at < column.size and int(column[at]) == partition

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PartitionSet):
            return (
                self._offsets == other._offsets
                and self._topics == other._topics
                and self._ids.tobytes() == other._ids.tobytes()  # one type, one order
            )
        return super().__eq__(other)

    def __hash__(self) -> int:
        # Equal to a frozenset of the same partitions, hence hashed like one.
        if self._cached_hash is None:
            self._cached_hash = hash(frozenset(self))
        return self._cached_hash

    def __and__(self, other: Iterable[Any]) -> PartitionSet:
        return self._combined(other, and_)

    def __or__(self, other: Iterable[Any]) -> PartitionSet:
        return self._combined(other, or_)

    def __sub__(self, other: Iterable[Any]) -> PartitionSet:
        return self._combined(other, sub)

    def __xor__(self, other: Iterable[Any]) -> PartitionSet:
        return self._combined(other, xor)

    __rand__ = __and__
    __ror__ = __or__
    __rxor__ = __xor__

    def __rsub__(self, other: Iterable[Any]) -> PartitionSet:
        if not isinstance(other, Iterable):
            return NotImplemented
        return PartitionSet(other) - self

    def __le__(self, other: Set[Any]) -> bool:
        if isinstance(other, PartitionSet):
            return len(self) <= len(other) and not self - other
        return super().__le__(other)

    def __ge__(self, other: Set[Any]) -> bool:
        if isinstance(other, PartitionSet):
            return other <= self
        return super().__ge__(other)

    def isdisjoint(self, other: Iterable[Any]) -> bool:
        """True if no partition is in both."""
        return not self & other

    def _combined(self, other: Iterable[Any], how: _Merge) -> PartitionSet:
        if not isinstance(other, Iterable):
            return NotImplemented
        right = other if isinstance(other, PartitionSet) else PartitionSet(other)
        # What a member owns is nearly always what it is assigned, or one of them is nothing.
        if not right:
            return right if how is and_ else self
        if not self:
            return right if how in (or_, xor) else self
        if self == right:
            return self if how in (and_, or_) else PartitionSet()
        if len(self) + len(right) <= _FEW:
            return _of_few(sorted(how(self._few().keys(), right._few().keys())))
        topics = tuple(sorted({*self._topics, *right._topics}))
        index = {topic: number for number, topic in enumerate(topics)}
        return _from_keys(topics, _OF_KEYS[how](self._keys(index), right._keys(index)))

    def _keys(self, index: Mapping[str, int]) -> NDArray[np.int64]:
        """One int64 per partition: the topic's number, then the id."""
        numbers = np.array([index[topic] << _SHIFT for topic in self._topics], dtype=np.int64)
        keys: NDArray[np.int64] = np.repeat(numbers, self.counts) + self._ids.astype(np.int64)
        return keys

    def __repr__(self) -> str:
        shown = ", ".join(f"{topic}: {_ranges(ids)}" for topic, ids in self.by_topic.items())
        return f"PartitionSet({{{shown}}})"

    def __reduce__(self) -> tuple[Any, ...]:
        return PartitionSet.from_flat, (self._topics, self.counts, np.array(self._ids))

    def __copy__(self) -> PartitionSet:
        return self

    def __deepcopy__(self, memo: object) -> PartitionSet:
        return self


def checked_topic(topic: Any) -> str:
    if not isinstance(topic, str):
        raise TypeError(f"a topic name is a str, not {topic!r}")
    if not topic:
        raise ValueError("a topic name is empty")
    return topic


def _narrowed(ids: NDArray[Any]) -> Ids:
    """A copy as int32. Raises ValueError for ids that do not fit, TypeError for what is no id."""
    if ids.size and ids.dtype.kind not in "iu":
        raise TypeError(f"partition ids are integers, not {ids.dtype}")
    if ids.size and not (int(ids.min()) >= 0 and int(ids.max()) <= MAX_PARTITION):
        worst = int(ids.min()) if int(ids.min()) < 0 else int(ids.max())
        raise ValueError(f"partition {worst} is outside 0..{MAX_PARTITION}")
    return np.array(ids, dtype=np.int32)


def _checked_column(topic: str, ids: Any) -> Ids:
    """Any collection of ids as a canonical column."""
    raw = np.asarray(ids if isinstance(ids, np.ndarray | range) else list(ids))
    if raw.size == 0:
        return np.empty(0, dtype=np.int32)
    if raw.ndim != 1 or raw.dtype.kind not in "iu":
        raise TypeError(f"partition ids of {topic!r} are integers, not {ids!r}")
    column = raw if bool(np.all(raw[1:] > raw[:-1])) else np.unique(raw)
    if int(column[0]) < 0 or int(column[-1]) > MAX_PARTITION:
        worst = int(column[0]) if int(column[0]) < 0 else int(column[-1])
        raise ValueError(f"partition {worst} of {topic!r} is outside 0..{MAX_PARTITION}")
    return np.array(column, dtype=np.int32)


def _concatenated(columns: Sequence[Ids]) -> Ids:
    if len(columns) == 1:
        return columns[0]
    return np.concatenate(columns) if columns else np.empty(0, dtype=np.int32)


def _is_canonical(
    topics: Sequence[str], counts: Sequence[int], offsets: Sequence[int], flat: Ids
) -> bool:
    if not counts:
        return True
    if min(counts) <= 0 or not all(map(lt, topics, islice(topics, 1, None))):
        return False
    if flat.size <= _FEW:
        listed = flat.tolist()
        spans = [listed[a:b] for a, b in pairwise(offsets)]
        return all(ids[0] >= 0 and all(map(lt, ids, islice(ids, 1, None))) for ids in spans)
    rising = flat[1:] > flat[:-1]
    if len(counts) == 1:
        return int(flat[0]) >= 0 and bool(rising.all())
    firsts = np.array(offsets[:-1], dtype=np.int64)
    rising[firsts[1:] - 1] = True  # a new topic starts anew
    return bool(rising.all()) and int(flat[firsts].min()) >= 0


def _from_keys(topics: tuple[str, ...], keys: NDArray[np.int64]) -> PartitionSet:
    """Back from ascending keys (see `PartitionSet._keys`) to columns."""
    counts = np.bincount(keys >> _SHIFT, minlength=len(topics)) if keys.size else ()
    kept = [(topic, int(count)) for topic, count in zip(topics, counts, strict=False) if count]
    offsets = (0, *np.cumsum([count for _, count in kept], dtype=np.int64).tolist())
    ids = (keys & _ID_MASK).astype(np.int32)
    return PartitionSet._trusted(tuple(topic for topic, _ in kept), offsets, ids)


def _of_few(partitions: Sequence[TopicPartition]) -> PartitionSet:
    """Back from ascending partitions to columns."""
    counts: dict[str, int] = {}
    for topic, _ in partitions:
        counts[topic] = counts.get(topic, 0) + 1
    ids = np.array([partition for _, partition in partitions], dtype=np.int32)
    return PartitionSet._trusted(tuple(counts), (0, *accumulate(counts.values())), ids)


def _ranges(ids: Ids) -> str:
    """`[0-3, 7]`: runs, and an ellipsis beyond a dozen of them."""
    starts = np.flatnonzero(np.diff(ids, prepend=ids[0] - 2) != 1)
    ends = np.append(starts[1:], ids.size) - 1
    runs = [(int(ids[a]), int(ids[b])) for a, b in zip(starts[:12], ends[:12], strict=False)]
    shown = [str(a) if a == b else f"{a}-{b}" for a, b in runs]
    return f"[{', '.join(shown)}{', ...' if starts.size > 12 else ''}]"
