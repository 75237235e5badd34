"""Keeps the last record of each key (cleanup.policy=compact), for logs that this broker writes.

Kept: every record that stays has the offset it had; of a batch that keeps none nothing stays, of
any other also its last offset, so that readers see gaps and never a step back. A tombstone that is
the last of its key goes too: all that it takes back is gone with it.

Of a transaction what was aborted goes, and so do the markers of its end: what was committed stays
as if it had been written without one. What is still open stays as it is.
Source: Cleaner, MemoryRecords.filterTo (which keep tombstones and markers for delete.retention.ms).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from rebalance.broker.logs.batches import BatchHeader, read_header
from rebalance.broker.logs.record_batch import read_marker, read_records, rebuild_batch
from rebalance.broker.storage.interface import Batch
from rebalance.protocol.records import Producer

__all__ = ["compacted"]


def compacted(batches: Callable[[], Iterable[Batch]]) -> Iterator[Batch]:
    """What stays of a log; `batches` gives all of it, and is called twice.

    Records without a key, which nobody writes there, do not stay.
    """
    newest = _Newest()
    for batch in batches():
        newest.take(batch)
    settled, open_ = newest.settled(), newest.open()
    for batch in batches():
        header = read_header(batch.data)
        if header.is_control:
            continue
        records = list(read_records(batch.data))
        # A batch is all of one transaction, open or over.
        is_open = header.is_transactional and any(r.offset in open_ for r in records)
        kept = open_ if is_open else settled
        staying = [record for record in records if record.offset in kept]
        if len(staying) == len(records) and is_open == header.is_transactional:
            yield batch
        elif staying:
            producer = _producer(header) if is_open else None
            yield dataclasses.replace(
                batch,
                max_timestamp=max(record.timestamp for record in staying),
                data=rebuild_batch(batch.data, staying, producer),
            )


@dataclass(slots=True)
class _Newest:
    """The last record of each key: its offset, and whether it is a tombstone."""

    by_key: dict[bytes, tuple[int, bool]] = field(default_factory=dict)
    in_transaction: dict[int, dict[bytes, int]] = field(default_factory=dict)
    """By producer id, as long as its transaction is open."""

    def take(self, batch: Batch) -> None:
        """The next batch of the log."""
        header = read_header(batch.data)
        if header.is_control:
            pending = self.in_transaction.pop(header.producer_id, {})
            if read_marker(batch.data):
                for key, offset in pending.items():
                    if offset > self.by_key.get(key, (-1, False))[0]:
                        self.by_key[key] = offset, False
            return
        for record in read_records(batch.data):
            if record.key is None:
                continue
            if header.is_transactional:
                pending = self.in_transaction.setdefault(header.producer_id, {})
                pending[record.key] = record.offset
                continue
            self.by_key[record.key] = record.offset, record.value is None
            if record.value is None:
                for pending in self.in_transaction.values():
                    pending.pop(record.key, None)

    def settled(self) -> frozenset[int]:
        """Offsets of the records that count."""
        return frozenset(offset for offset, is_gone in self.by_key.values() if not is_gone)

    def open(self) -> frozenset[int]:
        """Offsets of the records that wait for the end of their transaction."""
        return frozenset(o for keys in self.in_transaction.values() for o in keys.values())


def _producer(header: BatchHeader) -> Producer:
    return Producer(producer_id=header.producer_id, epoch=header.producer_epoch)
