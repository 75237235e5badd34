"""The client's side of the classic group protocol: events and time in, effects out (M01-M08).

Why: this is the one classic member of the project. The simulation, the client adapters and the
tests drive this object; it does no I/O, reads no clock and calls no listener. Here is only the
dispatch: each rule lives in the file that bears its name, what follows is decided in progress.py.
"""

from collections.abc import Sequence

from assignors.interface import Assignor, RebalanceProtocol, common_protocol
from assignors.model import PartitionSet
from rebalance.member import (
    commits,
    heartbeat,
    joining,
    leaving,
    lookup,
    polling,
    progress,
    reasons,
    reconcile,
    release,
    syncing,
    watching,
)
from rebalance.member import leading as leader
from rebalance.member.config import MemberConfig
from rebalance.member.core import (
    COMMITS_HOLD_UP,
    QUEUED_COMMIT,
    InFlight,
    MemberCore,
    RequestKind,
)
from rebalance.member.errors import MemberUsageError
from rebalance.member.events import (
    Answered,
    AssignorDone,
    AssignorFailed,
    CallbackDone,
    Close,
    CommitOffsets,
    EnforceRebalance,
    MemberEffect,
    MemberEvent,
    Polled,
    PositionsTaken,
    Subscribe,
    Unanswered,
    Unsubscribe,
)
from rebalance.protocol.responses import (
    FindCoordinatorResponse,
    HeartbeatResponse,
    JoinGroupResponse,
    LeaveGroupResponse,
    MetadataResponse,
    OffsetCommitResponse,
    Response,
    SyncGroupResponse,
)
from rebalance.protocol.states import MemberState
from rebalance.protocol.timers import TimerKey, TimerKind


