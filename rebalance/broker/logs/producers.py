"""What one partition remembers of its idempotent producers.

A producer numbers its batches; the partition takes each number once and in order, so that a batch
sent again after a lost answer is recognised and answered with the offset that it already has.
A producer is known as long as the log holds a batch of it, and no longer than Kafka knows it, which
forgets by time alone (`producer.id.expiration.ms`, a day): anybody may bring a new id with every
batch. Who was forgotten may go on at any sequence.
Source: `ProducerStateManager`, `ProducerAppendInfo`; KIP-98.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from rebalance.broker.logs.batches import BatchError, BatchHeader
from rebalance.protocol.errors import ErrorCode

__all__ = ["Appended", "ProducerTable"]

REMEMBERED_BATCHES = 5
"""Kafka's number: a client has at most this many requests in flight."""

PRODUCER_BYTES = 190
REMEMBERED_BYTES = 210
"""About what Python takes for a producer, and for each batch of it that is remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """A batch that is in the log; `max_timestamp` in milliseconds."""

    base_sequence: int
    last_sequence: int
    base_offset: int
    max_timestamp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Producer:
    epoch: int
    batches: tuple[Appended, ...]
    """Never empty; the newest is the last."""


class ProducerTable:
    """Epochs and last sequences by producer id, of one partition; at most `most` producers."""

    __slots__ = ("_most", "_producers", "_remembered")

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._producers: OrderedDict[int, _Producer] = OrderedDict()
        """In the order of their newest batches."""
        self._remembered = 0

    @property
    def memory_bytes(self) -> int:
        """About what all of it takes."""
        return len(self._producers) * PRODUCER_BYTES + self._remembered * REMEMBERED_BYTES

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
        if header.producer_id < 0 or header.is_transactional:
            return  # nobody in particular, or the broker itself in a producer's transaction
        appended = Appended(
            base_sequence=header.base_sequence,
            last_sequence=header.last_sequence,
            base_offset=base_offset,
            max_timestamp=header.max_timestamp,
        )
        known = self._producers.pop(header.producer_id, None)
        earlier: tuple[Appended, ...] = ()
        if known is not None:
            self._remembered -= len(known.batches)
            if known.epoch == header.producer_epoch:
                earlier = known.batches
        batches = (*earlier, appended)[-REMEMBERED_BATCHES:]
        self._producers[header.producer_id] = _Producer(
            epoch=header.producer_epoch, batches=batches
        )
        self._remembered += len(batches)
        if self._most is not None and len(self._producers) > self._most:
            self._remembered -= len(self._producers.popitem(last=False)[1].batches)

    def forget_expired(self, before_ms: int) -> None:
        """Forget the producers whose last batch has no timestamp (ms) after `before_ms`."""
        expired = [
            producer_id
            for producer_id, known in self._producers.items()
            if known.batches[-1].max_timestamp <= before_ms
        ]
        for producer_id in expired:
            self._remembered -= len(self._producers.pop(producer_id).batches)

    def forget_before(self, start_offset: int) -> None:
        """Forget the producers all of whose batches begin before the log start offset."""
        while self._producers:
            producer_id, oldest = next(iter(self._producers.items()))
            if oldest.batches[-1].base_offset >= start_offset:
                return
            del self._producers[producer_id]
            self._remembered -= len(oldest.batches)
