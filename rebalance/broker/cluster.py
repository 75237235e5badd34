"""What all nodes of one embedded broker share: topics and records, settings, transactions, leaders.

A node comes and goes (node.py); the cluster is there from the broker's start to its stop.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rebalance.broker.clock import Clock
from rebalance.broker.config import BrokerConfig
from rebalance.broker.configs.broker_configs import BrokerConfigs
from rebalance.broker.configs.kept_configs import ALL_BROKERS, KeptConfigs
from rebalance.broker.errors import StorageError
from rebalance.broker.faults import Faults
from rebalance.broker.groups.driver import GroupDriver
from rebalance.broker.groups.group_limits import GroupLimits
from rebalance.broker.groups.offsets_topic import OffsetsTopic, offsets_topic
from rebalance.broker.logs.batches import BatchError
from rebalance.broker.logs.record_retention import RetentionCheck
from rebalance.broker.nodes.coordinators import Coordinators
from rebalance.broker.nodes.leadership import Leadership
from rebalance.broker.storage import Storage
from rebalance.broker.topics.topic import OFFSETS_TOPIC, Topic
from rebalance.broker.topics.topics import TopicStore
from rebalance.broker.tracing import Tracer
from rebalance.broker.transactions.kept_commits import KeptCommits
from rebalance.broker.transactions.transaction_ends import TransactionEnds
from rebalance.broker.transactions.transactions import TransactionLimits, Transactions
from rebalance.protocol.config import CoordinatorConfig

__all__ = ["Cluster", "open_cluster"]

CLUSTER_ID = "embedded-kafka-broker0"
"""22 letters, as Kafka's are."""


@dataclass(slots=True, kw_only=True)
class Cluster:
    """Everything that outlives a node. `config` holds the settings in force."""

    config: BrokerConfig
    group_config: CoordinatorConfig
    topics: TopicStore
    configs: BrokerConfigs
    kept_configs: KeptConfigs
    leadership: Leadership
    coordinators: Coordinators
    transactions: Transactions
    faults: Faults
    """What a test wants to happen to requests."""
    clock: Clock
    new_driver: Callable[[], GroupDriver]
    """Of a node that starts: its coordinator, which coordinates nothing yet."""
    cluster_id: str = CLUSTER_ID
    ports: dict[int, int] = field(default_factory=dict)
    """Of the nodes that run."""
    retention: RetentionCheck = field(init=False)

    def __post_init__(self) -> None:
        self.retention = RetentionCheck(self.topics, lambda: self.config)
        self.configs.on_change = self._reconfigure
        for name in (ALL_BROKERS, str(self.config.node_id)):
            if name in self.kept_configs.brokers:
                values = self.kept_configs.brokers[name]
                self.configs.change(values, of_all_brokers=name == ALL_BROKERS)

    def configure_broker(self, values: Mapping[str, str], *, of_all_brokers: bool) -> None:
        """Replace what was set for one broker or for all; the values must have been checked.

        Raises:
            StorageError: it could not be stored; nothing has changed.
        """
        name = ALL_BROKERS if of_all_brokers else str(self.config.node_id)
        self.kept_configs.set_broker(name, values)
        self.configs.change(values, of_all_brokers=of_all_brokers)

    def _reconfigure(self, config: BrokerConfig) -> None:
        self.config = config
        self.topics.reconfigure(config)

    def advertised(self, node_id: int) -> tuple[str, int] | None:
        """`advertised.listeners` is the first node's; each further one has the next port."""
        first = self.config.advertised
        if first is None:
            return None
        return first[0], first[1] + self.leadership.node_ids.index(node_id)

    def elect(self, topic: Topic, partition: int) -> None:
        """A partition's leader was chosen: if the partition keeps groups, it coordinates them.

        Raises:
            StorageError: it cannot read them.
        """
        if topic.name == OFFSETS_TOPIC:
            self.coordinators.elect(partition)

    def silence(self) -> None:
        """Nothing happens by itself any more."""
        self.transactions.close()
        self.retention.close()
        self.coordinators.close()

    def close(self) -> None:
        """Write out what was appended and let go of the storage."""
        self.topics.close()


