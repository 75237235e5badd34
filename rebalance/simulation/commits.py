"""What a broker looks at before a commit reaches its coordinator: whether the partitions exist.

Why: a consumer that has not heard of it yet commits to a topic that was deleted. Rule kept: what
does not exist is refused here and never reaches a coordinator (O03); a commit of nothing that
exists reaches none at all (O09).
Source: KafkaApis.handleOffsetCommitRequest.
"""

from collections.abc import Mapping
from dataclasses import replace

from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import OffsetCommitRequest
from rebalance.protocol.responses import CommittedPartition, OffsetCommitResponse

__all__ = ["Refused", "existing", "with_refused"]

Refused = tuple[CommittedPartition, ...]
"""Of partitions that do not exist."""


def existing(
    request: OffsetCommitRequest, topics: Mapping[str, int]
) -> tuple[OffsetCommitRequest, Refused]:
    """The request as far as it names what exists (topic -> partitions), and the rest's answers."""
    missing = {
        each.partition
        for each in request.offsets
        if each.partition.partition >= topics.get(each.partition.topic, 0)
    }
    if not missing:
        return request, ()
    there = tuple(each for each in request.offsets if each.partition not in missing)
    error = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    refused = (CommittedPartition(partition=each, error=error) for each in sorted(missing))
    return replace(request, offsets=there), tuple(refused)


def with_refused(response: OffsetCommitResponse, refused: Refused) -> OffsetCommitResponse:
    """The whole answer."""
    return OffsetCommitResponse(partitions=(*response.partitions, *refused))
