"""A coordinator on a bench: virtual time, members by name, the log in the tester's hand.

`A` is whoever has client id "A"; the ids the coordinator gives are "A-1", "B-2" and so on, counted
over the whole bench, and "a-1" for a static member of instance "a". Time moves by `advance` alone
and fires everything on its way at its own deadline. Appends are answered at once unless
`hold_appends` is set.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any, TypeVar

from assignors.model import TopicPartition
from rebalance.coordinator import GroupCoordinator, GroupSnapshot
from rebalance.protocol.config import CoordinatorConfig
from rebalance.protocol.effects import (
    Append,
    Appended,
    AppendMarker,
    CoordinatorEvent,
    Effect,
    Received,
    Reply,
)
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.notices import MemberAdded
from rebalance.protocol.requests import (
    CoordinatorRequest,
    GroupProtocol,
    HeartbeatRequest,
    JoinGroupRequest,
    LeaveGroupRequest,
    LeavingMember,
    OffsetCommitRequest,
    OffsetToCommit,
    SyncGroupAssignment,
    SyncGroupRequest,
)
from rebalance.protocol.responses import (
    CoordinatorResponse,
    HeartbeatResponse,
    JoinGroupResponse,
    LeaveGroupResponse,
    OffsetCommitResponse,
    SyncGroupResponse,
)
from rebalance.protocol.states import GroupState
from rebalance.protocol.timers import TimerKey, TimerKind

GROUP = "g"
SESSION = 10_000
REBALANCE = 60_000
P0 = TopicPartition("t", 0)

NONE = ErrorCode.NONE
UNKNOWN_MEMBER_ID = ErrorCode.UNKNOWN_MEMBER_ID
FENCED_INSTANCE_ID = ErrorCode.FENCED_INSTANCE_ID
ILLEGAL_GENERATION = ErrorCode.ILLEGAL_GENERATION
REBALANCE_IN_PROGRESS = ErrorCode.REBALANCE_IN_PROGRESS
MEMBER_ID_REQUIRED = ErrorCode.MEMBER_ID_REQUIRED
INCONSISTENT_GROUP_PROTOCOL = ErrorCode.INCONSISTENT_GROUP_PROTOCOL
INVALID_GROUP_ID = ErrorCode.INVALID_GROUP_ID

EMPTY = GroupState.EMPTY
PREPARING = GroupState.PREPARING_REBALANCE
COMPLETING = GroupState.COMPLETING_REBALANCE
STABLE = GroupState.STABLE
DEAD = GroupState.DEAD

R = TypeVar("R", bound=CoordinatorResponse)
E = TypeVar("E", bound=Effect)


def offers(*names: str, **metadata: bytes) -> tuple[GroupProtocol, ...]:
    """Protocols in order of preference: names without metadata, then names with."""
    bare = tuple(GroupProtocol(name=name, metadata=b"") for name in names)
    return bare + tuple(GroupProtocol(name=n, metadata=m) for n, m in metadata.items())


class Bench:
    """One coordinator and one group."""

    def __init__(self, *, delay: int = 0, hold_appends: bool = False, **config: int) -> None:
        suffixes = count(1)
        self.coordinator = GroupCoordinator(
            CoordinatorConfig(group_initial_rebalance_delay_ms=delay, **config),
            lambda: str(next(suffixes)),
        )
        self.now = 0
        self.hold_appends = hold_appends
        self.held: list[Append | AppendMarker] = []
        self.ids: dict[str, str] = {}
        self.instances: dict[str, str] = {}
        self.replies: dict[Any, CoordinatorResponse] = {}
        self.effects: tuple[Effect, ...] = ()
        self._tokens = count(1)

    # --- events and time ---

    def handle(self, event: CoordinatorEvent) -> tuple[Effect, ...]:
        """One event; its effects, with those of the appends that were answered at once."""
        return self._take(self.coordinator.handle(event, self.now))

    def advance(self, milliseconds: int = 0) -> tuple[Effect, ...]:
        """Let time pass, firing what is due at its own deadline."""
        end = self.now + milliseconds
        effects: tuple[Effect, ...] = ()
        while (deadline := self.coordinator.next_deadline()) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            effects += self._take(self.coordinator.advance(self.now))
        self.now = end
        self.effects = effects
        return effects

    def appended(self, error: ErrorCode = NONE) -> tuple[Effect, ...]:
        """The oldest held append is durable, or failed."""
        return self.handle(Appended(token=self.held.pop(0).token, error=error))

    def _take(self, effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
        taken: list[Effect] = []
        todo = list(effects)
        while todo:
            effect = todo.pop(0)
            taken.append(effect)
            if isinstance(effect, Append | AppendMarker):
                if self.hold_appends:
                    self.held.append(effect)
                else:
                    todo += self.coordinator.handle(Appended(token=effect.token), self.now)
            elif isinstance(effect, Reply):
                assert effect.token not in self.replies, "answered twice"
                self.replies[effect.token] = effect.response
            elif isinstance(effect, MemberAdded):
                self.ids[effect.client_id] = effect.member_id
        self.effects = tuple(taken)
        return self.effects

    # --- requests ---

    def send(self, request: CoordinatorRequest) -> int:
        """A request; its token."""
        token = next(self._tokens)
        self.handle(Received(token=token, request=request))
        return token

    def ask(self, request: CoordinatorRequest, kind: type[R]) -> R:
        """A request that must be answered at once."""
        answer = self.replies[self.send(request)]
        assert isinstance(answer, kind)
        return answer

    def refused(self, request: CoordinatorRequest) -> CoordinatorResponse:
        """A request that must be answered at once and must not change the group or a timer."""
        before = self.seen()
        answer = self.replies[self.send(request)]
        assert self.seen() == before
        return answer

    def seen(self) -> object:
        """Everything of the coordinator that can be seen from outside."""
        groups = self.coordinator.group_ids
        return [self.coordinator.group(group) for group in groups], self.coordinator.timers

    def join_request(self, name: str, **changes: Any) -> JoinGroupRequest:
        """What `name` would send; `instance` makes it static."""
        instance = changes.pop("instance", self.instances.get(name))
        fields: dict[str, Any] = {
            "group_id": GROUP,
            "session_timeout_ms": SESSION,
            "rebalance_timeout_ms": REBALANCE,
            "member_id": self.ids.get(name, ""),
            "group_instance_id": instance,
            "protocol_type": "consumer",
            "protocols": offers("range"),
            "client_id": name,
            "client_host": "/127.0.0.1",
            "version": 9,
        }
        return JoinGroupRequest(**(fields | changes))

    def join(self, name: str, **changes: Any) -> int:
        """One JoinGroup; its token. An id that is handed out is kept."""
        request = self.join_request(name, **changes)
        if request.group_instance_id is not None:
            self.instances[name] = request.group_instance_id
        token = self.send(request)
        answer = self.replies.get(token)
        if isinstance(answer, JoinGroupResponse) and answer.error is MEMBER_ID_REQUIRED:
            self.ids[name] = answer.member_id
        return token

    def joined(self, name: str, **changes: Any) -> JoinGroupResponse:
        """One JoinGroup that must be answered at once."""
        return self.answer(self.join(name, **changes), JoinGroupResponse)

    def enter(self, name: str, **changes: Any) -> int:
        """Both JoinGroups of a new dynamic member (J05), the one of any other; the last token."""
        token = self.join(name, **changes)
        answer = self.replies.get(token)
        if isinstance(answer, JoinGroupResponse) and answer.error is MEMBER_ID_REQUIRED:
            return self.join(name, **changes)
        return token

    def sync_request(
        self, name: str, given: Mapping[str, bytes] | None = None, **changes: Any
    ) -> SyncGroupRequest:
        """What `name` would send; `given` maps names to assignments."""
        fields: dict[str, Any] = {
            "group_id": GROUP,
            "generation_id": self.generation,
            "member_id": self.ids.get(name, name),
            "group_instance_id": self.instances.get(name),
            "protocol_type": "consumer",
            "protocol_name": self.group.protocol_name,
            "assignments": tuple(
                SyncGroupAssignment(member_id=self.ids.get(to, to), assignment=what)
                for to, what in (given or {}).items()
            ),
        }
        return SyncGroupRequest(**(fields | changes))

    def sync(self, name: str, given: Mapping[str, bytes] | None = None, **changes: Any) -> int:
        """One SyncGroup; its token."""
        return self.send(self.sync_request(name, given, **changes))

    def synced(
        self, name: str, given: Mapping[str, bytes] | None = None, **changes: Any
    ) -> SyncGroupResponse:
        """One SyncGroup that must be answered at once."""
        return self.answer(self.sync(name, given, **changes), SyncGroupResponse)

    def beat_request(self, name: str, **changes: Any) -> HeartbeatRequest:
        """What `name` would send."""
        fields: dict[str, Any] = {
            "group_id": GROUP,
            "generation_id": self.generation,
            "member_id": self.ids.get(name, name),
            "group_instance_id": self.instances.get(name),
        }
        return HeartbeatRequest(**(fields | changes))

    def beat(self, name: str, **changes: Any) -> ErrorCode:
        """One Heartbeat; its error."""
        return self.ask(self.beat_request(name, **changes), HeartbeatResponse).error

    def leave_request(self, *names: str, version: int = 5) -> LeaveGroupRequest:
        """All of them in one request."""
        members = tuple(
            LeavingMember(
                member_id=self.ids.get(name, name), group_instance_id=self.instances.get(name)
            )
            for name in names
        )
        return LeaveGroupRequest(group_id=GROUP, members=members, version=version)

    def leave(self, *names: str, version: int = 5) -> LeaveGroupResponse:
        """One LeaveGroup; its answer."""
        return self.ask(self.leave_request(*names, version=version), LeaveGroupResponse)

    def commit_request(self, name: str = "", **changes: Any) -> OffsetCommitRequest:
        """What `name` would send; nobody: from outside of any generation."""
        fields: dict[str, Any] = {
            "group_id": GROUP,
            "generation_id": self.generation if name else -1,
            "member_id": self.ids.get(name, name),
            "group_instance_id": self.instances.get(name),
            "offsets": (OffsetToCommit(partition=P0, offset=7),),
        }
        return OffsetCommitRequest(**(fields | changes))

    def commit(self, name: str = "", **changes: Any) -> ErrorCode:
        """One OffsetCommit; the error of its first partition."""
        answer = self.ask(self.commit_request(name, **changes), OffsetCommitResponse)
        return answer.partitions[0].error

    # --- what is seen ---

    def answer(self, token: int, kind: type[R]) -> R:
        """The answer to a token."""
        answer = self.replies[token]
        assert isinstance(answer, kind)
        return answer

    def join_answer(self, token: int) -> JoinGroupResponse:
        """The answer to a JoinGroup."""
        return self.answer(token, JoinGroupResponse)

    def is_parked(self, token: int) -> bool:
        """No answer yet."""
        return token not in self.replies

    def told(self, kind: type[E]) -> list[E]:
        """Effects of one kind in the last call."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    @property
    def group(self) -> GroupSnapshot:
        """The group, which must exist."""
        group = self.coordinator.group(GROUP)
        assert group is not None
        return group

    @property
    def state(self) -> GroupState:
        """The group's state."""
        return self.group.state

    @property
    def generation(self) -> int:
        """The group's generation; 0 while there is no group."""
        group = self.coordinator.group(GROUP)
        return 0 if group is None else group.generation_id

    @property
    def members(self) -> tuple[str, ...]:
        """The member ids in order."""
        return tuple(member.member_id for member in self.group.members)

    @property
    def pending(self) -> tuple[str, ...]:
        """Ids handed out and not yet joined."""
        return self.group.pending_member_ids

    @property
    def timers(self) -> Mapping[TimerKey, int]:
        """What is armed, but for the check of retention, which runs while there is a group."""
        armed = self.coordinator.timers.items()
        return {key: deadline for key, deadline in armed if key.kind is not TimerKind.RETENTION}

    @property
    def deadline_in(self) -> int | None:
        """Milliseconds to the next deadline of a group."""
        return next((deadline - self.now for deadline in self.timers.values()), None)

    # --- states to begin from ---

    def completing(self, *names: str, **changes: Any) -> None:
        """All of `names` joined, nobody synced; the first leads."""
        for name in names:
            self.enter(name, **changes)
        self.advance()
        assert self.state is COMPLETING

    def stable(self, *names: str, **changes: Any) -> None:
        """All of `names` joined and synced, each with its name as assignment."""
        self.completing(*names, **changes)
        given = {name: name.encode() for name in names}
        for name in names:
            self.sync(name, given)
        assert self.state is STABLE

    def preparing(self, *names: str, **changes: Any) -> None:
        """A rebalance that waits for all of `names` but the first, which is parked."""
        self.stable(*names, **changes)
        self.join(names[0], **changes)
        assert self.state is PREPARING


def dead(bench: Bench) -> Bench:
    """Unload the group as a coordinator that moves away would; no request does that yet."""
    bench.coordinator._context.groups[GROUP].transition(DEAD, bench.now)
    return bench


def at_state(state: GroupState, *names: str, **changes: Any) -> Bench:
    """A bench whose group is in `state`: Empty after everybody left."""
    bench = Bench()
    if state is PREPARING:
        bench.preparing(*names, **changes)
    elif state is COMPLETING:
        bench.completing(*names, **changes)
    else:
        bench.stable(*names, **changes)
    if state is EMPTY:
        bench.leave(*names)
    elif state is DEAD:
        dead(bench)
    assert bench.state is state
    return bench
