"""Records and producers that are too old: looked for now and then, as Kafka's LogManager does.

Rule kept: a topic with `delete` in its `cleanup.policy` loses what is older than its
`retention.ms`, oldest first and nothing in between; in memory batch by batch, in files by whole
segments, and the active one only when all of it is too old. How old a batch is says its largest
timestamp, which is its producer's word. A producer is forgotten `producer.id.expiration.ms` after
its last batch, by the same word. Producers' clocks are real, and so is the one here, also where
groups live in virtual time. Internal topics keep what they have: groups stand on it.
Source: UnifiedLog.deleteRetentionMsBreachedSegments, ProducerStateManager.removeExpiredProducers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rebalance.broker.clock import LoopClock, Timer
from rebalance.broker.logs.batches import BatchError

if TYPE_CHECKING:
    from rebalance.broker.config import BrokerConfig
    from rebalance.broker.topics.topic import Topic
    from rebalance.broker.topics.topics import TopicStore

__all__ = ["RetentionCheck", "expire", "retention_ms"]

HOUR_MS = 3_600_000


def expire(topics: TopicStore, config: BrokerConfig, now_ms: int) -> None:
    """Drop what is too old at `now_ms` (since 1970); a log that cannot be written is told of."""
    producers_before_ms = now_ms - config.producer_id_expiration_ms
    for topic in topics:
        if topic.is_internal:
            continue
        kept_ms = _retention_of(topic, config)
        for log in topic.logs():
            with topics.counting(log):
                log.producers.forget_expired(producers_before_ms)
                if kept_ms is not None:
                    try:
                        log.drop_expired(now_ms - kept_ms)
                    except BatchError:
                        continue  # logged where it happened; tried again the next time


def retention_ms(config: BrokerConfig) -> int:
    """The default of a topic's `retention.ms`; -1: for ever."""
    hours = config.log_retention_hours
    return hours * HOUR_MS if hours >= 0 else -1


def _retention_of(topic: Topic, config: BrokerConfig) -> int | None:
    """How long the topic's records are kept; None: by this rule for ever."""
    if not topic.cleans_by("delete"):
        return None
    kept_ms = int(topic.configs.get("retention.ms", retention_ms(config)))
    return None if kept_ms < 0 else kept_ms


class RetentionCheck:
    """Has records expire every `log.retention.check.interval.ms`, until it is closed.

    Args:
        config: asked each time, so that a changed setting counts from then on.
    """

    def __init__(self, topics: TopicStore, config: Callable[[], BrokerConfig]) -> None:
        self._topics, self._config = topics, config
        self._clock = LoopClock()
        self._timer = self._arm()

    def close(self) -> None:
        """Look no more."""
        self._timer.cancel()

    def _arm(self) -> Timer:
        interval_ms = self._config().log_retention_check_interval_ms
        return self._clock.call_at(self._clock.now_ms() + interval_ms, self._check)

    def _check(self) -> None:
        self._timer = self._arm()
        expire(self._topics, self._config(), self._clock.now_ms())
