"""Bugs of a member."""

from dataclasses import replace

from assignors.interface import RebalanceProtocol
from assignors.model import PartitionSet
from rebalance.member import (
    commits,
    heartbeat,
    joining,
    leading,
    polling,
    progress,
    reconcile,
    syncing,
    watching,
)
from rebalance.member.core import InFlight, MemberCore, QueuedCommit
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.responses import HeartbeatResponse, JoinGroupResponse
from rebalance.protocol.states import MemberState
from rebalance.protocol.timers import TimerKind
from tests.mutations.mutation import Mutation, Patch, room

MEMBER: list[Mutation] = []
mutation = room("member", MEMBER)


def _nothing(*_: object, **__: object) -> None:
    """Leaves out what it stands for."""


@mutation()
def lost_partitions_are_kept(patch: Patch) -> None:
    """M02: a member that lost its generation goes on with what it had."""

    def lose(core: MemberCore) -> None:
        core.lost = False

    patch(progress, "lose_partitions", lose)


@mutation()
def eager_member_keeps_what_it_has(patch: Patch) -> None:
    """M01: an eager member joins without having revoked."""

    def doomed(core: MemberCore) -> PartitionSet:
        if core.protocol is RebalanceProtocol.EAGER and len(core.topics) > 1:
            return PartitionSet()
        found: PartitionSet = real(core)
        return found

    real = patch(joining, "_doomed", doomed)


@mutation()
def no_second_round(patch: Patch) -> None:
    """M01: a cooperative member revokes and does not join again."""

    def step(core: MemberCore) -> bool:
        wanted = core.rejoin_reason
        done: bool = real(core)
        revoking = core.release is not None and core.release.partitions
        if revoking and len(core.topics) > 1:
            core.rejoin_reason = wanted
        return done

    real = patch(reconcile, "step", step)
    steps = dict(progress._STEPS)
    steps[MemberState.RECONCILING] = step
    patch(progress, "_STEPS", steps)


@mutation()
def assigned_before_revoked(patch: Patch) -> None:
    """M01: a cooperative member drops what it is to give up without calling its listener."""

    def step(core: MemberCore) -> bool:
        plan = core.assignment
        if core.release is None and plan is not None and len(core.topics) > 1:
            revoked = core.owned - plan
            if revoked and core.protocol is RebalanceProtocol.COOPERATIVE:
                core.owned -= revoked
                core.request_rejoin("partitions revoked")
        done: bool = real(core)
        return done

    real = reconcile.step
    steps = dict(progress._STEPS)
    steps[MemberState.RECONCILING] = step
    patch(progress, "_STEPS", steps)


@mutation()
def news_of_a_rebalance_is_ignored(patch: Patch) -> None:
    """M05: REBALANCE_IN_PROGRESS in answer to a heartbeat leads to nothing."""

    def answered(core: MemberCore, sent: InFlight, response: HeartbeatResponse) -> None:
        if response.error is ErrorCode.REBALANCE_IN_PROGRESS and len(core.topics) > 1:
            response = replace(response, error=ErrorCode.NONE)
        real(core, sent, response)

    real = patch(heartbeat, "answered", answered)


@mutation("KAFKA-3854: a later subscription did not trigger a rebalance")
def new_subscription_is_not_told(patch: Patch) -> None:
    """M01: a stable member that wants other topics does not join again."""

    def stable(core: MemberCore) -> bool:
        told, core.joined_topics = core.joined_topics, core.topics
        done: bool = real(core)
        core.joined_topics = told
        return done

    real = progress._stable
    steps = dict(progress._STEPS)
    steps[MemberState.STABLE] = stable
    patch(progress, "_STEPS", steps)


@mutation("sarama#1462, kafkajs#133: no rebalance when a topic has more partitions")
def new_partitions_are_not_seen(patch: Patch) -> None:
    """M01: the leader does not notice that its topics have more partitions."""
    patch(watching, "_differs", lambda *_: False)


@mutation("KAFKA-13435: partitions added after a static leader's restart stayed unread")
def static_leader_does_not_watch(patch: Patch) -> None:
    """J15: a static leader that came back does not look after the topics it did not assign."""

    def begin(core: MemberCore, response: JoinGroupResponse) -> None:
        real(core, response)
        if response.skip_assignment:
            core.watch = None

    real = patch(leading, "begin", begin)


