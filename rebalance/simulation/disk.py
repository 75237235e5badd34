"""The disk below a broker's log: how long a write takes, and which ones fail.

Why: whatever a coordinator decides counts only once its log has it; a slow or failing log is what
makes a SyncGroup wait, or a whole generation void (S02).
"""

from collections import deque

from rebalance.protocol.errors import ErrorCode

__all__ = ["APPEND_ERRORS", "Disk"]

APPEND_ERRORS = (
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ErrorCode.NOT_ENOUGH_REPLICAS,
    ErrorCode.REQUEST_TIMED_OUT,
    ErrorCode.NOT_LEADER_OR_FOLLOWER,
    ErrorCode.KAFKA_STORAGE_ERROR,
    ErrorCode.MESSAGE_TOO_LARGE,
    ErrorCode.RECORD_LIST_TOO_LARGE,
    ErrorCode.INVALID_FETCH_SIZE,
    ErrorCode.UNKNOWN_SERVER_ERROR,
)
"""What a log answers; the coordinator tells clients something else (appendErrorToResponseError)."""


class Disk:
    """One broker's. What a failing write should have written is in no log."""

    __slots__ = ("_next", "append_ms", "failing")

    def __init__(self) -> None:
        self.append_ms = 0
        """How long a write takes until it is durable."""
        self.failing: ErrorCode | None = None
        """A fault: every write fails with this, until it is None again."""
        self._next: deque[ErrorCode] = deque()

    def fail_next(self, times: int, error: ErrorCode = ErrorCode.NOT_ENOUGH_REPLICAS) -> None:
        """A fault: so many more writes fail."""
        self._next.extend([error] * times)

    def outcome(self) -> ErrorCode:
        """How the write ends that comes to its end now."""
        if self.failing is not None:
            return self.failing
        return self._next.popleft() if self._next else ErrorCode.NONE

    def mend(self) -> None:
        """Nothing fails any more; slow it stays."""
        self.failing = None
        self._next.clear()
