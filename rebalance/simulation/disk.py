"""The disk below a broker's log: how long a write takes, and which ones fail.

Why: whatever a coordinator decides counts only once its log has it; a slow or failing log is what
makes a SyncGroup wait, or a whole generation void (S02).
"""

from collections import deque

from rebalance.protocol.errors import ErrorCode
from rebalance.simulation.spells import Spells

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

    __slots__ = ("_next", "append_ms", "failing", "failures", "slowness")

    def __init__(self) -> None:
        self.append_ms = 0
        """How long a write takes until it is durable, when nothing is wrong."""
        self.slowness = Spells[int]()
        """Faults: it takes so long (ms) for a while."""
        self.failing: ErrorCode | None = None
        """A fault: every write fails with this, until it is None again."""
        self.failures = Spells[ErrorCode | None]()
        """Faults: every write fails with this for a while."""
        self._next: deque[ErrorCode] = deque()

    @property
    def write_ms(self) -> int:
        """How long a write that begins now takes until it is durable."""
        return self.slowness.newest(self.append_ms)

    def fail_next(self, times: int, error: ErrorCode = ErrorCode.NOT_ENOUGH_REPLICAS) -> None:
        """A fault: so many more writes fail."""
        self._next.extend([error] * times)

    def outcome(self) -> ErrorCode:
        """How the write ends that comes to its end now."""
        failing = self.failures.newest(self.failing)
        if failing is not None:
            return failing
        return self._next.popleft() if self._next else ErrorCode.NONE

    def mend(self) -> None:
        """Nothing fails any more; slow it stays."""
        self.failing = None
        self.failures.clear()
        self._next.clear()
