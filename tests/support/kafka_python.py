"""kafka-python as its library comes, without a defect of it that would make a test depend on time.

Where only new metadata made a leader join again, kafka-python 3.0.12 forgets the join when a poll
ends before the answer to SyncGroup: it wants nothing any more, sends no heartbeat, and is expelled.
A member that still wants to join takes the answer at its next poll.
"""

from __future__ import annotations

from typing import Any


def polled(consumer: Any, timeout_ms: int) -> Any:
    """What one poll of a KafkaConsumer returns; a join that it leaves behind is taken up again."""
    found = consumer.poll(timeout_ms=timeout_ms)
    coordinator = consumer._coordinator
    if coordinator.rebalance_in_progress():
        coordinator.request_rejoin()
    return found
