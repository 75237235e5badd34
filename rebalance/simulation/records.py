"""The records that exist: how far each partition's log reaches, as producers write at a rate.

Why: a rebalance costs a user records: those that wait, those that are processed twice, those that
nobody processes. They are counted in spans of offsets, never one by one, and nothing is stepped: an
end of a log is worked out when somebody asks, so that a million records cost as much as ten.

Rule kept: offsets of a partition begin at 0 and grow by one a record. A topic that nobody produces
to is a backlog without end: there is always more to read than a consumer can. Once somebody
produces to it, it ends where it was read to until then.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from assignors.model import TopicPartition

__all__ = ["Logs"]

_NOTHING_READ: Mapping[int, int] = MappingProxyType({})


@dataclass(slots=True)
class _Producing:
    """Records a second into each partition of a topic, since when (ms)."""

    rate_per_s: int
    since: int
    before: int = 0
    """Thousandths of records that each partition got until then."""

    def written(self, now: int) -> int:
        return self.before + self.rate_per_s * (now - self.since)


@dataclass(slots=True)
class _Topic:
    partitions: int
    producing: _Producing | None = None
    begun: dict[int, int] = field(default_factory=dict)
    """Partition that was added later -> thousandths of records that it did not get; below 0: that
    it had before anybody produced to it."""


class Logs:
    """Every partition's log. All times in virtual milliseconds."""

    def __init__(self) -> None:
        self._topics: dict[str, _Topic] = {}
        self.have_ends = False
        """Somebody produced to a topic: perhaps not all can be read without end."""

    def topic(self, name: str, partitions: int, now: int) -> None:
        """A topic has so many partitions from now on; 0: it is deleted, with its records."""
        if not partitions:
            self._topics.pop(name, None)
            return
        topic = self._topics.setdefault(name, _Topic(partitions))
        if topic.producing is not None:
            missed = topic.producing.written(now)
            topic.begun |= dict.fromkeys(range(topic.partitions, partitions), missed)
        topic.partitions = partitions

    def produce(
        self, name: str, rate_per_s: int, now: int, read_to: Mapping[int, int] = _NOTHING_READ
    ) -> None:
        """From now on each partition gets so many records a second; 0: no more.

        `read_to`: partition -> the offset up to which somebody has read it: so much was there.

        Raises:
            KeyError: there is no such topic.
        """
        topic = self._topics[name]
        self.have_ends = True
        if topic.producing is None:
            topic.begun = {partition: -1000 * offset for partition, offset in read_to.items()}
        before = 0 if topic.producing is None else topic.producing.written(now)
        topic.producing = _Producing(rate_per_s, now, before)

    def topics(self) -> list[str]:
        """All of them, in the order of their creation."""
        return list(self._topics)

    def produced_to(self) -> list[str]:
        """Topics whose logs have an end, in the order of their creation."""
        return [name for name, topic in self._topics.items() if topic.producing is not None]

    def partitions(self, name: str) -> list[TopicPartition]:
        """The partitions of a topic that exist."""
        topic = self._topics.get(name)
        return [] if topic is None else [TopicPartition(name, p) for p in range(topic.partitions)]

    def exists(self, partition: TopicPartition) -> bool:
        """There is such a log."""
        topic = self._topics.get(partition.topic)
        return topic is not None and partition.partition < topic.partitions

    def end(self, partition: TopicPartition, now: int) -> int | None:
        """The offset that the next record will get; None: there is no end, or no topic."""
        topic = self._topics.get(partition.topic)
        if topic is None or topic.producing is None:
            return None
        missed = topic.begun.get(partition.partition, 0)
        return (topic.producing.written(now) - missed) // 1000

    def arrival(self, partition: TopicPartition, offset: int) -> int | None:
        """When the record at `offset` is, was or will be written, as producers go on (ms).

        None: never; of what was written at another rate before it says when that rate ended.
        """
        topic = self._topics.get(partition.topic)
        if topic is None:
            return None
        if topic.producing is None:
            return 0
        missing = (offset + 1) * 1000 + topic.begun.get(partition.partition, 0)
        missing -= topic.producing.before
        if missing <= 0:
            return topic.producing.since
        if not topic.producing.rate_per_s:
            return None
        return topic.producing.since - (-missing // topic.producing.rate_per_s)
