"""What happens to records, as facts that no trace holds: reading begins, records are processed.

Why: a trace is about ownership and stays small; records are millions. These facts are spans, and
one tells of all partitions that were read until then: with each commit there are as many as a
consumer owns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from assignors.model import TopicPartition

__all__ = ["Processed", "ReadingBegan", "RecordsEnded", "Span"]

Span = tuple[TopicPartition, int, int]
"""The records [start, end) of a partition."""


class ReadingBegan(NamedTuple):
    """The consumer `member` (a lane) reads on from `offset`: the next record it will process."""

    t: int
    group_id: str
    member: str
    partition: TopicPartition
    offset: int


class Processed(NamedTuple):
    """The consumer `member` has processed these records; of each partition one span at most."""

    t: int
    group_id: str
    member: str
    spans: Sequence[Span]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsEnded:
    """Nobody will process anything any more."""

    t: int