def open_cluster(
    config: BrokerConfig,
    group_config: CoordinatorConfig,
    *,
    node_ids: Sequence[int],
    set_by_user: frozenset[str],
    storage: Storage,
    tracer: Tracer,
    new_uuid: Callable[[], uuid.UUID],
    offsets_topic_at_once: bool,
    clock: Clock,
    on_handled: Callable[[], None],
    faults: Faults,
) -> Cluster:
    """A cluster with what its storage holds.

    Raises:
        StorageError: that cannot be read, or what was open then cannot be ended.
    """
    partitions = _offsets_partitions(storage, group_config)
    groups = dataclasses.replace(group_config, offsets_topic_num_partitions=partitions)
    internal = offsets_topic(partitions, config.offsets_topic_segment_bytes)
    topics = TopicStore(config, new_uuid, storage, [internal], node_ids)
    offsets = OffsetsTopic(topics)
    leadership = Leadership(node_ids, storage.leader_epoch, storage.keep_leader_epoch)
    commits = KeptCommits(storage)
    _end_what_is_open(offsets, leadership, commits, clock)
    coordinators = Coordinators(
        offsets, leadership, partitions=partitions, at_once=offsets_topic_at_once
    )
    limits = GroupLimits(
        max_groups=config.max_groups, max_group_id_length=config.max_group_id_length
    )
    prepare = coordinators.prepare if offsets_topic_at_once else None
    _tell_of_topics(topics, tracer, coordinators)
    return Cluster(
        config=config,
        group_config=groups,
        topics=topics,
        configs=BrokerConfigs(config, group_config, set_by_user),
        kept_configs=KeptConfigs(storage),
        leadership=leadership,
        coordinators=coordinators,
        transactions=_transactions(config, topics, coordinators, commits, clock),
        faults=faults,
        clock=clock,
        new_driver=lambda: GroupDriver(
            groups, new_uuid, tracer, offsets, limits, prepare, clock, on_handled
        ),
    )


def _tell_of_topics(topics: TopicStore, tracer: Tracer, coordinators: Coordinators) -> None:
    """A trace has the topics that there are, and hears of each change, as coordinators do."""
    for topic in topics:
        tracer.topic(topic.name, topic.num_partitions)

    def on_change(name: str, partitions: int) -> None:
        tracer.topic(name, partitions)
        coordinators.topic_changed(name, partitions)

    topics.on_change = on_change


def _transactions(
    config: BrokerConfig,
    topics: TopicStore,
    coordinators: Coordinators,
    commits: KeptCommits,
    clock: Clock,
) -> Transactions:
    """The transactions of a cluster, whose ends go on as soon as a coordinator has loaded."""
    ends = TransactionEnds(coordinators.end_transaction, commits, clock)
    coordinators.on_load = ends.go_on
    limits = TransactionLimits(
        id_expiration_ms=config.transactional_id_expiration_ms,
        most_ids=config.max_transactional_ids,
    )
    return Transactions(topics.next_producer_id, coordinators.partition_of, ends, clock, limits)


def _offsets_partitions(storage: Storage, config: CoordinatorConfig) -> int:
    """An existing `__consumer_offsets` keeps its number of partitions: groups are found by it."""
    existing = (topic for topic in storage.topics() if topic.name == OFFSETS_TOPIC)
    return next((topic.num_partitions for topic in existing), config.offsets_topic_num_partitions)


def _end_what_is_open(
    offsets: OffsetsTopic, leadership: Leadership, commits: KeptCommits, clock: Clock
) -> None:
    """Commit or abort the transactions of an earlier life, whose producers nobody knows any more;
    with leaders, whose epochs stand in what is written."""
    topic = offsets.topic
    for partition in () if topic is None else range(topic.num_partitions):
        assert topic is not None
        leadership.leader(topic, partition)
    try:
        offsets.end_all(commits, clock.now_ms())
    except BatchError as error:
        raise StorageError(str(error)) from error
    commits.clear()
