"""Every private name of aiokafka that we lean on, and how to tell that it is gone.

Why: aiokafka's public interface gives an assignor decoded version-0 metadata and nothing else: no
generation, no owned partitions, no instance ids, and no way to fail. What is read beyond it is
listed here, so that a new aiokafka is one file to check and an unknown one a clear error.
"""

from collections.abc import Iterable
from typing import Any

import aiokafka

from rebalance.clients.aiokafka.errors import StrategyError

CONSUMER = (
    "_client_rack",  # the consumer's rack (KIP-881)
    "_coordinator",  # None before start()
    "_fetcher",  # None before start()
    "_group_id",
    "_partition_assignment_strategy",  # what it was given: is our strategy in it?
    "_subscription",
)
COORDINATOR = (
    # read
    "generation",  # -1 once the coordinator no longer knows us
    "member_id",  # "" once the coordinator no longer knows us
    "group_id",
    "_closing",  # future: done from stop() on
    "_coordination_task",  # who calls an assignor, and what ends with the membership
    "_group_subscription",  # not None in the leader only
    "_rebalance_timeout_ms",
    "_session_timeout_ms",
    # called
    "_send_req",
    "reset_generation",
    # replaced, for this one consumer
    "_perform_assignment",  # has the members' bytes, which `assign` does not get
    "_push_error_to_user",  # would retry a failed assignment forever
    "check_errors",
    "_enable_auto_commit",
)
FETCHER = (
    "_fetch_task",
    "_pending_tasks",  # fetches under way; it does not hear stop() while it ends them
)
SUBSCRIPTION_STATE = (
    "abort_waiters",
    "assign_from_subscribed",
    "listener",
    "partitions_auto_assigned",
    "subscription",
)
CLUSTER = ("_partitions",)  # replicas of a partition: their racks


def require(thing: Any, names: Iterable[str]) -> Any:
    """`thing` itself, if it has all these names.

    Raises StrategyError: it is of an aiokafka that this adapter was not made for.
    """
    missing = [name for name in names if not hasattr(thing, name)]
    if missing:
        raise StrategyError(
            f"aiokafka {aiokafka.__version__}: {type(thing).__name__} has no {', '.join(missing)}; "
            "this adapter was made for aiokafka 0.14: install that, or a newer kafka-rebalance"
        )
    return thing


def require_consumer(consumer: Any) -> Any:
    """The consumer, if it is an AIOKafkaConsumer that this adapter knows. Raises StrategyError."""
    if not isinstance(consumer, aiokafka.AIOKafkaConsumer):
        raise StrategyError(f"{consumer!r} is no AIOKafkaConsumer: give the consumer itself")
    require(consumer, CONSUMER)
    require(consumer._subscription, SUBSCRIPTION_STATE)
    return consumer


def coordinator_of(consumer: Any) -> Any:
    """The coordinator of a started consumer with a group, else None. Raises StrategyError."""
    if consumer._group_id is None or consumer._coordinator is None:
        return None
    return require(consumer._coordinator, COORDINATOR)


def fetcher_of(consumer: Any) -> Any:
    """The fetcher of a started consumer. Raises StrategyError."""
    return require(consumer._fetcher, FETCHER)
