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
    newest: dict[bytes | None, int] = {}
    for batch in batches():
        newest.update((record.key, record.offset) for record in read_records(batch.data))
    for batch in batches():
        records = list(read_records(batch.data))
        kept = [
            record
            for record in records
            if record.key is not None
            and record.value is not None
            and newest[record.key] == record.offset
        ]
        if len(kept) == len(records):
            yield batch
        elif kept:
            yield dataclasses.replace(
                batch,
                max_timestamp=max(record.timestamp for record in kept),
                data=rebuild_batch(batch.data, kept),
            )
