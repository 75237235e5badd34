"""Partitions as a listener gets them: a set that is walked through in order.

Why: the order of a plain set of names depends on `PYTHONHASHSEED`. A listener that does
something for each partition would do it in another order in each run, and a failure that was found
would not come back.
"""

from collections.abc import Iterable, Iterator

from aiokafka.structs import TopicPartition

__all__ = ["Partitions"]


class Partitions(frozenset[TopicPartition]):
    """A frozen set of `aiokafka.TopicPartition`; iteration is by topic, then by number."""

    def __new__(cls, partitions: Iterable[tuple[str, int]] = ()) -> "Partitions":
        """Of anything that is a pair of topic and number."""
        return super().__new__(cls, (TopicPartition(*each) for each in partitions))

    def __iter__(self) -> Iterator[TopicPartition]:
        return iter(sorted(super().__iter__()))

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{topic}-{number}" for topic, number in self) + "}"
