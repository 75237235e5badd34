"""Rule I06: records are processed without gap; twice only between the last commit and the loss.

Why: ownership may be handed over in perfect order and records still be lost, because somebody
committed what was not processed, or be processed twice, because somebody goes on with what is not
its own any more. This checker sees what a broker and an auditor of the results would see: who began
to read where, what was processed, what was committed, who owns.

Rule kept: a gap is judged at the end, because whoever handed over may still be finishing; it is told
with the moment at which somebody began to read beyond it. What a *zombie* processes (it was removed
and has not heard of it) is counted as processed twice and is no violation: no broker can prevent it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from assignors.model import TopicPartition
from rebalance.simulation.offset_spans import OffsetSpans

__all__ = ["PartitionRecords", "RecordChecker", "RecordCounts"]

Report = Callable[[str, int, str], None]
"""Told rule, time (ms) and what is wrong; notes the events that led there."""
Owns = Callable[[str, TopicPartition], bool]
"""Does this lane own this partition, in its own eyes?"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCounts:
    """What became of a group's records."""

    processed: int = 0
    """Records that were processed, each counted once."""
    duplicates: int = 0
    """Times that a record was processed which had been processed before."""
    gaps: int = 0
    """Records that somebody read past and nobody processed, so far."""


@dataclass(slots=True, kw_only=True)
class _Skipped:
    """Somebody began to read beyond records that nobody had processed yet."""

    t: int
    start: int
    end: int
    lane: str
    committed: int


@dataclass(slots=True, kw_only=True)
class PartitionRecords:
    """One partition as one group reads it."""

    done: OffsetSpans = field(default_factory=OffsetSpans)
    duplicates: int = 0
    committed: int = 0
    skipped: list[_Skipped] = field(default_factory=list)
    late: set[str] = field(default_factory=set)
    """Lanes that were told of already."""

    def gaps(self) -> list[tuple[_Skipped, tuple[int, int]]]:
        """What was skipped and is still not processed, each record once."""
        told = OffsetSpans()
        found: list[tuple[_Skipped, tuple[int, int]]] = []
        for skipped in self.skipped:
            for hole in self.done.missing(skipped.start, skipped.end):
                for start, end in told.missing(*hole):
                    told.add(start, end)
                    found.append((skipped, (start, end)))
        return found


class RecordChecker:
    """I06 over one simulation."""

    def __init__(self, owns: Owns, report: Report) -> None:
        self._owns = owns
        self._report = report
        self._partitions: dict[tuple[str, TopicPartition], PartitionRecords] = {}

    def of(self, group_id: str, partition: TopicPartition) -> PartitionRecords:
        """What is known of a partition as this group reads it."""
        key = (group_id, partition)
        found = self._partitions.get(key)
        if found is None:
            found = self._partitions[key] = PartitionRecords()
        return found

    def forget(self, topic: str) -> None:
        """The topic was deleted: its records are gone, a new one begins anew."""
        for key in [key for key in self._partitions if key[1].topic == topic]:
            del self._partitions[key]

    # --- facts -----------------------------------------------------------------------------------

    def committed(self, group_id: str, partition: TopicPartition, offset: int) -> None:
        """A commit became durable."""
        self.of(group_id, partition).committed = offset

    def begins(
        self, t: int, group_id: str, lane: str, partition: TopicPartition, offset: int
    ) -> None:
        """A consumer reads on from `offset`: where it was told to, or where its user wants."""
        records = self.of(group_id, partition)
        if offset < records.committed:
            self._report(
                "I06",
                t,
                f"{lane} reads {_name(partition)} of {group_id} from {offset}, "
                f"and {records.committed} is committed: {records.committed - offset} again",
            )
        records.skipped += [
            _Skipped(t=t, start=start, end=end, lane=lane, committed=records.committed)
            for start, end in records.done.missing(0, offset)
        ]

    def processed(
        self, t: int, group_id: str, lane: str, partition: TopicPartition, start: int, end: int
    ) -> None:
        """A consumer has processed the records [start, end)."""
        records = self.of(group_id, partition)
        records.duplicates += records.done.add(start, end)
        if lane not in records.late and not self._owns(lane, partition):
            records.late.add(lane)
            self._report(
                "I06",
                t,
                f"{lane} processed {_span(start, end)} of {_name(partition)} of {group_id}, "
                "which it does not own any more",
            )

    # --- answers ---------------------------------------------------------------------------------

    def ended(self) -> None:
        """Nobody will process anything any more: what was skipped until now is lost."""
        for (group_id, partition), records in self._partitions.items():
            for skipped, (start, end) in records.gaps():
                self._report(
                    "I06",
                    skipped.t,
                    f"nobody processed {_span(start, end)} of {_name(partition)} of {group_id}: "
                    f"{skipped.lane} began at {skipped.end}, {skipped.committed} was committed",
                )
            records.skipped.clear()

    def groups(self) -> list[str]:
        """Groups of which something is known, in order of appearance."""
        return list(dict.fromkeys(group_id for group_id, _ in self._partitions))

    def counts(self, group_id: str, topic: str | None = None) -> RecordCounts:
        """What became of a group's records, of one topic or of all."""
        processed = duplicates = gaps = 0
        for (group, partition), records in self._partitions.items():
            if group == group_id and topic in (None, partition.topic):
                processed += len(records.done)
                duplicates += records.duplicates
                gaps += sum(end - start for _, (start, end) in records.gaps())
        return RecordCounts(processed=processed, duplicates=duplicates, gaps=gaps)


def _name(partition: TopicPartition) -> str:
    return f"{partition.topic}-{partition.partition}"


def _span(start: int, end: int) -> str:
    return f"record {start}" if end - start == 1 else f"records {start} to {end - 1}"
