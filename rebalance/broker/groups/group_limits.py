"""How many groups there may be and how long their ids: limits of this broker, not of the protocol.

Kafka has neither; whoever can reach a broker could have it remember groups until its memory is
full. Only what may create a group is looked at, and a group that is there is never refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import (
    JoinGroupRequest,
    OffsetCommitRequest,
    TxnOffsetCommitRequest,
)
from rebalance.protocol.responses import (
    CommittedPartition,
    JoinGroupResponse,
    OffsetCommitResponse,
    TxnOffsetCommitResponse,
)

if TYPE_CHECKING:
    from rebalance.coordinator import GroupCoordinator
    from rebalance.protocol.requests import CoordinatorRequest
    from rebalance.protocol.responses import CoordinatorResponse

__all__ = ["GroupLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLimits:
    """`max_groups` of all groups of one node together; the length of an id is in characters."""

    max_groups: int = 2**31 - 1
    max_group_id_length: int = 2**15 - 1

    def refusal(
        self, coordinator: GroupCoordinator, request: CoordinatorRequest
    ) -> CoordinatorResponse | None:
        """The answer to a request that would go beyond a limit, or None: ask the coordinator."""
        if not isinstance(request, JoinGroupRequest | OffsetCommitRequest | TxnOffsetCommitRequest):
            return None
        if coordinator.knows(request.group_id):
            return None
        if len(request.group_id) > self.max_group_id_length:
            error = ErrorCode.INVALID_GROUP_ID
        elif coordinator.group_count < self.max_groups:
            return None
        elif coordinator.availability(request.group_id) is not ErrorCode.NONE:
            return None  # it is to be sent to the coordinator of its group
        else:
            error = ErrorCode.POLICY_VIOLATION
        if isinstance(request, JoinGroupRequest):
            return JoinGroupResponse(error=error, member_id=request.member_id)
        answers = tuple(
            CommittedPartition(partition=offset.partition, error=error)
            for offset in request.offsets
        )
        if isinstance(request, TxnOffsetCommitRequest):
            return TxnOffsetCommitResponse(partitions=answers)
        return OffsetCommitResponse(partitions=answers)
