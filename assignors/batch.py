"""Many messages read at once: the same field of every member, one step of numpy for all of them.

The rule kept here: only what is certainly regular is taken. Whatever is not (a length that cannot
be true, an empty name, bytes that are no UTF-8) is named by `IrregularError`, and
whoever asked lets the codec for single messages decide about it. So there is one judge of what is
readable, and nothing here is allocated that the bytes at hand could not fill.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Offsets = NDArray[np.int64]

_LONG = 256  # bytes; Kafka's topic names have at most 249, and what is longer is not hashed here
_FEW = 16  # as many members are walked faster one by one
_STRIDE = 32  # items of each member between two looks at whether they can be true
_FEW_STRINGS = 96
_ROUNDS = 8
_PADDING = bytes(_LONG + 16)
_INT16 = struct.Struct(">h")
_INT32 = struct.Struct(">i")
_MASKS = np.array([(1 << (8 * count)) - 1 for count in range(9)], dtype=np.uint64)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)


class IrregularError(Exception):
    """These members (by number) must be read one by one."""

    def __init__(self, numbers: Offsets) -> None:
        super().__init__(numbers)
        self.numbers: list[int] = numbers.tolist()

    @classmethod
    def where(cls, bad: NDArray[np.bool_], who: Offsets | None = None) -> None:
        """Raise it for the members for which `bad` is true; `bad[i]` is about `who[i]`."""
        if bool(bad.any()):
            numbers = np.flatnonzero(bad)
            raise cls(np.unique(numbers if who is None else who[numbers]))


class Joined:
    """Messages one after the other, to be read at any offset.

    `starts`, `ends`: where each message is. `nothing`: the offset of bytes that are all zero, which
    read as a field that is empty. `int16[at]`, `int32[at]`: the number that begins at byte `at`.
    """

    __slots__ = ("data", "ends", "int16", "int32", "nothing", "starts", "words")

    def __init__(self, messages: Sequence[bytes]) -> None:
        self.data = b"".join([*messages, _PADDING])
        self.nothing = len(self.data) - len(_PADDING)
        self.ends: Offsets = np.fromiter(map(len, messages), np.int64, len(messages)).cumsum()
        self.starts = np.zeros_like(self.ends)
        self.starts[1:] = self.ends[:-1]
        size = len(self.data)
        self.int16 = np.ndarray((size - 1,), ">i2", self.data, strides=(1,))
        self.int32 = np.ndarray((size - 3,), ">i4", self.data, strides=(1,))
        self.words = np.ndarray((size - 7,), "<u8", self.data, strides=(1,))

    def int16s(self, at: Offsets) -> Offsets:
        """The int16 at each offset."""
        return self.int16[at].astype(np.int64)

    def int32s(self, at: Offsets) -> Offsets:
        """The int32 at each offset."""
        return self.int32[at].astype(np.int64)

    def ids(self, at: Offsets, counts: Offsets) -> NDArray[np.int32]:
        """Columns of int32, `counts[i]` of them from byte `at[i]` on, concatenated."""
        if int(counts.sum()) > 8 * counts.size:
            ends = (at + 4 * counts).tolist()
            parts = [self.data[a:b] for a, b in zip(at.tolist(), ends, strict=True)]
            return np.frombuffer(b"".join(parts), ">i4").astype(np.int32)
        firsts = np.cumsum(counts) - counts
        places = np.repeat(at - 4 * firsts, counts)
        places += np.arange(0, 4 * places.size, 4)
        ids: NDArray[np.int32] = self.int32[places].astype(np.int32)
        return ids

    def strings(self, at: Offsets, lengths: Offsets) -> list[bytes]:
        """The bytes at each offset."""
        ends = (at + lengths).tolist()
        return [self.data[a:b] for a, b in zip(at.tolist(), ends, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lists:
    """A list of named items for each member; item i of member m is at `starts[m] + i`.

    Name i is the `name_bytes[i]` bytes at `name_at[i]`. With ids, the item has `counts[i]` of them
    from byte `ids_at[i]` on; without, the two are empty.
    """

    starts: Offsets
    name_at: Offsets
    name_bytes: Offsets
    ids_at: Offsets
    counts: Offsets

    def members(self) -> Offsets:
        """The member to which each item belongs."""
        return np.repeat(np.arange(self.starts.size - 1), np.diff(self.starts))


def read_lists(
    joined: Joined, at: Offsets, ends: Offsets, *, with_ids: bool
) -> tuple[Lists, Offsets]:
    """`[name]` or `[name [id]]`, with int32 lengths, for every member; and where it ends.

    `at`: where each member's list begins; it may not be read beyond its entry of `ends`.
    Raises IrregularError.
    """
    room = ends - at - 4
    IrregularError.where(room < 0)
    announced = joined.int32s(at)
    # What cannot follow is not even allocated.
    IrregularError.where((announced < 0) | (announced * (6 if with_ids else 2) > room))
    starts = np.zeros(at.size + 1, dtype=np.int64)
    np.cumsum(announced, out=starts[1:])
    total = int(starts[-1])
    lists = Lists(
        starts=starts,
        name_at=np.zeros(total, dtype=np.int64),
        name_bytes=np.zeros(total, dtype=np.int64),
        ids_at=np.zeros(total if with_ids else 0, dtype=np.int64),
        counts=np.zeros(total if with_ids else 0, dtype=np.int64),
    )
    return lists, _read_items(joined, lists, at + 4, ends, with_ids=with_ids)


def _read_items(
    joined: Joined, lists: Lists, at: Offsets, ends: Offsets, *, with_ids: bool
) -> Offsets:
    """Fill the lists; where each of them ends. All that are irregular are found in one go."""
    after, irregular = at.copy(), np.zeros(at.size, dtype=bool)
    # Who has most comes first, so that those who still have items are the first so many.
    less = -np.diff(lists.starts)
    order = np.argsort(less, kind="stable")
    step = 0
    while True:
        left = np.searchsorted(less[order], -np.arange(step, step + _STRIDE))
        steps = left[left > _FEW].tolist()
        if not steps:
            break
        order = order[: steps[0]]
        places = after[order]
        read = _stride(joined, places, steps, with_ids=with_ids)
        after[order] = places
        read.keep(lists, lists.starts[order] + step)
        bad = read.irregular(ends[order])
        irregular[order[bad]] = True
        order = np.delete(order, bad)
        step += len(steps)
    for member in order[: left[0]].tolist():
        slots = range(int(lists.starts[member]) + step, int(lists.starts[member + 1]))
        reached = _walked(joined, lists, int(after[member]), int(ends[member]), slots, with_ids)
        irregular[member] = reached < 0
        after[member] = reached
    IrregularError.where(irregular)
    return after


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Stride:
    """Some items each of the first members: read as if all were well, and then judged.

    One entry for each item: the member's place in the order of reading, the step in which it was
    read, then as in `Lists`.
    """

    places: Offsets
    steps: Offsets
    name_at: Offsets
    name_bytes: Offsets
    ids_at: Offsets
    counts: Offsets

    def irregular(self, ends: Offsets) -> Offsets:
        """The places of which something cannot be true."""
        limits = ends[self.places]
        bad = (self.name_bytes <= 0) | (self.name_at + self.name_bytes > limits)
        if self.ids_at.size:
            room = limits - self.ids_at
            bad |= (room < 0) | (self.counts < 0) | (4 * self.counts > room)
        return np.unique(self.places[bad])

    def keep(self, lists: Lists, begins: Offsets) -> None:
        """Write it down where it belongs; `begins`: by place, the first item of this stride."""
        slots = begins[self.places] + self.steps
        lists.name_at[slots] = self.name_at
        lists.name_bytes[slots] = self.name_bytes
        if self.ids_at.size:
            lists.ids_at[slots] = self.ids_at
            lists.counts[slots] = self.counts


def _stride(joined: Joined, at: Offsets, steps: Sequence[int], *, with_ids: bool) -> _Stride:
    """One item of each of the first `steps[0]` members, then of the first `steps[1]`, and so on.

    `at` moves along. What was read wrongly may point anywhere, and is turned back to where there
    are bytes to read.
    """
    last = joined.nothing
    name_at: list[Offsets] = []
    name_bytes: list[Offsets] = []
    ids_at: list[Offsets] = []
    counts: list[Offsets] = []
    for count in steps:
        here = np.minimum(at[:count], last)
        np.maximum(here, 0, out=here)
        length = joined.int16s(here)
        here += 2
        name_at.append(here)
        name_bytes.append(length)
        if with_ids:
            after = np.minimum(here + length, last)
            np.maximum(after, 0, out=after)
            number = joined.int32s(after)
            after += 4
            ids_at.append(after)
            counts.append(number)
            np.add(after, 4 * number, out=at[:count])
        else:
            np.add(here, length, out=at[:count])
    members = np.arange(steps[0])
    nothing: list[Offsets] = [members[:0]]
    return _Stride(
        places=np.concatenate([members[:count] for count in steps]),
        steps=np.repeat(np.arange(len(steps)), steps),
        name_at=np.concatenate(name_at),
        name_bytes=np.concatenate(name_bytes),
        ids_at=np.concatenate(ids_at or nothing),
        counts=np.concatenate(counts or nothing),
    )


def _walked(
    joined: Joined, lists: Lists, at: int, end: int, slots: Iterable[int], with_ids: bool
) -> int:
    """The rest of one member's items; where they end, or -1 if something is irregular."""
    data = joined.data
    for slot in slots:
        length = _INT16.unpack_from(data, at)[0]
        name_at = at + 2
        at = name_at + length
        if length <= 0 or at > end:
            return -1
        lists.name_at[slot] = name_at
        lists.name_bytes[slot] = length
        if with_ids:
            count = _INT32.unpack_from(data, at)[0]
            at += 4
            if not 0 <= 4 * count <= end - at:
                return -1
            lists.counts[slot] = count
            lists.ids_at[slot] = at
            at += 4 * count
    return at


