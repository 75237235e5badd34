"""Assignments as sets of partitions, read once for all who look at the same bytes.

Why: what the leader gave a member is looked at by whoever writes a trace and by the member itself,
and from one generation to the next most of a group is given the same again. Rule kept: equal bytes
are the same assignment, so that the last ones that were read need not be read again.
"""

from functools import lru_cache

from assignors.codec import decode_assignment
from assignors.model import PartitionSet

__all__ = ["assigned_partitions"]


@lru_cache(2048)
def assigned_partitions(assignment: bytes) -> PartitionSet:
    """What a ConsumerProtocolAssignment gives.

    Raises:
        CodecError: it is none; asked again, it is read again.
    """
    return decode_assignment(assignment).partitions
