"""What became of every record, as an auditor of the results would keep it.

Why: ownership may be handed over in perfect order and records still be lost or processed twice. The
book is kept in spans of offsets; the checkers of I06 (record_rules.py) judge by it, `show records`
counts it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from assignors.model import TopicPartition
from rebalance.simulation.checkers.checker import Look
from rebalance.simulation.checkers.record_facts import Processed, ReadingBegan
from rebalance.simulation.checkers.violation import Committed, Forgotten
from rebalance.simulation.offset_spans import OffsetSpans
from rebalance.timeline import trace

__all__ = ["PartitionBook", "RecordBook", "RecordCounts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCounts:
    """What became of records."""

    processed: int = 0
    """Records that were processed, each counted once."""
    duplicates: int = 0
    """Times that a record was processed which had been processed before."""
    gaps: int = 0
    """Records that somebody read past and nobody processed, so far."""


@dataclass(slots=True, kw_only=True)
class PartitionBook:
    """One partition as one group reads it."""

    done: OffsetSpans = field(default_factory=OffsetSpans)
    duplicates: int = 0
    committed: int = 0
    astray: int | None = None
    """What is committed is of a topic that had this name before; where nobody was in this one."""
    begins: int = 0
    """Before it nothing is missed: somebody began to read at what was committed astray."""
    skipped: list[tuple[ReadingBegan, int, int]] = field(default_factory=list)
    """Who began to read where records [start, end) before it were not processed yet."""

    def gaps(self) -> list[tuple[ReadingBegan, int, int]]:
        """What was skipped and is still not processed, each record once."""
        told = OffsetSpans()
        found: list[tuple[ReadingBegan, int, int]] = []
        for began, first, last in self.skipped:
            for hole in self.done.missing(first, last):
                for start, end in told.missing(*hole):
                    told.add(start, end)
                    found.append((began, start, end))
        return found


class RecordBook:
    """Every partition as each group reads it, in order of appearance.

    A topic that comes after one of the same name is another one, with a book of its own. An offset
    of the one before may still be committed, or be so again by a request that was under way (O08):
    who begins to read there skips nothing.
    """

    def __init__(self) -> None:
        self._deleted: set[str] = set()
        """Topics that were deleted once; there may be new ones."""
        self._partitions: dict[tuple[str, TopicPartition], PartitionBook] = {}

    def __iter__(self) -> Iterator[tuple[str, TopicPartition, PartitionBook]]:
        for (group_id, partition), book in self._partitions.items():
            yield group_id, partition, book

    def of(self, group_id: str, partition: TopicPartition) -> PartitionBook:
        """What is known of one partition."""
        key = (group_id, partition)
        found = self._partitions.get(key)
        if found is None:
            found = self._partitions[key] = PartitionBook()
        return found

    def counts(self, group_id: str, topic: str | None = None) -> RecordCounts:
        """What became of a group's records, of one topic or of all."""
        processed = duplicates = gaps = 0
        for group, partition, book in self:
            if group == group_id and topic in (None, partition.topic):
                processed += len(book.done)
                duplicates += book.duplicates
                gaps += sum(end - start for _, start, end in book.gaps())
        return RecordCounts(processed=processed, duplicates=duplicates, gaps=gaps)

    def looks(self) -> Mapping[type, Look]:
        """What goes into the book."""
        return {
            ReadingBegan: self._began,
            Processed: self._processed,
            Committed: self._committed,
            Forgotten: self._forgotten,
            trace.TopicKnown: self._topic,
        }

    def _began(self, fact: ReadingBegan) -> None:
        book = self.of(fact.group_id, fact.partition)
        if book.astray is not None and fact.offset >= book.astray:
            book.begins = max(book.begins, book.astray)
        book.skipped += [
            (fact, start, end) for start, end in book.done.missing(book.begins, fact.offset)
        ]

    def _processed(self, fact: Processed) -> None:
        group_id, of = fact.group_id, self.of
        for partition, start, end in fact.spans:
            book = of(group_id, partition)
            book.duplicates += book.done.add(start, end)

    def _committed(self, fact: Committed) -> None:
        for partition, offset in fact.offsets:
            book = self.of(fact.group_id, partition)
            if partition.topic in self._deleted and offset > book.done.end:
                book.astray = offset
            else:
                book.committed, book.astray = offset, None

    def _forgotten(self, fact: Forgotten) -> None:
        book = self.of(fact.group_id, fact.partition)
        book.committed, book.astray = 0, None

    def _topic(self, event: trace.TopicKnown) -> None:
        if event.partitions:
            return
        self._deleted.add(event.topic)
        for key, before in list(self._partitions.items()):
            if key[1].topic == event.topic:
                stands = before.committed or before.astray
                self._partitions[key] = PartitionBook(astray=stands or None)