def read_names(joined: Joined, lists: Lists) -> tuple[tuple[str, ...], Offsets]:
    """The distinct names of all items, sorted, and the number of each item's name.

    Raises IrregularError for what is no UTF-8.
    """
    numbers, firsts = distinct(joined, lists.name_at, lists.name_bytes)
    found = joined.strings(lists.name_at[firsts], lists.name_bytes[firsts])
    try:
        names = [each.decode() for each in found]
    except UnicodeDecodeError:
        bad = np.array([not _is_utf8(each) for each in found])
        raise IrregularError(np.unique(lists.members()[bad[numbers]])) from None
    return sorted_names(names, numbers)


def sorted_names(names: Sequence[str], numbers: Offsets) -> tuple[tuple[str, ...], Offsets]:
    """Number distinct names in sorted order, so that numbers compare as names do."""
    listed = list(names)
    in_order = sorted(listed)
    if in_order == listed:
        return tuple(listed), numbers
    place = {name: number for number, name in enumerate(in_order)}
    places = np.array([place[name] for name in listed], dtype=np.int64)
    return tuple(in_order), places[numbers]


def distinct(joined: Joined, at: Offsets, lengths: Offsets) -> tuple[Offsets, Offsets]:
    """Which strings are equal: the number of each, and where each number appears first.

    Numbered in order of appearance. Strings are hashed eight bytes at a time and compared with the
    first one in their place of a table; what shares a place with another string goes round again,
    and after a few rounds, which only bytes made for it can need, into a dictionary.
    """
    same = np.arange(at.size)
    left = same.copy()
    if at.size > _FEW_STRINGS:
        short = lengths <= _LONG
        left = np.append(_hashed(joined, at, lengths, same, left[short]), left[~short])
    first: dict[bytes, int] = {}
    for place, string in zip(left.tolist(), joined.strings(at[left], lengths[left]), strict=True):
        same[place] = first.setdefault(string, place)
    firsts = np.flatnonzero(same == np.arange(at.size))
    numbers = np.zeros(at.size, dtype=np.int64)
    numbers[firsts] = np.arange(firsts.size)
    return numbers[same], firsts


