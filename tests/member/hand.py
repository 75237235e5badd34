"""A member in the hand: tell it something, look at what it wants, answer by hand.

No coordinator is imitated here: every answer is written out by the test that gives it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from assignors.codec import decode_subscription, encode_assignment, encode_subscription
from assignors.interface import Assignor, Promise, RebalanceProtocol
from assignors.model import (
    ClusterMetadata,
    GroupAssignment,
    PartitionSet,
    Subscription,
    TopicPartition,
)
from rebalance.member import ClassicMember, MemberConfig
from rebalance.member import events as e
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import (
    FindCoordinatorRequest,
    HeartbeatRequest,
    JoinGroupRequest,
    LeaveGroupRequest,
    MetadataRequest,
    OffsetCommitRequest,
    SyncGroupRequest,
)
from rebalance.protocol.responses import (
    CommittedPartition,
    FindCoordinatorResponse,
    HeartbeatResponse,
    JoinedMember,
    JoinGroupResponse,
    LeaveGroupResponse,
    MetadataResponse,
    OffsetCommitResponse,
    Response,
    SyncGroupResponse,
)
from rebalance.protocol.states import MemberState

Effect = TypeVar("Effect", bound=e.MemberEffect)


class Eager:
    """Assigns nothing by itself: the test says the plan."""

    def __init__(self, name: str = "hand", user_data: bytes = b"") -> None:
        self.name = name
        self._user_data = user_data

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, Subscription]
    ) -> GroupAssignment:
        raise AssertionError("the member never runs the assignor itself")

    def user_data(self, topics: Any, owned: PartitionSet, generation_id: int) -> bytes:
        return self._user_data


class Both(Eager):
    """Supports both protocols and may withhold what is claimed, like cooperative-sticky."""

    promises = frozenset({Promise.COOPERATIVE_SAFE})
    protocols = (RebalanceProtocol.COOPERATIVE, RebalanceProtocol.EAGER)


class OnlyCooperative(Eager):
    """Supports COOPERATIVE alone."""

    protocols = (RebalanceProtocol.COOPERATIVE,)


def parts(*ids: int, topic: str = "t") -> PartitionSet:
    """Partitions of one topic."""
    return PartitionSet({topic: ids})


def tp(partition: int, topic: str = "t") -> TopicPartition:
    """One partition."""
    return TopicPartition(topic, partition)


class Hand:
    """Holds one member; `log` is every effect so far."""

    def __init__(
        self,
        assignors: Iterable[Assignor] | None = None,
        *,
        cooperative: bool = False,
        **settings: Any,
    ) -> None:
        chosen = list(assignors) if assignors else [Both() if cooperative else Eager()]
        settings.setdefault("group_id", "g")
        self.member = ClassicMember(MemberConfig(**settings), chosen)
        self.now = 0
        self.log: list[e.MemberEffect] = []
        self.member_id = "m-1"
        self.generation_id = 0

    # --- verbs -----------------------------------------------------------------------------------

    def tell(self, event: e.MemberEvent) -> tuple[e.MemberEffect, ...]:
        """Hand an event in, at the present time."""
        effects = self.member.handle(event, self.now)
        self.log.extend(effects)
        return effects

    def wait(self, ms: int) -> tuple[e.MemberEffect, ...]:
        """Let time pass, firing every deadline at its own time."""
        effects: list[e.MemberEffect] = []
        until = self.now + ms
        while (deadline := self.member.next_deadline()) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            effects.extend(self.member.advance(self.now))
        self.now = until
        self.log.extend(effects)
        return tuple(effects)

    # --- looking ---------------------------------------------------------------------------------

    def last(self, kind: type[Effect]) -> Effect:
        """The latest effect of a kind."""
        return next(x for x in reversed(self.log) if isinstance(x, kind))

    def all(self, kind: type[Effect]) -> list[Effect]:
        """All effects of a kind."""
        return [x for x in self.log if isinstance(x, kind)]

    def sends(self, request: type[Any]) -> list[e.Send]:
        """All requests of a type that went out."""
        return [x for x in self.all(e.Send) if isinstance(x.request, request)]

    def waits_for(self, request: type[Any]) -> bool:
        """True while such a request is not answered."""
        return any(send.token in self.member.waiting_for for send in self.sends(request))

    def claims(self) -> Subscription:
        """The subscription in the latest JoinGroup."""
        request = self.sends(JoinGroupRequest)[-1].request
        assert isinstance(request, JoinGroupRequest)
        return decode_subscription(request.protocols[0].metadata)

    @property
    def join(self) -> JoinGroupRequest:
        """The latest JoinGroup."""
        request = self.sends(JoinGroupRequest)[-1].request
        assert isinstance(request, JoinGroupRequest)
        return request

    # --- answering -------------------------------------------------------------------------------

    def answer(self, request: type[Any], response: Response) -> tuple[e.MemberEffect, ...]:
        """Answer the latest request of a type."""
        return self.tell(e.Answered(token=self.sends(request)[-1].token, response=response))

    def no_answer(self, request: type[Any]) -> tuple[e.MemberEffect, ...]:
        """The connection of the latest request of a type broke."""
        return self.tell(e.Unanswered(token=self.sends(request)[-1].token))

    def found(self, node_id: int = 1) -> tuple[e.MemberEffect, ...]:
        """The coordinator is there."""
        return self.answer(FindCoordinatorRequest, FindCoordinatorResponse(node_id=node_id))

    def lookup_refused(self, error: ErrorCode) -> tuple[e.MemberEffect, ...]:
        """FindCoordinator failed."""
        return self.answer(FindCoordinatorRequest, FindCoordinatorResponse(error=error))

    def refused(self, error: ErrorCode, member_id: str = "") -> tuple[e.MemberEffect, ...]:
        """JoinGroup failed."""
        return self.answer(JoinGroupRequest, JoinGroupResponse(error=error, member_id=member_id))

    def joined(
        self,
        *,
        leads: Mapping[str, Subscription | bytes] | None = None,
        protocol_name: str | None = None,
        skip_assignment: bool = False,
    ) -> tuple[e.MemberEffect, ...]:
        """JoinGroup succeeded, in the next generation; `leads` makes the member its leader."""
        self.generation_id += 1
        members = tuple(
            JoinedMember(
                member_id=member,
                metadata=x if isinstance(x, bytes) else encode_subscription(x),
            )
            for member, x in (leads or {}).items()
        )
        response = JoinGroupResponse(
            generation_id=self.generation_id,
            protocol_type="consumer",
            protocol_name=protocol_name or self.join.protocols[0].name,
            leader=self.member_id if leads is not None else "somebody",
            member_id=self.member_id,
            members=members,
            skip_assignment=skip_assignment,
        )
        return self.answer(JoinGroupRequest, response)

    def synced(self, partitions: PartitionSet) -> tuple[e.MemberEffect, ...]:
        """SyncGroup brought these."""
        return self.answer(
            SyncGroupRequest, SyncGroupResponse(assignment=encode_assignment(partitions))
        )

    def sync_refused(self, error: ErrorCode) -> tuple[e.MemberEffect, ...]:
        """SyncGroup failed."""
        return self.answer(SyncGroupRequest, SyncGroupResponse(error=error))

    def metadata(
        self, error: ErrorCode = ErrorCode.NONE, **topics: int
    ) -> tuple[e.MemberEffect, ...]:
        """The topics have so many partitions."""
        return self.answer(
            MetadataRequest, MetadataResponse(error=error, cluster=ClusterMetadata(topics))
        )

    def beat(self, error: ErrorCode = ErrorCode.NONE) -> tuple[e.MemberEffect, ...]:
        """The latest heartbeat was answered."""
        return self.answer(HeartbeatRequest, HeartbeatResponse(error=error))

    def left(self) -> tuple[e.MemberEffect, ...]:
        """LeaveGroup was answered."""
        return self.answer(LeaveGroupRequest, LeaveGroupResponse())

    def positions(self, offset: int = 7) -> tuple[e.MemberEffect, ...]:
        """Every partition asked for was read up to `offset`."""
        asked = self.last(e.TakePositions)
        offsets = dict.fromkeys(asked.partitions, offset)
        return self.tell(e.PositionsTaken(token=asked.token, offsets=offsets))

    def committed(self, error: ErrorCode = ErrorCode.NONE) -> tuple[e.MemberEffect, ...]:
        """The latest OffsetCommit was answered, each partition alike."""
        request = self.sends(OffsetCommitRequest)[-1].request
        assert isinstance(request, OffsetCommitRequest)
        each = tuple(
            CommittedPartition(partition=offset.partition, error=error)
            for offset in request.offsets
        )
        return self.answer(OffsetCommitRequest, OffsetCommitResponse(partitions=each))

    def done(
        self, callback: type[e.Revoke | e.Assign | e.Lose], error: BaseException | None = None
    ) -> tuple[e.MemberEffect, ...]:
        """The listener returned."""
        return self.tell(e.CallbackDone(token=self.last(callback).token, error=error))

    # --- stories ---------------------------------------------------------------------------------

    def start(self, *topics: str) -> "Hand":
        """Subscribe; the JoinGroup with the member's id is out."""
        self.tell(e.Subscribe(topics=topics or ("t",)))
        self.found()
        if self.member.config.group_instance_id is None:
            self.refused(ErrorCode.MEMBER_ID_REQUIRED, self.member_id)
        return self

    def stable(self, *ids: int, topic: str = "t") -> "Hand":
        """A follower that owns these partitions, from nothing."""
        if self.member.state is MemberState.UNSUBSCRIBED:
            self.start(topic)
        self.joined()
        self.synced(parts(*ids, topic=topic))
        self.done(e.Assign)
        assert self.member.state is MemberState.STABLE
        return self

    def leads(self, *ids: int) -> "Hand":
        """The leader of a group of one, which plans all four partitions of t and is given these."""
        self.start("t")
        self.joined(leads={self.member_id: Subscription(topics=("t",))})
        self.metadata(t=4)
        self.plan(**{self.member_id: parts(*range(4))})
        self.synced(parts(*ids))
        self.done(e.Assign)
        return self

    def plan(self, **assigned: PartitionSet) -> tuple[e.MemberEffect, ...]:
        """The assignor's plan; a dash in a member id is written as two underscores."""
        named = {member.replace("__", "-"): each for member, each in assigned.items()}
        token = self.last(e.RunAssignor).token
        return self.tell(e.AssignorDone(token=token, assignment=GroupAssignment(named)))

    def rebalances(self) -> "Hand":
        """The next heartbeat says that the group rebalances."""
        self.wait(self.member.config.heartbeat_interval_ms)
        self.beat(ErrorCode.REBALANCE_IN_PROGRESS)
        return self


def states(effects: Iterable[e.MemberEffect]) -> list[MemberState]:
    """The states that were entered."""
    return [x.state for x in effects if isinstance(x, e.MemberStateChanged)]


def kinds(effects: Iterable[e.MemberEffect]) -> list[str]:
    """What was asked for, in order: request types, and effects by name; states left out."""
    return [
        type(x.request).__name__.removesuffix("Request")
        if isinstance(x, e.Send)
        else type(x).__name__
        for x in effects
        if not isinstance(x, e.MemberStateChanged)
    ]
