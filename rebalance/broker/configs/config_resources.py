"""What configuration requests are about: a topic, the broker, a group; and what is wrong with one.

Source: `ConfigResource` (clients), `ConfigAdminManager`, `ConfigHelper`.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING

from rebalance.broker.topics.topics import Topic, name_problem
from rebalance.protocol.errors import ErrorCode

if TYPE_CHECKING:
    from rebalance.broker.state import BrokerState

__all__ = ["ResourceError", "ResourceType", "check_broker", "find_topic"]


class ResourceType(IntEnum):
    """As requests number them; this broker has no loggers (8) and no client metrics (16)."""

    TOPIC = 2
    BROKER = 4
    GROUP = 32


class ResourceError(Exception):
    """A resource is refused; `code` is what the client is told, and the message in words."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def find_topic(state: BrokerState, name: str, absent: str) -> Topic:
    """The topic of that name; `absent` are the words if there is none.

    Raises:
        ResourceError: the name is none, or there is no such topic.
    """
    problem = name_problem(name)
    if problem is not None:
        raise ResourceError(ErrorCode.INVALID_TOPIC_EXCEPTION, problem)
    topic = state.topics.get(name)
    if topic is None:
        raise ResourceError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, absent)
    return topic


def check_broker(state: BrokerState, name: str, *, what: str, or_else: str = "") -> None:
    """Only this broker can be asked about itself; `what` and `or_else` are words of the refusal.

    Raises:
        ResourceError: the name is no number, or another broker's.
    """
    if not re.match(r"[+-]?[0-9]{1,10}\Z", name):
        message = f"{what} must be an integer, but it is: {name}"
        raise ResourceError(ErrorCode.INVALID_REQUEST, message)
    if int(name) != state.node_id:
        raise ResourceError(
            ErrorCode.INVALID_REQUEST,
            f"Unexpected broker id, expected {state.node_id}{or_else}, but received {name}",
        )
