"""Keeps the last record of each key (cleanup.policy=compact), for logs that this broker writes.

Kept: every record that stays has the offset it had; of a batch that keeps none nothing stays, of
any other also its last offset, so that readers see gaps and never a step back. A tombstone that is
the last of its key goes too: all that it takes back is gone with it.
Source: Cleaner, MemoryRecords.filterTo (which keeps tombstones for delete.retention.ms).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator

from rebalance.broker.record_batch import read_records, rebuild_batch
from rebalance.broker.storage.interface import Batch

__all__ = ["compacted"]


def compacted(batches: Callable[[], Iterable[Batch]]) -> Iterator[Batch]:
    """What stays of a log; `batches` gives all of it, and is called twice.

    Records without a key, which nobody writes there, do not stay.
    """
    newest: dict[bytes, int | None] = {}
    """Key -> the offset of its last record, None for a tombstone."""
    records_of: list[int] = []
    for batch in batches():
        count = 0
        for record in read_records(batch.data):
            count += 1
            if record.key is not None:
                newest[record.key] = None if record.value is None else record.offset
        records_of.append(count)
    kept = sorted(offset for offset in newest.values() if offset is not None)
    at = 0
    for batch, count in zip(batches(), records_of, strict=True):
        first = at
        while at < len(kept) and kept[at] <= batch.last_offset:
            at += 1
        if at - first == count:
            yield batch
        elif at > first:
            yield _reduced(batch, set(kept[first:at]))


def _reduced(batch: Batch, offsets: set[int]) -> Batch:
    records = [record for record in read_records(batch.data) if record.offset in offsets]
    return dataclasses.replace(
        batch,
        max_timestamp=max(record.timestamp for record in records),
        data=rebuild_batch(batch.data, records),
    )