@mutation("akka/alpakka-kafka#118: keeps committing what it no longer holds")
def commit_after_the_revocation(patch: Patch) -> None:
    """I03: a commit that waits goes out although its partition has another owner by now."""

    def hopeless(core: MemberCore, queued: QueuedCommit) -> object:
        waits = core.coordinator is not None or core.now < queued.deadline
        return None if core.generation.joined and waits else real(core, queued)

    def let_it_be(core: MemberCore) -> None:
        core.commits = type(core.commits)(
            replace(each, may=PartitionSet(list(each.event.offsets))) for each in core.commits
        )

    real = patch(commits, "_hopeless", hopeless)
    patch(joining, "_let_go", let_it_be)


@mutation("kafka4beam/brod#649: zombie consumers go on after their eviction")
def unknown_member_goes_on(patch: Patch) -> None:
    """M02: UNKNOWN_MEMBER_ID in answer to a heartbeat is taken for a passing trouble."""

    def answered(core: MemberCore, sent: InFlight, response: HeartbeatResponse) -> None:
        if response.error is ErrorCode.UNKNOWN_MEMBER_ID:
            response = replace(response, error=ErrorCode.NONE)
        real(core, sent, response)

    real = patch(heartbeat, "answered", answered)


@mutation("kafka4beam/brod#649: believes in an assignment that its coordinator does not")
def illegal_generation_goes_on(patch: Patch) -> None:
    """M05: ILLEGAL_GENERATION in answer to a heartbeat is taken for a passing trouble."""

    def answered(core: MemberCore, sent: InFlight, response: HeartbeatResponse) -> None:
        if response.error is ErrorCode.ILLEGAL_GENERATION:
            response = replace(response, error=ErrorCode.NONE)
        real(core, sent, response)

    real = patch(heartbeat, "answered", answered)


@mutation("aiokafka#1187: can never join again after max_poll_interval_ms")
def stale_member_stays_away(patch: Patch) -> None:
    """M07: a member that exceeded max.poll.interval.ms does not come back at the next poll."""
    steps = dict(progress._STEPS)
    del steps[MemberState.STALE]
    patch(progress, "_STEPS", steps)


@mutation("aiokafka#1187: holding no partitions it can never join again")
def stale_member_with_nothing_stays_away(patch: Patch) -> None:
    """M07: a member that had no partitions when it became stale does not come back."""

    def expired(core: MemberCore) -> None:
        had = bool(core.owned)
        real(core)
        if core.state is MemberState.STALE:
            core.topics = core.topics if had else ()

    def step(core: MemberCore) -> bool:
        done: bool = bool(core.topics) and come_back(core)
        return done

    real = patch(polling, "expired", expired)
    come_back = polling.step
    steps = dict(progress._STEPS)
    steps[MemberState.STALE] = step
    patch(progress, "_STEPS", steps)


@mutation("sarama#2110: heartbeats stopped, and the member was evicted")
def heartbeats_stop(patch: Patch) -> None:
    """M05: the heartbeat timer is armed by the join alone, not by each heartbeat."""

    def pursue(core: MemberCore) -> None:
        beats = core.last_heartbeat_ms
        real(core)
        if core.last_heartbeat_ms != beats and len(core.topics) > 1:
            core.timers.cancel(core.key(TimerKind.HEARTBEAT))

    real = patch(heartbeat, "pursue", pursue)


@mutation()
def assignment_is_added_to_what_was_there(patch: Patch) -> None:
    """M01: a cooperative member keeps what its new assignment does not name."""

    def assigned(core: MemberCore, response: object) -> None:
        real(core, response)
        cooperative = core.protocol is RebalanceProtocol.COOPERATIVE
        if cooperative and core.assignment is not None and len(core.topics) > 1:
            core.assignment |= core.owned

    real = patch(syncing, "_assigned", assigned)


@mutation()
def claim_is_not_sent(patch: Patch) -> None:
    """M03: a cooperative member does not say what it owns."""

    def offer(core: MemberCore, name: str) -> object:
        owned, core.owned = core.owned, PartitionSet()
        try:
            return real(core, name)
        finally:
            core.owned = owned

    real = patch(joining, "_offer", offer)
