"""A steady producer, and the count of which of its records were seen, and how often."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class RecordCount:
    """Records by (partition, offset): what went in, what came out."""

    produced: set[tuple[int, int]] = field(default_factory=set)
    seen: Counter[tuple[int, int]] = field(default_factory=Counter)

    @property
    def missing(self) -> int:
        """Produced and never seen."""
        return len(self.produced - self.seen.keys())

    @property
    def repeated(self) -> int:
        """Deliveries beyond the first: between the last commit and a loss of ownership."""
        return self.seen.total() - len(self.seen)


async def produce(
    producer: Any, topic: str, partitions: int, per_second: int, count: RecordCount
) -> None:
    """Send records to the partitions in turn until cancelled; what was sent is counted."""
    number = 0
    while True:
        # In small batches: one wake-up of the loop for several records.
        batch = [
            await producer.send(topic, b"record %d" % (number + index), partition=partition)
            for index, partition in enumerate(
                (number + index) % partitions for index in range(_batch(per_second))
            )
        ]
        number += len(batch)
        for sent in await asyncio.shield(asyncio.gather(*batch)):
            count.produced.add((sent.partition, sent.offset))
        await asyncio.sleep(len(batch) / per_second)


def _batch(per_second: int) -> int:
    return max(per_second // 20, 1)
