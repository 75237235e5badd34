"""Logs in files for tests, small enough that a few records fill a segment."""

from __future__ import annotations

from pathlib import Path

from rebalance.broker.logs.batches import read_batch
from rebalance.broker.logs.log import PartitionLog
from rebalance.broker.logs.producers import ProducerTable
from rebalance.broker.storage import LogLimits
from rebalance.broker.storage.files import OpenFiles
from rebalance.broker.storage.segmented import SegmentedBatches
from tests.broker.batch_maker import batch

NEVER = 2**63 - 1


def in_files(
    directory: Path,
    *,
    segment_bytes: int = 1000,
    flush: int = NEVER,
    files: OpenFiles | None = None,
) -> PartitionLog:
    """A log in segment files, with what they hold already."""
    producers = ProducerTable()
    store = SegmentedBatches(
        directory,
        OpenFiles() if files is None else files,
        lambda: LogLimits(segment_bytes=segment_bytes, flush_interval_messages=flush),
        producers.remember,
    )
    return PartitionLog(store, producers)


def append(log: PartitionLog, *data: bytes, timestamp: int = 1000, **producer: int) -> int:
    """One batch of values."""
    records = batch(*data, timestamp=timestamp, **producer)  # type: ignore[arg-type]
    return log.append(records, read_batch(records, max_bytes=10**6))


def segments(directory: Path) -> list[str]:
    """The names of the segment files, in order."""
    return sorted(path.name for path in directory.glob("*.log"))
