"""JoinGroup: what must be given up before, what is said, and what is answered (M01-M05, J).

Rules kept: EAGER joins with nothing owned, COOPERATIVE with what is still subscribed; the
generation in the subscription is the last one joined, also if its SyncGroup failed (the member was
in it all the while, so its claims are no older); what was lost is never claimed (M02).
Source: AbstractCoordinator.sendJoinGroupRequest and its response handler, ConsumerCoordinator
.metadata and .onJoinPrepare.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from assignors.claims import member_user_data
from assignors.codec import encode_subscription
from assignors.interface import AssignorError, RebalanceProtocol
from assignors.model import PartitionSet, Subscription
from rebalance.member import heartbeat, holding, leading, reasons, release, syncing
from rebalance.member.core import PROTOCOL_TYPE, Generation, InFlight, MemberCore, RequestKind
from rebalance.member.events import GenerationJoined, JoinStarted
from rebalance.member.membership import (
    fail,
    forget_coordinator,
    join_again,
    lose_generation,
    stop_watching,
)
from rebalance.protocol.errors import RETRIABLE, ErrorCode
from rebalance.protocol.requests import NO_MEMBER_ID, GroupProtocol, JoinGroupRequest
from rebalance.protocol.responses import JoinGroupResponse
from rebalance.protocol.states import MemberState
from rebalance.protocol.timers import TimerKind

KIND = RequestKind.JOIN_GROUP
JOIN_GROUP_TIMEOUT_LAPSE_MS = 5000
"""JoinGroup waits at the coordinator for the rebalance timeout; so much longer for the way."""


_NOTHING = PartitionSet()


def begin(core: MemberCore) -> bool:
    """Leave an idle state for the group."""
    known = core.coordinator is not None
    core.enter(MemberState.PREPARING_JOIN if known else MemberState.FINDING_COORDINATOR)
    return True


def step(core: MemberCore) -> bool:
    """The next thing to do in PREPARING_JOIN; True if something was done."""
    if core.release is not None:
        return release.step(core)
    doomed = _doomed(core)
    if doomed:
        release.begin(core, doomed)
        return True
    if core.backing_off(KIND):
        return False
    if core.coordinator is None:
        core.enter(MemberState.FINDING_COORDINATOR)
        return True
    if holding.waits(core) or _too_soon(core):
        return False
    _join(core)
    return True


def _too_soon(core: MemberCore) -> bool:
    """Some clients join once in a while only; the pause is like one after a failure."""
    if core.last_join_ms is None:
        return False
    left_ms = core.last_join_ms + core.config.profile.join_interval_ms - core.now
    if left_ms <= 0:
        return False
    core.arm(TimerKind.RETRY, left_ms, KIND.value)
    return True


def unanswered(core: MemberCore, sent: InFlight) -> None:
    """JoinGroup or SyncGroup got no answer: the coordinator may be elsewhere."""
    forget_coordinator(core)
    join_again(core, _same_reason(core, sent.kind, reasons.COORDINATOR_LOST), pause=True)


def _doomed(core: MemberCore) -> PartitionSet:
    """What must be revoked before the join (M01)."""
    if core.protocol is RebalanceProtocol.EAGER:
        return core.owned
    owned, topics = core.owned, core.topics
    if all(topic in topics for topic in owned.topics):
        return _NOTHING
    return PartitionSet({t: ids for t, ids in owned.by_topic.items() if t not in topics})


def _join(core: MemberCore) -> None:
    """Send JoinGroup."""
    try:
        protocols = tuple(_offer(core, name) for name in core.assignors)
    except (AssignorError, ValueError) as error:
        fail(
            core,
            f"no subscription can be made for group {core.config.group_id!r}: {error}",
            cause=error,
            leave_reason=reasons.ASSIGNOR_FAILED,
        )
        return
    core.join_reason, core.rejoin_reason = core.rejoin_reason or "", None
    core.joined_topics = core.topics
    holding.end(core)
    _let_go(core)
    stop_watching(core)
    core.enter(MemberState.JOINING)
    core.last_join_ms = core.now
    core.emit(JoinStarted(member_id=core.generation.member_id, reason=core.join_reason))
    config = core.config
    request = JoinGroupRequest(
        group_id=config.group_id,
        session_timeout_ms=config.session_timeout_ms,
        rebalance_timeout_ms=config.rebalance_timeout_ms,
        member_id=core.generation.member_id,
        group_instance_id=config.group_instance_id,
        protocol_type=PROTOCOL_TYPE,
        protocols=protocols,
        reason=reasons.on_the_wire(core.join_reason),
        client_id=config.client_id,
    )
    parked_ms = config.rebalance_timeout_ms + JOIN_GROUP_TIMEOUT_LAPSE_MS
    core.send(KIND, request, timeout_ms=max(config.request_timeout_ms, parked_ms))


def _let_go(core: MemberCore) -> None:
    """From here on no commit that still waits may speak of what is not owned (I03).

    Others may own it: it was revoked or lost. Owned again later, it may have been somebody else's
    meanwhile. (Without a generation, before the join, no commit goes out at all.)
    """
    if core.commits:
        core.commits = deque(replace(each, may=each.may & core.owned) for each in core.commits)


def _offer(core: MemberCore, name: str) -> GroupProtocol:
    """M03: the subscription as one assignor wants it."""
    assignor = core.assignors[name]
    user_data = member_user_data(assignor, core.topics, core.held, core.held_generation_id)
    subscription = Subscription(
        topics=core.topics,
        owned=core.owned,
        generation_id=core.generation.generation_id,
        rack_id=core.config.client_rack,
        user_data=user_data or None,
    )
    return GroupProtocol(name=name, metadata=encode_subscription(subscription))


def answered(core: MemberCore, sent: InFlight, response: JoinGroupResponse) -> None:
    """Into the generation, once more, afresh, or never."""
    error = response.error
    reason = _same_reason(core, KIND, reasons.after_error(KIND.value, error.name))
    match error:
        case ErrorCode.NONE:
            _joined(core, response)
        case ErrorCode.MEMBER_ID_REQUIRED:
            _take_member_id(core, response.member_id)
        case ErrorCode.UNKNOWN_MEMBER_ID | ErrorCode.ILLEGAL_GENERATION:
            had_id = core.generation.member_id != NO_MEMBER_ID
            keep = error is ErrorCode.ILLEGAL_GENERATION
            lose_generation(core, reasons.after_error(KIND.value, error.name), keep_member_id=keep)
            if keep or not had_id:
                core.back_off(KIND)
        case ErrorCode.COORDINATOR_NOT_AVAILABLE | ErrorCode.NOT_COORDINATOR:
            forget_coordinator(core)
            join_again(core, reason, pause=True)
        case _ if error in RETRIABLE or error is ErrorCode.REBALANCE_IN_PROGRESS:
            join_again(core, reason, pause=True)
        case _:
            fail(core, _fatal(core, error), code=error)


def _same_reason(core: MemberCore, kind: RequestKind, otherwise: str) -> str:
    """A JoinGroup that was not let in caused nothing yet: the next one says why it was wanted."""
    return core.join_reason if kind is KIND and core.join_reason else otherwise


def _take_member_id(core: MemberCore, member_id: str) -> None:
    """M05: the coordinator made an id (KIP-394); nothing is owned under a new name."""
    fresh = core.generation.member_id == NO_MEMBER_ID and member_id != NO_MEMBER_ID
    reason = _same_reason(core, KIND, reasons.MEMBER_ID_GIVEN)
    lose_generation(core, reason, keep_member_id=False)
    core.generation = Generation(member_id=member_id)
    core.last_join_ms = None  # the same join goes on
    if not fresh:
        core.back_off(KIND)


def _joined(core: MemberCore, response: JoinGroupResponse) -> None:
    """The member is in a generation; its leader assigns, the others wait for that."""
    if trouble := _inconsistent(core, response):
        fail(core, trouble, code=ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
        return
    assert response.protocol_name is not None
    core.generation = Generation(
        generation_id=response.generation_id,
        member_id=response.member_id,
        protocol_name=response.protocol_name,
    )
    heartbeat.begin(core)
    core.leader = response.leader == response.member_id
    core.emit(
        GenerationJoined(
            member_id=response.member_id,
            generation_id=response.generation_id,
            leader=core.leader,
            protocol_name=response.protocol_name,
        )
    )
    if core.leader:
        leading.begin(core, response)
    else:
        syncing.send(core, ())


def _inconsistent(core: MemberCore, response: JoinGroupResponse) -> str | None:
    """Why an answer without error cannot be followed."""
    group = core.config.group_id
    if response.protocol_type not in (None, PROTOCOL_TYPE):
        return (
            f"group {group!r} is of type {response.protocol_type!r}, not {PROTOCOL_TYPE!r}: "
            "choose another group.id"
        )
    if response.protocol_name not in core.assignors:
        return (
            f"the coordinator chose the assignor {response.protocol_name!r} for group {group!r}, "
            f"but this member offered {', '.join(core.assignors)}"
        )
    if response.generation_id < 0 or response.member_id == NO_MEMBER_ID:
        return (
            f"the coordinator let a member into group {group!r} with generation "
            f"{response.generation_id} and id {response.member_id!r}: that cannot be"
        )
    return None


_ADVICE: Mapping[ErrorCode, str] = MappingProxyType(
    {
        ErrorCode.FENCED_INSTANCE_ID: "another consumer took over the group.instance.id: give "
        "every consumer its own",
        ErrorCode.INCONSISTENT_GROUP_PROTOCOL: "the members share no assignor: give every consumer "
        "of the group one assignor in common, and change assignors in two rolling bounces",
        ErrorCode.INVALID_SESSION_TIMEOUT: "session.timeout.ms must lie between the broker's "
        "group.min.session.timeout.ms and group.max.session.timeout.ms",
        ErrorCode.INVALID_GROUP_ID: "choose a group.id that the broker takes",
        ErrorCode.GROUP_AUTHORIZATION_FAILED: "allow this principal READ on the group",
        ErrorCode.GROUP_MAX_SIZE_REACHED: "the group has as many members as the broker's "
        "group.max.size allows: run fewer consumers or raise it",
        ErrorCode.UNSUPPORTED_VERSION: "the broker does not know group.instance.id: unset it",
    }
)


def _fatal(core: MemberCore, error: ErrorCode) -> str:
    advice = _ADVICE.get(error, "this is not an answer that a member can go on from")
    return f"group {core.config.group_id!r} refused to let this member join: {error.name}; {advice}"
