"""Assignments as sets of partitions, read once for all who look at the same bytes.

Why: what the leader gave a member is looked at by whoever writes a trace and by the member itself,
and from one generation to the next most of a group is given the same again. Rule kept: equal bytes
are the same assignment, so that the last ones that were read need not be read again. Large ones are
not kept: there are few of them, and their time is spent elsewhere.
"""

from functools import lru_cache

from assignors.codec import decode_assignment
from assignors.model import PartitionSet

__all__ = ["assigned_partitions"]


_KEPT = 1_024
_LARGE_BYTES = 1_024
"""So that what is kept is a few megabytes at most."""


def assigned_partitions(assignment: bytes) -> PartitionSet:
    """What a ConsumerProtocolAssignment gives.

    Raises:
        CodecError: it is none; asked again, it is read again.
    """
    return _read(assignment) if len(assignment) > _LARGE_BYTES else _kept(assignment)


def _read(assignment: bytes) -> PartitionSet:
    return decode_assignment(assignment).partitions


_kept = lru_cache(_KEPT)(_read)
