"""What happens to records, as facts that no trace holds: reading begins, records are processed.

Why: a trace is about ownership and stays small; records are millions. These facts are spans; what
there is of each partition with each commit is a tuple, which is made in half the time.
"""

from dataclasses import dataclass
from typing import NamedTuple

from assignors.model import TopicPartition

__all__ = ["Processed", "ReadingBegan", "RecordsEnded"]


class ReadingBegan(NamedTuple):
    """The consumer `member` (a lane) reads on from `offset`: the next record it will process."""

    t: int
    group_id: str
    member: str
    partition: TopicPartition
    offset: int


class Processed(NamedTuple):
    """The consumer `member` has processed the records [start, end)."""

    t: int
    group_id: str
    member: str
    partition: TopicPartition
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsEnded:
    """Nobody will process anything any more."""

    t: int
