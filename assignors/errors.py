"""What can go wrong with an assignor, as one short tree.

The rule kept here: every message says what happened, where, and what to do, in one line that can be
shown to a user as it is; what a program may want to branch on is an attribute. `CodecError` stands
apart, because it blames the peer that sent the bytes and not the assignor.
"""

from __future__ import annotations

from enum import Enum
from functools import partial


def in_one_line(error: BaseException) -> str:
    """What an exception of other people's code says, which may be several lines."""
    return " ".join(str(error).split())


class AssignorError(Exception):
    """An assignor cannot be found, used or believed; the root of the tree."""


class AssignorNotFoundError(AssignorError):
    """No assignor answers to this name or `module:Class`."""


class AssignorInterfaceError(AssignorError):
    """The object is there but is not an assignor: no name, no `assign`, odd `protocols`."""


class ProtocolMismatchError(AssignorError):
    """The assignors of one member share no rebalance protocol (KIP-429)."""


class AssignorFailedError(AssignorError):
    """The assignor raised; `__cause__` is what it raised."""


class PlanFault(Enum):
    """Why a plan was refused."""

    NOT_A_PLAN = "not a mapping of member id to partitions"
    UNKNOWN_MEMBER = "unknown member"
    ASSIGNED_TWICE = "partition assigned twice"
    NOT_SUBSCRIBED = "member not subscribed to the topic"
    UNKNOWN_PARTITION = "unknown topic or partition"
    FORGOTTEN = "partition of a subscribed topic assigned to nobody"
    UNSAFE_TRANSFER = "partition handed over while another member still owns it"


class InvalidPlanError(AssignorError):
    """The assignor returned a plan that no group may follow.

    `fault` says why; `member_id`, `topic` and `partition` say where, as far as that applies.
    """

    def __init__(
        self,
        message: str,
        *,
        fault: PlanFault,
        member_id: str | None = None,
        topic: str | None = None,
        partition: int | None = None,
    ) -> None:
        super().__init__(message)
        self.fault = fault
        self.member_id = member_id
        self.topic = topic
        self.partition = partition

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions are rebuilt from their positional arguments; `fault` is none of them.
        build = partial(
            type(self),
            fault=self.fault,
            member_id=self.member_id,
            topic=self.topic,
            partition=self.partition,
        )
        return build, self.args


class CodecError(ValueError):
    """Bytes that claim to be a subscription, an assignment or user data, and are not."""
