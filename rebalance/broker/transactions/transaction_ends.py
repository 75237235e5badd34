"""How a transaction ended, told to its groups: a marker in each partition that keeps some (O07).

Rule kept: a decision is final. A partition whose coordinator moves or loads is told once that is
done, one whose log refuses the marker is told again and again, and the transaction is over when all
were told. No error and no death of the broker may undo a part of it: a commit that is not a single
marker is stored before the first one, and the next broker goes on with it (`OffsetsTopic.end_all`).
An abort need not be: what is open there without a stored commit is aborted.
Source: TransactionMarkerChannelManager, TransactionMarkerRequestCompletionHandler.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rebalance.broker.clock import Clock, Timer
from rebalance.broker.errors import StorageError
from rebalance.broker.storage import StoredCommit
from rebalance.broker.transactions.kept_commits import KeptCommits
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.records import Producer

__all__ = ["TransactionEnds"]

_log = logging.getLogger("rebalance.broker")

AGAIN_MS = 500
"""So long after a marker could not be written it is tried again."""

_ELSEWHERE = (ErrorCode.NOT_COORDINATOR, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
"""There is nobody to tell yet; whoever comes is told."""

Tell = Callable[[int, Producer, bool], ErrorCode]
"""Tells the groups of a partition once; NONE when that counts, else why it does not."""


@dataclass(slots=True, kw_only=True)
class _End:
    producer: Producer
    """With the epoch of the markers."""
    committed: bool
    left: list[int]
    """The partitions that do not know yet."""
    on_told: Callable[[], None]
    is_kept: bool = False
    is_late: bool = False
    """Somebody was told in words that it takes longer."""


class TransactionEnds:
    """The ends of one broker that not all partitions know.

    Args:
        tell: tells one partition's groups.
        commits: those that outlive the broker.
        clock: the time after which a write is tried again.
    """

    def __init__(self, tell: Tell, commits: KeptCommits, clock: Clock) -> None:
        self._tell = tell
        self._commits = commits
        self._clock = clock
        self._pending: dict[int, _End] = {}
        """By producer id: a producer has no next transaction meanwhile."""
        self._timer: Timer | None = None

    def decide(
        self,
        producer: Producer,
        *,
        committed: bool,
        partitions: Iterable[int],
        on_told: Callable[[], None],
    ) -> None:
        """A transaction ended; `on_told` is called when all its partitions know, maybe at once.

        Raises:
            StorageError: the decision could not be stored; nothing is decided, nobody was told.
        """
        left = sorted(partitions)
        end = _End(producer=producer, committed=committed, left=left, on_told=on_told)
        if len(left) > 1:
            self._keep(end)
        errors = self._tell_left(end)
        if end.left:
            self._keep(end)
        self._settle(end, errors)

    def go_on(self) -> None:
        """A coordinator loaded, or its groups are gone: tell whoever was not told."""
        for end in tuple(self._pending.values()):
            self._settle(end, self._tell_left(end))

    def close(self) -> None:
        """Nobody is told any more by this broker."""
        self._pending.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell_left(self, end: _End) -> list[ErrorCode]:
        """Why those that are left still do not know."""
        told = {part: self._tell(part, end.producer, end.committed) for part in end.left}
        errors = {part: error for part, error in told.items() if error is not ErrorCode.NONE}
        end.left = list(errors)
        return list(errors.values())

    def _settle(self, end: _End, errors: list[ErrorCode]) -> None:
        """It is over, or is gone on with: when somebody loaded, or after some time."""
        words = ", ".join(error.name for error in errors if error not in _ELSEWHERE)
        if not end.left:
            words = self._forget(end)
            if not words:
                self._pending.pop(end.producer.producer_id, None)
                end.on_told()
                return
        self._pending[end.producer.producer_id] = end
        if not words:
            return
        if not end.is_late:
            end.is_late = True
            _log.error("the end of a transaction cannot be written yet: %s", words)
        if self._timer is None:
            self._timer = self._clock.call_at(self._clock.now_ms() + AGAIN_MS, self._again)

    def _again(self) -> None:
        self._timer = None
        self.go_on()

    def _keep(self, end: _End) -> None:
        if not end.committed or end.is_kept:
            return
        self._commits.add(
            StoredCommit(
                producer_id=end.producer.producer_id,
                epoch=end.producer.epoch,
                partitions=tuple(end.left),
            )
        )
        end.is_kept = True

    def _forget(self, end: _End) -> str:
        """Why it is kept still; nothing if it is not. Kept longer it would be taken for the end of
        the producer's next transaction."""
        if end.is_kept:
            try:
                self._commits.remove(end.producer.producer_id)
            except StorageError as error:
                return str(error)
            end.is_kept = False
        return ""
