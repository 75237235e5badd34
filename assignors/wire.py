"""The bytes of a whole group: every member's subscription in, every member's assignment out.

The rule kept here: the outcome is that of `codec` applied to one member after the other, also which
bytes are refused and why; only the work is shared. Whatever cannot be read by columns (`fields`) is
read by `codec`, written again in its plain form, and goes round with the others.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from assignors.batch import (
    IrregularError,
    Joined,
    Offsets,
    read_lists,
)
from assignors.codec import (
    HIGHEST_VERSION,
    StickyUserData,
    SubscriptionReader,
    decode_sticky_user_data,
    decode_subscription,
    encode_assignment,
    encode_sticky_user_data,
    encode_subscription,
    nullable_bytes,
    string_bytes,
)
from assignors.columns import Held, Subscriptions
from assignors.errors import CodecError
from assignors.fields import read_fields, read_held
from assignors.model import GroupAssignment, PartitionSet, Subscription
from assignors.owners import OwnerColumn

__all__ = ["decode_subscriptions", "encode_assignments", "read_sticky_user_data"]

Unreadable = Callable[[str, CodecError], Subscription]
_Read = TypeVar("_Read")

_FEW_BYTES = 8_192  # of a group: read faster one by one
_NO_CLAIM = bytes(4)
_NOTHING = PartitionSet()


def decode_subscriptions(
    datas: Mapping[str, bytes],
    *,
    instance_ids: Mapping[str, str | None] | None = None,
    unreadable: Unreadable | None = None,
) -> Subscriptions:
    """What all members sent: `decode_subscription` for each, kept as columns.

    `instance_ids`: member id -> group instance id, for static members. `unreadable(member_id,
    error)` is called, in the order of `datas`, for bytes that cannot be read, and returns what to
    take instead, for the same instance id. Without it a CodecError names the first of them.
    """
    static = instance_ids or {}
    if sum(map(len, datas.values())) <= _FEW_BYTES:
        return _one_by_one(datas, static, unreadable)
    member_ids = tuple(sorted(datas))
    messages = [bytes(datas[member]) for member in member_ids]
    errors: dict[str, CodecError] = {}

    def repaired(number: int) -> bytes:
        try:
            return encode_subscription(decode_subscription(messages[number]))
        except CodecError as error:
            errors[member_ids[number]] = error
            return encode_subscription(Subscription(topics=()))

    said = _mended(messages, read_fields, repaired)
    if errors:
        for member in (each for each in datas if each in errors):
            instead = _instead(member, errors[member], unreadable)
            messages[bisect_left(member_ids, member)] = encode_subscription(instead)
        said = _mended(messages, read_fields, repaired)
    return Subscriptions(
        order=datas,
        member_ids=member_ids,
        profiles=said.profiles,
        profile_of=said.profile_of,
        held=said.held,
        generations=said.generations,
        rack_ids=said.rack_ids,
        instance_ids=[static.get(member) for member in member_ids],
        user_data=said.user_data,
    )


def _one_by_one(
    datas: Mapping[str, bytes],
    instance_ids: Mapping[str, str | None],
    unreadable: Unreadable | None,
) -> Subscriptions:
    read: dict[str, Subscription] = {}
    reader = SubscriptionReader()
    for member, data in datas.items():
        static = instance_ids.get(member)
        try:
            read[member] = reader.read(data, static)
        except CodecError as error:
            instead = _instead(member, error, unreadable)
            read[member] = replace(instead, group_instance_id=static)
    return Subscriptions.of(read)


def _instead(member: str, error: CodecError, unreadable: Unreadable | None) -> Subscription:
    if unreadable is None:
        raise CodecError(f"member {member!r}: {error}") from error
    return unreadable(member, error)


def read_sticky_user_data(
    user_data: Sequence[bytes | None],
) -> tuple[Held, Offsets, NDArray[np.bool_]]:
    """The user data of sticky members: what each held, the generation, and whether it is a claim.

    Empty, absent and unreadable bytes are none. See `decode_sticky_user_data`.
    """
    if sum(len(each or b"") for each in user_data) <= _FEW_BYTES:
        claims = [_claim(each) for each in user_data]
        return (
            Held.of([each.partitions if each else _NOTHING for each in claims]),
            np.array([each.generation_id if each else -1 for each in claims], dtype=np.int64),
            np.array([each is not None for each in claims], dtype=bool),
        )
    readable = np.array([bool(each) for each in user_data], dtype=bool)
    messages = [each or _NO_CLAIM for each in user_data]

    def repaired(number: int) -> bytes:
        claim = _claim(messages[number])
        if claim is None:
            readable[number] = False
            return _NO_CLAIM
        return encode_sticky_user_data(claim.partitions, claim.generation_id)

    def read(messages: Sequence[bytes]) -> tuple[Held, Offsets]:
        joined = Joined(messages)
        lists, at = read_lists(joined, joined.starts, joined.ends, with_ids=True)
        said = at + 4 <= joined.ends
        generations = np.where(said, joined.int32s(np.where(said, at, joined.nothing)), -1)
        return read_held(joined, lists), generations

    held, generations = _mended(messages, read, repaired)
    return held, generations, readable


def _claim(user_data: bytes | None) -> StickyUserData | None:
    try:
        return decode_sticky_user_data(user_data) if user_data else None
    except CodecError:
        return None


def encode_assignments(
    plan: GroupAssignment,
    *,
    user_data: bytes | None = None,
    version: int = HIGHEST_VERSION,
) -> dict[str, bytes]:
    """Every member's assignment, in the order of the plan: `encode_assignment` for each.

    `user_data` goes to members for whom the plan has none. Raises as `encode_assignment` does.
    """
    column = plan.partitions
    if not isinstance(column, OwnerColumn) or column.few:
        return {
            member: encode_assignment(
                partitions, user_data=plan.user_data.get(member, user_data), version=version
            )
            for member, partitions in plan.items()
        }
    shares = column.shares()
    counted = shares.ids(counted=True).astype(">i4").tobytes()
    columns = shares.topics.size
    begins = (4 * (shares.id_starts + np.arange(columns + 1))).tolist()
    heads = [string_bytes(topic) for topic in column.index.topics]
    body = [b""] * (2 * columns)
    body[0::2] = [heads[topic] for topic in shares.topics.tolist()]
    body[1::2] = [counted[a:b] for a, b in pairwise(begins)]
    # Nobody's assignment: all that is the same around the columns.
    empty = encode_assignment((), user_data=user_data, version=version)
    front, default = empty[:2], empty[6:]
    endings = {member: nullable_bytes(data) for member, data in plan.user_data.items()}
    starts = shares.starts.tolist()
    return {
        member: b"".join(
            (
                front,
                (last - first).to_bytes(4),
                *body[2 * first : 2 * last],
                endings.get(member, default),
            )
        )
        for member, first, last in zip(column.member_ids, starts, starts[1:], strict=False)
    }


def _mended(
    messages: list[bytes],
    read: Callable[[Sequence[bytes]], _Read],
    repaired: Callable[[int], bytes],
) -> _Read:
    """What `read` makes of the messages once those that it cannot take are `repaired`.

    It stops at the first kind of irregularity, and what was repaired has none: there are few turns.
    """
    plain: set[int] = set()
    while True:
        try:
            return read(messages)
        except IrregularError as irregular:
            for number in irregular.numbers:
                assert number not in plain, "what the codec wrote is irregular"
                plain.add(number)
                messages[number] = repaired(number)
