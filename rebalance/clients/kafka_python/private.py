"""Every private name of kafka-python that we lean on, and how to tell that it is gone.

Why: kafka-python's own interface gives an assignor no generation, no owned partitions and no rack
to send, calls it on the loop that everything else of the consumer runs on, and has no way to fail
but to be asked again. What is used beyond it is listed here, so that a new kafka-python is one file
to check and an unknown one a clear error.
"""

from collections.abc import Iterable
from typing import Any

import kafka

from rebalance.clients.kafka_python.errors import StrategyError

CONSUMER = ("_coordinator", "_subscription")
COORDINATOR = (
    # read
    "_assignors",
    "_cluster",
    "_generation",  # generation_id, member_id, is_lost()
    "_is_leader",
    "_joined_subscription",
    "_net",
    "_rebalance_protocol",
    "coordinator_id",
    # called
    "_build_metadata_snapshot",
    "_on_close_prepare_async",  # gives everything up, the listener included
    "_on_join_prepare_async",  # gives up what was lost, or is not subscribed any more
    "request_rejoin",
    "reset_generation",
    # replaced, for this one consumer
    "_assignment_snapshot",  # the metadata that the plan was made with
    "_do_join_and_sync_async",  # one JoinGroup and its SyncGroup
    "_manager",  # sends them
    "_metadata_snapshot",
    "_on_join_complete_async",
    "_perform_assignment",  # has the members' bytes, which it decodes
    "close",
    "maybe_leave_group",
    "poll",
)
NET = (
    "_io_thread",  # who calls an assignor
    "call_soon_threadsafe",
)
MANAGER = ("send", "wait_for")
SUBSCRIPTION_STATE = (
    "assign_from_subscribed",
    "assigned_partitions",
    "group_subscribe",
    "group_subscription",
    "partitions_auto_assigned",
    "rebalance_listener",
    "subscription",
)
CLUSTER = ("_partitions", "brokers", "partitions_for_topic", "request_update", "set_topics")


def require(thing: Any, names: Iterable[str]) -> Any:
    """`thing` itself, if it has all these names.

    Raises StrategyError: it is of a kafka-python that this adapter was not made for.
    """
    missing = [name for name in names if not hasattr(thing, name)]
    if missing:
        raise StrategyError(
            f"kafka-python {kafka.__version__}: {type(thing).__name__} has no "
            f"{', '.join(missing)}; this adapter was made for kafka-python 3.0: install that, or a "
            "newer kafka-rebalance"
        )
    return thing


def require_consumer(consumer: Any) -> Any:
    """The consumer, if it is a KafkaConsumer that this adapter knows. Raises StrategyError."""
    if not isinstance(consumer, kafka.KafkaConsumer):
        raise StrategyError(f"{consumer!r} is no KafkaConsumer: give the consumer itself")
    require(consumer, CONSUMER)
    require(consumer._subscription, SUBSCRIPTION_STATE)
    coordinator = require(consumer._coordinator, COORDINATOR)
    require(coordinator._net, NET)
    require(coordinator._manager, MANAGER)
    require(coordinator._cluster, CLUSTER)
    return consumer
