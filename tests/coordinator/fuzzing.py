"""Hostile traffic for one coordinator: anything a peer can send, in any order, at any time.

A step is plain data, so that a failing run can be printed and kept. `Rig` executes steps and
checks after each what must hold whatever was sent; it knows events, effects and snapshots only.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from rebalance.coordinator import GroupCoordinator
from rebalance.protocol.config import CoordinatorConfig
from rebalance.protocol.effects import (
    Append,
    Appended,
    AppendMarker,
    Effect,
    Received,
    Reply,
    TopicDeleted,
    TransactionEnded,
)
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.java_hash import partition_of
from rebalance.protocol.notices import MemberAdded, StateChanged
from rebalance.protocol.records import Producer
from rebalance.protocol.requests import (
    CoordinatorRequest,
    DeleteGroupsRequest,
    GroupProtocol,
    HeartbeatRequest,
    JoinGroupRequest,
    LeaveGroupRequest,
    LeavingMember,
    OffsetCommitRequest,
    OffsetDeleteRequest,
    OffsetFetchRequest,
    OffsetToCommit,
    SyncGroupAssignment,
    SyncGroupRequest,
    TxnOffsetCommitRequest,
)
from rebalance.protocol.responses import (
    JoinGroupResponse,
    LeaveGroupResponse,
    TransactionCompleted,
)
from rebalance.protocol.states import GROUP_TRANSITIONS, GroupState
from rebalance.protocol.timers import TimerKind
from tests.coordinator.support import P0

GROUPS = ("g", "g", "g", "g", "h", "", "nobody")
NAMES = ("range", "sticky", "cooperative-sticky", "")
PRODUCERS = (1, 2)
TIMEOUTS = (6_000, 10_000, 60_000, 1_800_000, 5_999, 0, -1)
FAILURES = (ErrorCode.NONE,) * 6 + (
    ErrorCode.NOT_ENOUGH_REPLICAS,
    ErrorCode.NOT_LEADER_OR_FOLLOWER,
    ErrorCode.CORRUPT_MESSAGE,
)
WRITING = OffsetCommitRequest | TxnOffsetCommitRequest | DeleteGroupsRequest | OffsetDeleteRequest
LONG = 2_000_000
"""Longer than any timer."""


@dataclass
class Rig:
    """A coordinator under fire."""

    chance: random.Random
    delay: int = 3_000
    now: int = 0
    ids: list[str] = field(default_factory=lambda: ["", "stranger"])
    open: dict[int, CoordinatorRequest | TransactionEnded] = field(default_factory=dict)
    """Tokens without an answer."""
    parked: dict[tuple[type, str, str], int] = field(default_factory=dict)
    """The last request of each member that waited."""
    superseded: set[int | None] = field(default_factory=set)
    """Parked requests whose member asked again and was answered: they need no answer."""
    appends: list[int] = field(default_factory=list)
    generations: dict[str, int] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)
    log: list[Effect] = field(default_factory=list)
    most_entries: int = 0

    def __post_init__(self) -> None:
        suffixes = count(1)
        config = CoordinatorConfig(
            group_initial_rebalance_delay_ms=self.delay,
            group_max_size=self.chance.choice((3, 2**31 - 1, 2**31 - 1)),
        )
        self.coordinator = GroupCoordinator(config, lambda: str(next(suffixes)))
        self.tokens = count(1)

    # --- steps ---

    def step(self) -> None:
        """One thing happens."""
        kinds = ("request", "coherent", "append", "time", "event")
        (kind,) = self.chance.choices(kinds, weights=(10, 12, 6, 4, 1))
        if kind == "request":
            self.send(self.any_request())
        elif kind == "coherent":
            self.send(self.coherent_request())
        elif kind == "append" and self.appends:
            self.append(self.chance.choice(self.appends), self.chance.choice(FAILURES))
        elif kind == "event":
            self.event()
        elif kind == "time":
            self.advance(self.chance.choice((0, 1, 500, 3_000, 9_999, 60_000, 400_000)))

    def send(self, request: CoordinatorRequest) -> None:
        """A request arrives."""
        token = next(self.tokens)
        self.open[token] = request
        effects = self.coordinator.handle(Received(token=token, request=request), self.now)
        self.take(effects)
        if token in self.open:
            self._parked(token, request, effects)
        elif isinstance(request, JoinGroupRequest | SyncGroupRequest):
            # Taken over and answered in one go: then, too, it has replaced what was parked.
            before = self.parked.get((type(request), request.group_id, request.member_id))
            self.superseded.update({before} & self.open.keys())

    def _parked(self, token: int, request: CoordinatorRequest, effects: tuple[Effect, ...]) -> None:
        """Rule J17: what the same member had parked before is never answered."""
        if isinstance(request, WRITING):
            return  # waits for its append
        assert isinstance(request, JoinGroupRequest | SyncGroupRequest), "must not wait"
        added = [effect.member_id for effect in effects if isinstance(effect, MemberAdded)]
        member_id = added[0] if request.member_id == "" else request.member_id
        key = type(request), request.group_id, member_id
        self.open.pop(self.parked.get(key, 0), None)
        self.parked[key] = token

    def event(self) -> None:
        """What a broker tells without being asked."""
        if self.chance.random() < 0.2:
            self.take(self.coordinator.handle(TopicDeleted(topic="t"), self.now))
            return
        token = next(self.tokens)
        ended = TransactionEnded(
            token=token,
            partition=partition_of(self.chance.choice(GROUPS), 50),
            producer=Producer(producer_id=self.chance.choice(PRODUCERS), epoch=0),
            committed=self.chance.random() < 0.7,
        )
        self.open[token] = ended
        self.take(self.coordinator.handle(ended, self.now))

    def append(self, token: int, error: ErrorCode) -> None:
        """An append is over."""
        self.appends.remove(token)
        self.take(self.coordinator.handle(Appended(token=token, error=error), self.now))

    def advance(self, milliseconds: int) -> None:
        """Time passes, in one jump."""
        self.now += milliseconds
        self.take(self.coordinator.advance(self.now))
        deadline = self.coordinator.next_deadline()
        assert deadline is None or deadline > self.now

    # --- what must hold ---

    def take(self, effects: Iterable[Effect]) -> None:
        """Note effects, and check them."""
        for effect in effects:
            self.log.append(effect)
            if isinstance(effect, Reply):
                assert effect.token in self.open, "answered twice, or never asked"
                assert isinstance(effect.token, int)
                self._answer(effect.token, effect.response)
            elif isinstance(effect, Append | AppendMarker):
                self.appends.append(effect.token)
            elif isinstance(effect, MemberAdded):
                self.ids.append(effect.member_id)
            elif isinstance(effect, StateChanged):
                assert self.states.get(effect.group_id, effect.previous) is effect.previous
                assert effect.state in GROUP_TRANSITIONS[effect.previous]
                self.states[effect.group_id] = effect.state
                if effect.state is GroupState.DEAD:  # deleted: the name may be taken anew
                    del self.states[effect.group_id], self.generations[effect.group_id]
        self.check()

    def _answer(self, token: int, response: object) -> None:
        request = self.open.pop(token)
        if isinstance(request, TransactionEnded):
            assert isinstance(response, TransactionCompleted)
            return
        assert type(response).__name__ == type(request).__name__.replace("Request", "Response")
        if isinstance(response, JoinGroupResponse):
            if response.error is not ErrorCode.NONE:
                assert response == JoinGroupResponse(
                    error=response.error, member_id=response.member_id
                )
            if response.error is ErrorCode.MEMBER_ID_REQUIRED:
                self.ids.append(response.member_id)
        if isinstance(response, LeaveGroupResponse) and isinstance(request, LeaveGroupRequest):
            assert len(response.members) in (0, len(request.members))

    def check(self) -> None:
        """The groups as they stand."""
        timers = 1  # the check of retention
        for group_id in self.coordinator.group_ids:
            group = self.coordinator.group(group_id)
            assert group is not None
            assert group.generation_id >= self.generations.get(group_id, 0)
            self.generations[group_id] = group.generation_id
            ids = [member.member_id for member in group.members]
            assert len(set(ids)) == len(ids)
            assert not set(ids) & set(group.pending_member_ids)
            assert group.leader in ids if ids else group.leader is None
            instances = [m.group_instance_id for m in group.members if m.group_instance_id]
            assert len(set(instances)) == len(instances)
            if group.state.value in ("Empty", "Dead"):
                assert not ids
            if group.state.value in ("CompletingRebalance", "Stable"):
                assert ids
            timers += len(ids) + len(group.pending_member_ids) + 2
        entries = self.coordinator.timer_entries
        self.most_entries = max(self.most_entries, entries)
        assert entries <= max(2 * timers, 16)

    def finish(self) -> None:
        """Nobody calls any more: what waits must be answered, but for what was replaced (J17)."""
        while self.appends:
            self.append(self.appends[0], ErrorCode.NONE)
        for _ in range(20):
            self.advance(LONG)
            while self.appends:
                self.append(self.appends[0], ErrorCode.NONE)
        left = {key.kind for key in self.coordinator.timers}
        assert left <= {TimerKind.RETENTION}, "timers without end"
        for group_id in self.coordinator.group_ids:
            group = self.coordinator.group(group_id)
            assert group is not None
            assert (group.state.value, group.members) == ("Empty", ())
            assert group.pending_member_ids == ()
        assert not self.open.keys() - self.superseded, "parked for ever"

    # --- what is sent ---

    def coherent_request(self) -> CoordinatorRequest:
        """What a member that means well might send, as the group stands."""
        group = self.coordinator.group("g")
        members = group.members if group else ()
        if group is None or self.chance.random() < 0.2 or not (members or group.pending_member_ids):
            return self.join("", group_id="g", protocols=self.protocols("range"))
        if group.pending_member_ids and self.chance.random() < 0.5:
            member_id = self.chance.choice(group.pending_member_ids)
            return self.join(member_id, group_id="g", protocols=self.protocols("range"))
        if not members:
            return self.join("", group_id="g", protocols=self.protocols("range"))
        member = self.chance.choice(members)
        kind = self.chance.choice(("join", "sync", "sync", "beat", "commit", "leave"))
        if kind == "join":
            return self.join(member.member_id, group_id="g", protocols=self.protocols("range"))
        if kind == "sync":
            return SyncGroupRequest(
                group_id="g",
                generation_id=group.generation_id,
                member_id=member.member_id,
                protocol_type=group.protocol_type,
                protocol_name=group.protocol_name,
                assignments=tuple(
                    SyncGroupAssignment(member_id=m.member_id, assignment=b"x") for m in members
                ),
                version=self.chance.choice((4, 5)),
            )
        if kind == "beat":
            return HeartbeatRequest(
                group_id="g", generation_id=group.generation_id, member_id=member.member_id
            )
        if kind == "commit":
            return self.commit("g", group.generation_id, member.member_id, None)
        return LeaveGroupRequest(
            group_id="g", members=(LeavingMember(member_id=member.member_id),), version=5
        )

    def any_request(self) -> CoordinatorRequest:
        """Anything."""
        pick = self.chance.choice
        group_id, member_id = pick(GROUPS), pick(self.ids[-8:] + self.ids[:2])
        instance = pick((None, None, "s", "t", ""))
        generation = pick((-1, 0, 1, 2, self.generations.get(group_id, 0)))
        kind = pick(("join", "join", "sync", "beat", "leave", "commit", "fetch", "delete", "txn"))
        if kind == "join":
            return self.join(member_id, group_id=group_id, group_instance_id=instance)
        if kind == "sync":
            return SyncGroupRequest(
                group_id=group_id,
                generation_id=generation,
                member_id=member_id,
                group_instance_id=instance,
                protocol_type=pick((None, "consumer", "")),
                protocol_name=pick((None, *NAMES)),
                assignments=(SyncGroupAssignment(member_id=pick(self.ids), assignment=b"y"),) * 2,
                version=pick(range(6)),
            )
        if kind == "beat":
            return HeartbeatRequest(
                group_id=group_id,
                generation_id=generation,
                member_id=member_id,
                group_instance_id=instance,
            )
        if kind == "leave":
            leaving = [
                LeavingMember(member_id=pick(self.ids), group_instance_id=pick((None, "s", "t")))
                for _ in range(pick((0, 1, 1, 2, 5)))
            ]
            return LeaveGroupRequest(
                group_id=group_id, members=tuple(leaving), version=pick(range(6))
            )
        if kind == "commit":
            return self.commit(group_id, generation, member_id, instance)
        if kind == "txn":
            plain = self.commit(group_id, generation, member_id, instance)
            return TxnOffsetCommitRequest(
                group_id=group_id,
                producer_id=pick(PRODUCERS),
                generation_id=generation,
                member_id=member_id,
                group_instance_id=instance,
                offsets=plain.offsets,
            )
        return self.delete(group_id) if kind == "delete" else self.fetch(group_id)

    def delete(self, group_id: str) -> CoordinatorRequest:
        """Groups, or offsets of one."""
        pick = self.chance.choice
        if self.chance.random() < 0.3:
            return OffsetDeleteRequest(group_id=group_id, partitions=pick(((), (P0,), (P0, P0))))
        return DeleteGroupsRequest(group_ids=(group_id, pick(GROUPS)))

    def fetch(self, group_id: str) -> OffsetFetchRequest:
        """An OffsetFetch."""
        pick = self.chance.choice
        return OffsetFetchRequest(
            group_id=group_id,
            partitions=pick((None, (), (P0,))),
            require_stable=pick((True, False)),
        )

    def join(self, member_id: str, **changes: Any) -> JoinGroupRequest:
        """A JoinGroup."""
        pick = self.chance.choice
        fields: dict[str, Any] = {
            "session_timeout_ms": pick(TIMEOUTS[:4] * 3 + TIMEOUTS),
            "rebalance_timeout_ms": pick(TIMEOUTS),
            "group_instance_id": pick((None, None, None, "s", "t")),
            "protocol_type": pick(("consumer",) * 8 + ("connect", "")),
            "protocols": self.protocols(*self.chance.sample(NAMES, k=pick((0, 1, 2, 4)))),
            "reason": pick((None, "", "because")),
            "version": pick(range(10)),
            "client_id": pick("ABC"),
        }
        return JoinGroupRequest(member_id=member_id, **(fields | changes))

    def protocols(self, *names: str) -> tuple[GroupProtocol, ...]:
        """Metadata is at times another; a name is at times sent twice."""
        offered = tuple(
            GroupProtocol(name=name, metadata=self.chance.choice((b"", b"", b"m", b"\0\1")))
            for name in names
        )
        return offered * self.chance.choice((1, 1, 1, 2))

    def commit(
        self, group_id: str, generation_id: int, member_id: str, instance: str | None
    ) -> OffsetCommitRequest:
        """An OffsetCommit, also of nothing."""
        offset = OffsetToCommit(partition=P0, offset=self.chance.choice((0, 5, -1)), metadata=None)
        return OffsetCommitRequest(
            group_id=group_id,
            generation_id=generation_id,
            member_id=member_id,
            group_instance_id=instance,
            offsets=(offset,) * self.chance.choice((0, 1, 2)),
            version=self.chance.choice(range(2, 11)),
        )