class ClassicMember:
    """One member of one group, eager or cooperative as its assignors allow (M04).

    Args:
        config: Kafka's client settings.
        assignors: in order of preference; the coordinator chooses one that all members offer.

    Raises:
        ProtocolMismatchError: the assignors share no rebalance protocol, or there are none.
        AssignorInterfaceError: an assignor declares protocols that do not exist.
        ValueError: two assignors have the same name.
    """

    def __init__(self, config: MemberConfig, assignors: Sequence[Assignor]) -> None:
        protocol = common_protocol(assignors)
        named = {assignor.name: assignor for assignor in assignors}
        if len(named) != len(assignors):
            names = ", ".join(assignor.name for assignor in assignors)
            raise ValueError(f"assignors {names}: two have the same name on the wire")
        self._core = MemberCore(config=config, assignors=named, protocol=protocol)

    # --- the three verbs -------------------------------------------------------------------------

    def handle(self, event: MemberEvent, now: int) -> tuple[MemberEffect, ...]:
        """Take one event at `now` (ms, never going back) and say what must happen, in order.

        Whatever a peer answers is taken; outcomes with an unknown or old token are ignored, also
        after the end, because no driver can hold them back. After the end (STOPPED, FAILED)
        Unsubscribe, Close and Polled change nothing and CommitOffsets is refused. Timers that are
        due are not fired here: call `advance` first, so that the order is the caller's decision.

        Raises:
            MemberUsageError: Subscribe or EnforceRebalance of a member that is closed or failed,
                EnforceRebalance without a subscription, a commit with a negative offset, or a
                response of another type than its request's.
            TypeError: the event is none of the vocabulary's.
        """
        self._core.now = now
        # Most events are polls, after which there is nothing to settle.
        if type(event) is Polled and not polling.polled(self._core):
            return ()
        self._dispatch(event)
        return self._settled()

    def advance(self, now: int) -> tuple[MemberEffect, ...]:
        """Fire what is due at `now` (ms), in order of deadline, then of arming.

        What follows is decided once all of it has fired: a process that wakes from a long sleep
        does not send a heartbeat to a coordinator that it gives up in the same breath.
        """
        core = self._core
        core.now = now
        while (key := core.timers.pop_due(now)) is not None:
            self._fire(key)
            while (key := core.timers.pop_due(now)) is not None:
                self._fire(key)
            progress.settle(core)
        return self._taken()  # where nothing was due, nothing follows

    def next_deadline(self) -> int | None:
        """When `advance` has something to do next (ms), or None."""
        return self._core.timers.next_deadline()

    # --- views -----------------------------------------------------------------------------------

    @property
    def state(self) -> MemberState:
        """Where the member is in the protocol."""
        return self._core.state

    @property
    def config(self) -> MemberConfig:
        """The settings it was made with."""
        return self._core.config

    @property
    def member_id(self) -> str:
        """As the coordinator gave it; "" while there is none."""
        return self._core.generation.member_id

    @property
    def generation_id(self) -> int:
        """The last generation joined; -1 while there is none."""
        return self._core.generation.generation_id

    @property
    def owned(self) -> PartitionSet:
        """What the member may process: from Assign until its Revoke is done, or Lose."""
        return self._core.owned

    @property
    def topics(self) -> tuple[str, ...]:
        """What the user subscribed to, sorted."""
        return self._core.topics

    @property
    def leader(self) -> bool:
        """True if this member leads the generation it is in."""
        return self._core.leader

    @property
    def protocol(self) -> RebalanceProtocol:
        """How this member gives partitions up, whichever assignor the group chose (M04)."""
        return self._core.protocol

    @property
    def protocol_name(self) -> str:
        """The assignor that the group chose; "" outside of a generation."""
        return self._core.generation.protocol_name

    @property
    def coordinator(self) -> int | None:
        """The coordinator's node id, if known."""
        return self._core.coordinator

    @property
    def last_heartbeat_ms(self) -> int | None:
        """When the last Heartbeat was sent."""
        return self._core.last_heartbeat_ms

    @property
    def waiting_for(self) -> tuple[int, ...]:
        """Tokens whose outcome the driver owes, ascending."""
        core = self._core
        tokens = [sent.token for sent in core.requests.values()]
        if core.callback is not None:
            tokens.append(core.callback.token)
        if core.release is not None and core.release.offsets is None:
            tokens.append(core.release.token)
        if core.leading is not None and core.leading.token is not None:
            tokens.append(core.leading.token)
        return tuple(sorted(tokens))

    # --- dispatch --------------------------------------------------------------------------------

    def _settled(self) -> tuple[MemberEffect, ...]:
        progress.settle(self._core)
        return self._taken()

    def _taken(self) -> tuple[MemberEffect, ...]:
        core = self._core
        effects, core.effects = tuple(core.effects), []
        return effects

    def _dispatch(self, event: MemberEvent) -> None:
        core = self._core
        match event:
            case Answered():
                self._answered(event)
            case Unanswered():
                sent = core.answered(event.token)
                if sent is not None:
                    progress.unanswered(core, sent)
            case CallbackDone():
                reconcile.callback_done(core, event)
            case PositionsTaken():
                release.positions_taken(core, event)
            case AssignorDone():
                leader.assignor_done(core, event)
            case AssignorFailed():
                leader.assignor_failed(core, event)
            case Polled():
                polling.polled(core)
            case CommitOffsets():
                commits.ask(core, event)
            case Subscribe():
                leaving.subscribe(core, event)
            case EnforceRebalance():
                _enforce(core, event)
            case Unsubscribe():
                leaving.unsubscribe(core)
            case Close():
                leaving.close(core)
            case _:
                raise TypeError(f"no event of a member: {event!r}")

    def _answered(self, event: Answered) -> None:
        core = self._core
        token = event.token
        for sent in core.requests.values():
            if sent.token == token:
                break
        else:
            return
        expected = _RESPONSES[sent.kind]
        if not isinstance(event.response, expected):
            raise MemberUsageError(
                f"{sent.kind.value} was answered with {type(event.response).__name__}: "
                f"give a {expected.__name__}"
            )
        core.drop(sent.kind)
        _heed(core, sent, event.response)

    def _fire(self, key: TimerKey) -> None:
        core = self._core
        match key.kind:
            case TimerKind.HEARTBEAT:
                heartbeat.due(core)
            case TimerKind.MEMBER_SESSION:
                heartbeat.session_expired(core)
            case TimerKind.POLL:
                polling.expired(core)
            case TimerKind.METADATA:
                watching.due(core)
            case TimerKind.REQUEST if key.member_id == COMMITS_HOLD_UP:
                release.timed_out(core)
            case TimerKind.REQUEST if key.member_id != QUEUED_COMMIT:
                sent = core.drop(RequestKind(key.member_id))
                if sent is not None:
                    progress.unanswered(core, sent)
            case _:
                """A pause or a queued commit's time is over: `progress` sees it."""


_RESPONSES: dict[RequestKind, type[Response]] = {
    RequestKind.FIND_COORDINATOR: FindCoordinatorResponse,
    RequestKind.METADATA: MetadataResponse,
    RequestKind.JOIN_GROUP: JoinGroupResponse,
    RequestKind.SYNC_GROUP: SyncGroupResponse,
    RequestKind.HEARTBEAT: HeartbeatResponse,
    RequestKind.OFFSET_COMMIT: OffsetCommitResponse,
    RequestKind.LEAVE_GROUP: LeaveGroupResponse,
}


def _heed(core: MemberCore, sent: InFlight, response: Response) -> None:
    match response:
        case FindCoordinatorResponse():
            lookup.answered(core, sent, response)
        case MetadataResponse():
            watching.answered(core, sent, response)
        case JoinGroupResponse():
            joining.answered(core, sent, response)
        case SyncGroupResponse():
            syncing.answered(core, sent, response)
        case HeartbeatResponse():
            heartbeat.answered(core, sent, response)
        case OffsetCommitResponse() if sent.commits:
            commits.answered(core, sent, response)
        case OffsetCommitResponse():
            release.answered(core, sent, response)
        case LeaveGroupResponse():
            leaving.answered(core, sent, response)


def _enforce(core: MemberCore, event: EnforceRebalance) -> None:
    leaving.refuse_at_end(core, "enforce a rebalance")
    if not core.topics:
        raise MemberUsageError("cannot enforce a rebalance without a subscription: subscribe first")
    core.request_rejoin(event.reason or reasons.ENFORCED)