def _hashed(joined: Joined, at: Offsets, lengths: Offsets, same: Offsets, left: Offsets) -> Offsets:
    """Set `same` of the places in `left` to the first equal string, and return those left over."""
    hashes = np.zeros(at.size, dtype=np.uint64)
    hashes[left] = _hashes(joined, at[left], lengths[left])
    table = np.empty(1 << min(at.size.bit_length(), 18), dtype=np.int64)
    for _ in range(_ROUNDS):
        if not left.size:
            break
        places = (hashes[left] >> _HALF).astype(np.int64) & (table.size - 1)
        table[places[::-1]] = left[::-1]  # of several, the first stays
        rivals = table[places]
        equal = _equal(joined, at, lengths, left, rivals)
        same[left] = np.where(equal, rivals, left)
        left = left[~equal]
        hashes[left] *= _MIX
    return left


def _hashes(joined: Joined, at: Offsets, lengths: Offsets) -> NDArray[np.uint64]:
    hashes = lengths.astype(np.uint64)
    for start in range(0, int(lengths.max(initial=0)), 8):
        hashes ^= _word(joined, at, lengths, start)
        hashes *= _MIX
        hashes ^= hashes >> _HALF
    return hashes


def _equal(
    joined: Joined, at: Offsets, lengths: Offsets, left: Offsets, right: Offsets
) -> NDArray[np.bool_]:
    at_left, at_right, length = at[left], at[right], lengths[left]
    equal: NDArray[np.bool_] = length == lengths[right]
    for start in range(0, int(length.max(initial=0)), 8):
        equal &= _word(joined, at_left, length, start) == _word(joined, at_right, length, start)
    return equal


def _word(joined: Joined, at: Offsets, lengths: Offsets, start: int) -> NDArray[np.uint64]:
    """Eight bytes of each string from `start` on, zeros beyond its end."""
    masks = _MASKS[np.clip(lengths - start, 0, 8)]
    words: NDArray[np.uint64] = joined.words[at + start] & masks
    return words


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
