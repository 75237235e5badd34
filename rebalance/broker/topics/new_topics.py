"""What a new topic may be called and look like: the controller's checks, in its order and words.

Source: `Topic` (clients), `ReplicationControlManager` (metadata).
"""

from __future__ import annotations

import re
from collections.abc import Collection

from rebalance.broker.config import BrokerConfig
from rebalance.broker.topics.topic import NewTopic
from rebalance.protocol.errors import ErrorCode

__all__ = ["MAX_PARTITIONS_PER_REQUEST", "TopicError", "name_problem", "partitions_wanted"]

MAX_NAME_LENGTH = 249
MAX_PARTITIONS_PER_REQUEST = 10_000
_LEGAL_NAME = re.compile(r"[a-zA-Z0-9._-]+\Z")


class TopicError(Exception):
    """A topic cannot be created or deleted; `code` is what the client is told."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def name_problem(name: str) -> str | None:
    """Why Kafka would not have a topic of this name, or None."""
    if name == "":
        return "Topic name is invalid: the empty string is not allowed"
    if name in (".", ".."):
        return f"Topic name is invalid: '{name}' is not allowed"
    if len(name) > MAX_NAME_LENGTH:
        return (
            f"Topic name is invalid: the length of '{name}' is longer than the max allowed length "
            f"{MAX_NAME_LENGTH}"
        )
    if not _LEGAL_NAME.match(name):
        return (
            f"Topic name is invalid: '{name}' contains one or more characters other than ASCII "
            "alphanumerics, '.', '_' and '-'"
        )
    return None


def partitions_wanted(wanted: NewTopic, config: BrokerConfig, node_ids: Collection[int]) -> int:
    """How many partitions a new topic is to have, on nodes of these ids.

    Raises:
        TopicError: it cannot have those, or replicas as it asks for.
    """
    if wanted.assignments:
        return _assigned(wanted, node_ids)
    return _counted(wanted, config, len(node_ids))


def _counted(wanted: NewTopic, config: BrokerConfig, nodes: int) -> int:
    if wanted.replication_factor != -1 and not 1 <= wanted.replication_factor <= nodes:
        small = wanted.replication_factor < 1
        raise TopicError(
            ErrorCode.INVALID_REPLICATION_FACTOR,
            "Replication factor must be larger than 0, or -1 to use the default value."
            if small
            else f"Unable to replicate the partition {wanted.replication_factor} time(s): "
            f"only {nodes} broker{' is' if nodes == 1 else 's are'} registered.",
        )
    if wanted.num_partitions == -1:
        return config.num_partitions
    if wanted.num_partitions < 1:
        raise TopicError(
            ErrorCode.INVALID_PARTITIONS,
            "Number of partitions must be larger than 0, or -1 to use the default value.",
        )
    if wanted.num_partitions > MAX_PARTITIONS_PER_REQUEST:
        raise TopicError(
            ErrorCode.POLICY_VIOLATION,
            f"More than {MAX_PARTITIONS_PER_REQUEST} partitions in one request.",
        )
    return wanted.num_partitions


def _assigned(wanted: NewTopic, node_ids: Collection[int]) -> int:
    if wanted.num_partitions != -1 or wanted.replication_factor != -1:
        raise TopicError(
            ErrorCode.INVALID_REQUEST,
            "A manual partition assignment was specified, but the number of partitions or "
            "the replication factor was not set to -1.",
        )
    if sorted(wanted.assignments) != list(range(len(wanted.assignments))):
        raise TopicError(
            ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            "partitions should be a consecutive 0-based integer sequence",
        )
    for partition, nodes in sorted(wanted.assignments.items()):
        if not nodes or len(set(nodes)) < len(nodes) or not set(nodes) <= set(node_ids):
            raise TopicError(
                ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                f"partition {partition}: {list(nodes)} must name each broker of this cluster "
                f"at most once, and at least one: it has {', '.join(map(str, sorted(node_ids)))}",
            )
    return len(wanted.assignments)
