"""What one partition remembers of its idempotent producers.

A producer numbers its batches; the partition takes each number once and in order, so that a batch
sent again after a lost answer is recognised and answered with the offset that it already has.
Source: `ProducerStateManager`, `ProducerAppendInfo`; KIP-98.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field

from rebalance.broker.batches import BatchError, BatchHeader
from rebalance.protocol.errors import ErrorCode

__all__ = ["Appended", "ProducerTable"]

REMEMBERED_BATCHES = 5
"""Kafka's number: a client has at most this many requests in flight."""

MAX_PRODUCERS = 10_000
"""Kafka forgets a producer after a day; a memory log forgets the one unheard of for longest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """A batch that is in the log; `max_timestamp` in milliseconds."""

    base_sequence: int
    last_sequence: int
    base_offset: int
    max_timestamp: int


@dataclass(slots=True, kw_only=True)
class _Producer:
    epoch: int
    batches: deque[Appended] = field(default_factory=lambda: deque(maxlen=REMEMBERED_BATCHES))


class ProducerTable:
    """Epochs and last sequences by producer id, of one partition."""

    __slots__ = ("_producers",)

    def __init__(self) -> None:
        self._producers: OrderedDict[int, _Producer] = OrderedDict()

    def check(self, header: BatchHeader) -> Appended | None:
        """The batch as it was appended before, or None for a new one that may be appended.

        Raises:
            BatchError: the epoch is old, or the sequence leaves a gap.
        """
        known = self._producers.get(header.producer_id)
        if header.producer_id < 0 or known is None:
            return None
        if header.producer_epoch < known.epoch:
            raise BatchError(
                ErrorCode.INVALID_PRODUCER_EPOCH,
                f"epoch {header.producer_epoch}, the producer is at {known.epoch}",
                by_log=True,
            )
        if header.producer_epoch > known.epoch:
            expected = 0
        else:
            for batch in known.batches:
                if (batch.base_sequence, batch.last_sequence) == (
                    header.base_sequence,
                    header.last_sequence,
                ):
                    return batch
            expected = (known.batches[-1].last_sequence + 1) & 0x7FFFFFFF
        if header.base_sequence != expected:
            raise BatchError(
                ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
                f"sequence {header.base_sequence} of producer {header.producer_id}, "
                f"expected {expected}",
                by_log=True,
            )
        return None

    def remember(self, header: BatchHeader, base_offset: int) -> None:
        """Note a batch that was appended at `base_offset`."""
        if header.producer_id < 0:
            return
        known = self._producers.get(header.producer_id)
        if known is None or known.epoch != header.producer_epoch:
            known = self._producers[header.producer_id] = _Producer(epoch=header.producer_epoch)
        known.batches.append(
            Appended(
                base_sequence=header.base_sequence,
                last_sequence=header.last_sequence,
                base_offset=base_offset,
                max_timestamp=header.max_timestamp,
            )
        )
        self._producers.move_to_end(header.producer_id)
        while len(self._producers) > MAX_PRODUCERS:
            self._producers.popitem(last=False)
