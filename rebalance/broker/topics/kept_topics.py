"""Topics and their logs as a storage keeps them: what a broker has from the life before it.

Kept: how a log is cut into files and when it is flushed is asked at every append, so that a changed
setting of topic or broker counts from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rebalance.broker.configs.topic_configs import DEFAULTS
from rebalance.broker.logs.log import PartitionLog
from rebalance.broker.logs.producers import ProducerTable
from rebalance.broker.storage import LogLimits, Storage, StoredTopic

if TYPE_CHECKING:
    from pathlib import Path

    from rebalance.broker.config import BrokerConfig
    from rebalance.broker.topics.topic import Topic

__all__ = ["KeptTopics"]


class KeptTopics:
    """A storage in the terms of topics. Raises StorageError where the storage does."""

    __slots__ = ("_config", "_storage")

    def __init__(self, storage: Storage, config: Callable[[], BrokerConfig]) -> None:
        self._storage, self._config = storage, config

    @property
    def path(self) -> Path | None:
        """The storage's directory; None for memory."""
        return self._storage.path

    def topics(self) -> Iterator[tuple[StoredTopic, Sequence[int]]]:
        """The topics that were there before, each with the partitions that were used."""
        for topic in self._storage.topics():
            yield topic, self._storage.opened_before(topic)

    def save(self, topics: Iterable[Topic]) -> None:
        """Keep these topics and no others."""
        self._storage.save_topics(
            StoredTopic(
                name=topic.name,
                topic_id=topic.topic_id,
                num_partitions=topic.num_partitions,
                configs=topic.configs,
            )
            for topic in topics
        )

    def open_log(self, topic: Topic, partition: int) -> PartitionLog:
        """The log of a partition, with what it held before and who wrote that."""
        producers = ProducerTable(self._storage.most_producers)

        def limits() -> LogLimits:
            return self._limits(topic)

        store = self._storage.open_log(topic.name, partition, limits, producers.remember)
        return PartitionLog(store, producers)

    def delete(self, topic: Topic) -> None:
        """The logs of a topic that is no longer kept."""
        self._storage.delete_topic(topic.name, topic.num_partitions)

    def next_producer_id(self) -> int:
        """An id that was never given out."""
        return self._storage.next_producer_id()

    def close(self) -> None:
        """Let go of the storage; the logs were closed before."""
        self._storage.close()

    def _limits(self, topic: Topic) -> LogLimits:
        configs, config = topic.configs, self._config()
        return LogLimits(
            segment_bytes=int(configs.get("segment.bytes", config.log_segment_bytes)),
            segment_ms=int(configs.get("segment.ms", DEFAULTS["segment.ms"])),
            flush_interval_messages=int(
                configs.get("flush.messages", config.log_flush_interval_messages)
            ),
        )
