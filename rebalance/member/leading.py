"""The leader's work: read the members, get the metadata, run the assignor, hand the plan in.

Rules kept: only a valid plan is handed in, whoever computed it, and a cooperative one gives nobody
what another member still owns (M06); what is valid is said in `assignors` and nowhere else; an
assignor that fails does not stall the group: the leader fails loudly and leaves, the others go on
(M08); a member whose subscription cannot be read gets nothing, and the others are served.
Source: ConsumerCoordinator.onLeaderElected, validateCooperativeAssignment.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from assignors.claims import with_claims
from assignors.codec import CodecError
from assignors.columns import subscribed_topics
from assignors.errors import AssignorError
from assignors.interface import checked_plan
from assignors.model import ClusterMetadata, GroupAssignment, Subscription
from assignors.wire import decode_subscriptions, encode_assignments
from rebalance.member import reasons, syncing
from rebalance.member.core import InFlight, Leading, MemberCore, RequestKind, Watch
from rebalance.member.events import AssignorDone, AssignorFailed, RunAssignor, Unreadable
from rebalance.member.membership import abandon_rebalance, fail
from rebalance.protocol.errors import RETRIABLE, ErrorCode
from rebalance.protocol.requests import MetadataRequest, SyncGroupAssignment
from rebalance.protocol.responses import JoinedMember, JoinGroupResponse, MetadataResponse
from rebalance.protocol.states import MemberState
from rebalance.protocol.timers import TimerKind

KIND = RequestKind.METADATA


def begin(core: MemberCore, response: JoinGroupResponse) -> None:
    """The member leads this generation."""
    members = _read(core, response.members)
    topics = subscribed_topics(members)
    if response.skip_assignment:
        # A static leader came back (KIP-814): it looks after the metadata, and at once, because it
        # does not know on what the present assignment was based.
        core.watch = Watch(topics=topics, cluster=None)
        core.arm(TimerKind.METADATA, 0)
        syncing.send(core, ())
        return
    core.enter(MemberState.ASSIGNING)
    core.leading = Leading(members=members, topics=topics)


def step(core: MemberCore) -> bool:
    """The next thing to do in ASSIGNING; True if something was done."""
    leading = core.leading
    if core.coordinator is None:
        abandon_rebalance(core)
        core.request_rejoin(reasons.COORDINATOR_LOST)
        core.back_off(RequestKind.JOIN_GROUP)
        core.enter(MemberState.FINDING_COORDINATOR)
        return True
    if leading is None or leading.token is not None:
        return False
    if leading.cluster is None and leading.topics:
        if KIND not in core.requests and not core.backing_off(KIND):
            core.send(KIND, MetadataRequest(topics=leading.topics))
        return False
    cluster = leading.cluster or ClusterMetadata({})
    token = core.new_token()
    core.leading = replace(leading, cluster=cluster, token=token)
    assignor = core.assignors[core.generation.protocol_name]
    core.emit(RunAssignor(token=token, assignor=assignor, cluster=cluster, members=leading.members))
    return True


def metadata_answered(core: MemberCore, response: MetadataResponse) -> None:
    """The topics as they are; what does not exist is absent."""
    leading = core.leading
    assert leading is not None
    if response.error is ErrorCode.NONE:
        core.recovered(KIND)
        core.leading = replace(leading, cluster=only(response.cluster, leading.topics))
    elif response.error in RETRIABLE:
        core.back_off(KIND)
    else:
        fail(
            core,
            f"the leader of group {core.config.group_id!r} cannot see its topics: "
            f"{response.error.name}; allow DESCRIBE on them",
            code=response.error,
            leave_reason=reasons.ASSIGNOR_FAILED,
        )


def metadata_unanswered(core: MemberCore, sent: InFlight) -> None:
    """Ask another broker."""
    core.back_off(KIND)


def only(cluster: ClusterMetadata, topics: Iterable[str]) -> ClusterMetadata:
    """A broker may say more than it was asked."""
    wanted = [topic for topic in topics if topic in cluster.partitions]
    return ClusterMetadata(
        {topic: cluster.partitions[topic] for topic in wanted},
        {topic: cluster.racks[topic] for topic in wanted if topic in cluster.racks},
    )


def assignor_done(core: MemberCore, event: AssignorDone) -> None:
    """Check the plan, also one that was checked before (M06, M08), and hand it in."""
    leading = core.leading
    if leading is None or leading.token != event.token:
        return
    assert leading.cluster is not None
    assignor = core.assignors[core.generation.protocol_name]
    try:
        plan = checked_plan(
            assignor, leading.cluster, leading.members, event.assignment, protocol=core.protocol
        )
    except AssignorError as error:
        _assignor_failed(core, str(error), error)
        return
    core.watch = Watch(topics=leading.topics, cluster=leading.cluster)
    core.arm(TimerKind.METADATA, core.config.metadata_max_age_ms)
    syncing.send(core, _encoded(leading.members, plan))


def assignor_failed(core: MemberCore, event: AssignorFailed) -> None:
    """M08."""
    if core.leading is not None and core.leading.token == event.token:
        _assignor_failed(core, str(event.error) or repr(event.error), event.error)


def _encoded(
    members: Mapping[str, Subscription], plan: GroupAssignment
) -> tuple[SyncGroupAssignment, ...]:
    encoded = encode_assignments(plan)
    return tuple(
        SyncGroupAssignment(member_id=member, assignment=encoded[member]) for member in members
    )


def _read(core: MemberCore, joined: Iterable[JoinedMember]) -> Mapping[str, Subscription]:
    def unreadable(member_id: str, error: CodecError) -> Subscription:
        core.emit(Unreadable(what="subscription", member_id=member_id, error=str(error)))
        return Subscription(topics=())

    assignor = core.assignors[core.generation.protocol_name]
    sent = decode_subscriptions(
        {each.member_id: each.metadata for each in joined},
        instance_ids={each.member_id: each.group_instance_id for each in joined},
        unreadable=unreadable,
    )
    return with_claims(assignor, sent)


def _assignor_failed(core: MemberCore, why: str, cause: BaseException | None) -> None:
    fail(
        core,
        f"the assignor {core.generation.protocol_name!r} failed as leader of group "
        f"{core.config.group_id!r} in generation {core.generation.generation_id}: {why}; this "
        "member leaves so that the others go on",
        cause=cause,
        leave_reason=reasons.ASSIGNOR_FAILED,
    )
