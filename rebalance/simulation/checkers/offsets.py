"""I03: a committed offset never goes back, unless it is forgotten."""

from collections.abc import Mapping
from typing import ClassVar

from assignors.model import TopicPartition
from rebalance.simulation.checkers.checker import Look, Report
from rebalance.simulation.checkers.record_book import RecordBook
from rebalance.simulation.checkers.violation import Committed, Forgotten, WentBack
from rebalance.simulation.values import partition_name
from rebalance.timeline import trace

__all__ = ["OffsetsGrow"]


class OffsetsGrow:
    """Every commit that became durable, held against the one before it.

    What was committed to a topic that had the name before says nothing of this one.
    """

    RULE: ClassVar[str] = "I03"

    def __init__(self, book: RecordBook, report: Report) -> None:
        self._book = book
        self._offsets: dict[tuple[str, TopicPartition], int] = {}
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """Commits as they become durable, and what ends them."""
        return {
            Committed: self._committed,
            Forgotten: self._forgotten,
            trace.TopicKnown: self._topic,
        }

    def _forgotten(self, fact: Forgotten) -> None:
        self._offsets.pop((fact.group_id, fact.partition), None)

    def _topic(self, event: trace.TopicKnown) -> None:
        if not event.partitions:
            for key in [key for key in self._offsets if key[1].topic == event.topic]:
                del self._offsets[key]

    def _committed(self, fact: Committed) -> None:
        for partition, offset in fact.offsets:
            key = (fact.group_id, partition)
            if offset == self._book.of(*key).astray:
                continue
            before = self._offsets.get(key, -1)
            if offset < before:
                self._report(
                    self,
                    fact.t,
                    f"{partition_name(partition)} of group {fact.group_id}: offset {offset} was "
                    f"committed after {before}",
                    about=WentBack(fact.group_id, partition, offset, before),
                )
            self._offsets[key] = offset
