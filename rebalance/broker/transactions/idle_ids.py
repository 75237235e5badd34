"""Transactional ids that have nothing open, the one that was idle for longest first.

Rule kept: an id is forgotten `transactional.id.expiration.ms` after its last change, and never
while its transaction is open. Nothing runs for that: whoever asks about ids has the old ones
forgotten first. (Kafka looks once an hour, so that there an id may live that much longer.)
Source: TransactionStateManager.removeExpiredTransactionalIds, TransactionState.isExpirationAllowed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

__all__ = ["IdleIds"]


class IdleIds:
    """Who may be forgotten, and from when on; times in milliseconds, never going back."""

    __slots__ = ("_expiration_ms", "_since_ms")

    def __init__(self, expiration_ms: int) -> None:
        self._expiration_ms = expiration_ms
        self._since_ms: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._since_ms)

    def rest(self, transactional_id: str, now_ms: int) -> None:
        """Nothing of it is open as of now."""
        self._since_ms[transactional_id] = now_ms
        self._since_ms.move_to_end(transactional_id)

    def wake(self, transactional_id: str) -> None:
        """It has a transaction, and is kept as long as that is open."""
        self._since_ms.pop(transactional_id, None)

    def expired(self, now_ms: int) -> Iterator[str]:
        """Those whose time is over, each once; whoever iterates forgets them."""
        while self._since_ms:
            transactional_id, since_ms = next(iter(self._since_ms.items()))
            if now_ms - since_ms < self._expiration_ms:
                return
            del self._since_ms[transactional_id]
            yield transactional_id
