"""The leader watches the topics it assigned: other partition counts mean another rebalance.

Why: nobody else does; new partitions would stay unread. Only the leader watches, and only while its
generation is settled: the next JoinGroup ends it.
Source: ConsumerCoordinator.rejoinNeededOrPending, MetadataSnapshot.
"""

from dataclasses import replace

from assignors.model import ClusterMetadata
from rebalance.member import leading, reasons
from rebalance.member.core import InFlight, MemberCore, RequestKind
from rebalance.member.heartbeat import SETTLED
from rebalance.protocol.errors import RETRIABLE, ErrorCode
from rebalance.protocol.requests import MetadataRequest
from rebalance.protocol.responses import MetadataResponse
from rebalance.protocol.timers import TimerKind

KIND = RequestKind.METADATA


def due(core: MemberCore) -> None:
    """metadata.max.age.ms is over."""
    if core.watch is not None:
        core.watch = replace(core.watch, due=True)


def pursue(core: MemberCore) -> None:
    """Ask how the topics look now."""
    watch = core.watch
    if watch is None or not watch.due or core.state not in SETTLED:
        return
    if not watch.topics:
        core.watch = None
    elif KIND not in core.requests and not core.backing_off(KIND):
        core.watch = replace(watch, due=False)
        core.send(KIND, MetadataRequest(topics=watch.topics))


def answered(core: MemberCore, sent: InFlight, response: MetadataResponse) -> None:
    """For the leader at work, or for its watch."""
    if core.leading is not None:
        leading.metadata_answered(core, response)
        return
    watch = core.watch
    if watch is None:
        return
    if response.error is not ErrorCode.NONE:
        if response.error in RETRIABLE:
            unanswered(core, sent)
        else:
            core.arm(TimerKind.METADATA, core.config.metadata_max_age_ms)
        return
    core.recovered(KIND)
    core.arm(TimerKind.METADATA, core.config.metadata_max_age_ms)
    seen = leading.only(response.cluster, watch.topics)
    if watch.cluster is None:
        core.watch = replace(watch, cluster=seen)
    elif _differs(core, watch.cluster, seen):
        core.request_rejoin(reasons.METADATA_CHANGED)


def unanswered(core: MemberCore, sent: InFlight) -> None:
    """Ask another broker, soon."""
    core.back_off(KIND)
    due(core)


def _differs(core: MemberCore, before: ClusterMetadata, after: ClusterMetadata) -> bool:
    """Racks of replicas matter only to members that have a rack (KIP-881)."""
    if before.partitions != after.partitions:
        return True
    return core.config.client_rack is not None and before.racks != after.racks
