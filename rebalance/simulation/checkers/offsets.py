"""I03: a committed offset never goes back."""

from collections.abc import Mapping
from typing import ClassVar

from assignors.model import TopicPartition
from rebalance.simulation.checkers.checker import Look, Report
from rebalance.simulation.checkers.violation import Committed
from rebalance.simulation.values import partition_name

__all__ = ["OffsetsGrow", "committed_text"]


def committed_text(group_id: str, partition: TopicPartition, offset: int) -> str:
    """What was committed, as every message of this checker begins."""
    return f"{partition_name(partition)} of group {group_id}: offset {offset} was committed"


class OffsetsGrow:
    """Every commit that became durable, held against the one before it."""

    RULE: ClassVar[str] = "I03"

    def __init__(self, report: Report) -> None:
        self._offsets: dict[tuple[str, TopicPartition], int] = {}
        self._report = report

    def looks(self) -> Mapping[type, Look]:
        """Commits as they become durable."""
        return {Committed: self._committed}

    def _committed(self, fact: Committed) -> None:
        key = (fact.group_id, fact.partition)
        before = self._offsets.get(key, -1)
        if fact.offset < before:
            self._report(
                self,
                fact.t,
                f"{committed_text(fact.group_id, fact.partition, fact.offset)} after {before}",
            )
        self._offsets[key] = fact.offset
