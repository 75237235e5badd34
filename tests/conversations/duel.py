"""A random conversation, held with a broker and with a coordinator in memory at once.

The coordinator says of each request whether it is answered or parked, and what is answered; the
broker must say the same, under ids of its own. Time plays no part: all timeouts are long.

What is left out, because Kafka promises nothing there: who leads after a leader went (nobody
removes a leader that is not alone), and the SyncGroup of a member that left (H08, never answered).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from assignors.model import TopicPartition
from rebalance.coordinator import GroupSnapshot
from rebalance.protocol.requests import (
    CoordinatorRequest,
    GroupProtocol,
    HeartbeatRequest,
    JoinGroupRequest,
    LeaveGroupRequest,
    LeavingMember,
    OffsetCommitRequest,
    OffsetFetchRequest,
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
    OffsetFetchResponse,
    SyncGroupResponse,
)
from tests.conversations.raw import Connection
from tests.conversations.talk import NEVER, Talk, error_name
from tests.coordinator.support import GROUP, PREPARING, Bench

NAMES = ("range", "sticky", "cooperative-sticky")
_PROBES = 30
_ENOUGH = 3
"""Members of a group that nobody joins any more, so that generations complete."""


@dataclass
class Duel:
    """One group here and there."""

    talk: Talk
    chance: random.Random
    bench: Bench = field(default_factory=lambda: Bench(group_min_session_timeout_ms=1))
    there: dict[str, str] = field(default_factory=lambda: {"": "", "stranger": "stranger"})
    """Our id -> the broker's."""
    waiting: dict[int, tuple[Connection, CoordinatorRequest]] = field(default_factory=dict)
    never: set[int] = field(default_factory=set)
    free: list[Connection] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def step(self) -> None:
        """One request, and all the answers that it brings about."""
        request = self.request()
        known, members = set(self.bench.replies), self._members()
        token = self.bench.send(request)
        self.bench.advance()
        self.log.append(f"{token}: {request}")
        connection = self._connection()
        self.waiting[token] = connection, request
        connection.send(*self._wire(request))
        self.never |= self._forgotten(request, members)
        answered = sorted(set(self.bench.replies) - known - self.never)
        if token not in self.bench.replies:
            self._let_arrive()
        if members and not self._members():
            self._let_empty()
        self._compare(answered)

    def finish(self) -> None:
        """Nothing came that should not have come."""
        self._let_arrive()
        waiting = [(token, self.waiting[token][0]) for token in self.waiting.keys() - self.never]
        early = [token for token, connection in waiting if connection.has_answer]
        assert not early, f"answered there and not here: {early}"

    # --- comparing ---

    def _compare(self, tokens: list[int]) -> None:
        answers = []
        for token in tokens:
            connection, request = self.waiting.pop(token)
            raw, ours = connection.receive(), self.bench.replies[token]
            self.free.append(connection)
            if isinstance(ours, JoinGroupResponse) and ours.member_id:
                assert self.there.setdefault(ours.member_id, raw.member_id) == raw.member_id
            answers.append((token, request, ours, raw))
        for token, request, ours, raw in answers:
            expected, seen = _plain(ours, request), self._seen(raw, request)
            assert seen == expected, f"{token}: the broker says {seen}, not {expected}"

    def _seen(self, raw: Any, request: CoordinatorRequest) -> object:
        here = {theirs: ours for ours, theirs in self.there.items()}
        match request:
            case JoinGroupRequest():
                return (
                    error_name(raw.error_code),
                    raw.generation_id,
                    here.get(raw.leader, raw.leader),
                    here.get(raw.member_id, raw.member_id),
                    sorted((here.get(m.member_id, "?"), m.metadata) for m in raw.members),
                    raw.protocol_name,
                    getattr(raw, "protocol_type", None),
                    getattr(raw, "skip_assignment", False),
                )
            case SyncGroupRequest():
                said = getattr(raw, "protocol_type", None), getattr(raw, "protocol_name", None)
                return error_name(raw.error_code), raw.assignment, *said
            case HeartbeatRequest():
                return error_name(raw.error_code)
            case LeaveGroupRequest():
                left = getattr(raw, "members", ())
                return error_name(raw.error_code), [error_name(m.error_code) for m in left]
            case OffsetCommitRequest():
                return [error_name(p.error_code) for t in raw.topics for p in t.partitions]
            case _:
                return [
                    (p.committed_offset, p.committed_leader_epoch, p.metadata)
                    for group in raw.groups
                    for topic in group.topics
                    for p in topic.partitions
                ]

    def _let_arrive(self) -> None:
        """A parked request has arrived when heartbeats are answered as they are here.

        Where they are answered as before (a follower's SyncGroup, say), several of them, one after
        the other, are proof: see `talk.let_arrive`.
        """
        probe = self._connection()
        group = self.bench.group
        for member in group.members:
            if member.member_id in self.there:
                for generation in (group.generation_id, NEVER):
                    self._beat_until_the_same(probe, member.member_id, generation)
        for _ in range(_PROBES):
            probe.ask(*self._wire(HeartbeatRequest(group_id=GROUP, generation_id=0, member_id="")))
        self.free.append(probe)

    def _let_empty(self) -> None:
        """With ids pending a group without members becomes Empty by a timer of 0 ms (G04, G05)."""
        partition = TopicPartition(self.talk.topic, 0)
        offsets = (OffsetToCommit(partition=partition, offset=0),)
        commit = OffsetCommitRequest(group_id=GROUP, offsets=offsets)
        ours = _plain(self.bench.ask(commit, OffsetCommitResponse), commit)
        probe = self._connection()
        self.talk.until(lambda: self._seen(probe.ask(*self._wire(commit)), commit), ours)
        self.free.append(probe)

    def _beat_until_the_same(self, probe: Connection, member_id: str, generation: int) -> None:
        beat = HeartbeatRequest(group_id=GROUP, generation_id=generation, member_id=member_id)
        expected = self.bench.ask(beat, HeartbeatResponse).error.name
        self.talk.until(lambda: error_name(probe.ask(*self._wire(beat)).error_code), expected)

    def _connection(self) -> Connection:
        return self.free.pop() if self.free else self.talk.connect("A")

    def _forgotten(self, request: CoordinatorRequest, before: set[str]) -> set[int]:
        """Tokens of parked SyncGroups whose member just left: Kafka forgets them (H08)."""
        if not isinstance(request, LeaveGroupRequest):
            return set()
        gone = before - self._members()
        return {
            token
            for token, (_, waiting) in self.waiting.items()
            if isinstance(waiting, SyncGroupRequest) and waiting.member_id in gone
        }

    def _members(self) -> set[str]:
        group = self.bench.coordinator.group(GROUP)
        return {member.member_id for member in group.members} if group else set()

    # --- what is sent ---

    def request(self) -> CoordinatorRequest:
        """What somebody might send as the group stands, with a slip now and then."""
        group = self.bench.coordinator.group(GROUP)
        members = [m for m in group.members if m.member_id in self.there] if group else []
        pending = [p for p in group.pending_member_ids if p in self.there] if group else []
        pick = self.chance.choice
        slip = self.chance.random() < 0.25
        if group is None or (not members and self.chance.random() < 0.5):
            return self._join("" if not pending else pick(["", *pending]), slip)
        kind = pick(("join", "join", "join", "sync", "sync", "sync", "beat", "leave", "commit"))
        ids = [m.member_id for m in members] or [""]
        someone = pick([*ids, *pending]) if not slip else pick([*ids, *pending, "stranger", ""])
        generation = group.generation_id if not slip else pick((-1, 0, group.generation_id + 1))
        instance = pick((None, "s", "t")) if slip else None
        late = [m.member_id for m in members if not m.awaits_join] + pending
        if group.state is PREPARING and late and self.chance.random() < 0.6:
            return self._join(pick(late), slip)
        if kind == "join":
            return self._join(someone if len(ids) > _ENOUGH else pick((someone, "")), slip)
        if kind == "sync":
            return self._sync(group, someone, generation, instance, slip)
        if kind == "beat":
            return HeartbeatRequest(
                group_id=GROUP,
                generation_id=generation,
                member_id=someone,
                group_instance_id=instance,
            )
        if kind == "leave":
            return self._leave(group, someone, slip)
        if self.chance.random() < 0.3:
            partition = TopicPartition(self.talk.topic, 0)
            return OffsetFetchRequest(group_id=GROUP, partitions=(partition,))
        return self._commit(someone, generation, instance)

    def _join(self, member_id: str, slip: bool) -> JoinGroupRequest:
        pick = self.chance.choice
        static = member_id == "" and pick((False, False, True))
        names = self.chance.sample(NAMES, k=pick((1, 2, 3))) if slip else list(NAMES)
        return JoinGroupRequest(
            group_id=GROUP,
            session_timeout_ms=600_000,
            rebalance_timeout_ms=600_000,
            member_id=member_id,
            group_instance_id=pick(("s", "t")) if static or (slip and pick((0, 1))) else None,
            protocol_type=pick(("consumer",) * 9 + ("connect",)) if slip else "consumer",
            protocols=tuple(
                GroupProtocol(name=name, metadata=pick((b"\0\0" + b"\0" * 8, b"\0\1" + b"\0" * 12)))
                for name in names
            ),
            version=pick((5, 6, 7, 8, 9)) if static or slip else pick((0, *range(3, 10))),
            client_id="A",
        )

    def _sync(
        self,
        group: GroupSnapshot,
        member_id: str,
        generation: int,
        instance: str | None,
        slip: bool,
    ) -> SyncGroupRequest:
        known = [m.member_id for m in group.members if m.member_id in self.there]
        version = self.chance.choice(range(6))
        return SyncGroupRequest(
            group_id=GROUP,
            generation_id=generation,
            member_id=member_id,
            group_instance_id=instance if version >= 3 else None,
            protocol_type="consumer" if version >= 5 else None,
            protocol_name=(
                (group.protocol_name or "range") if not slip else self.chance.choice(NAMES)
            )
            if version >= 5
            else None,
            assignments=tuple(
                SyncGroupAssignment(member_id=to, assignment=bytes([number, generation & 127]))
                for number, to in enumerate(known)
            ),
            version=version,
        )

    def _leave(self, group: GroupSnapshot, member_id: str, slip: bool) -> CoordinatorRequest:
        leads = member_id == group.leader and len(group.members) > 1
        leader = next((m for m in group.members if m.member_id == group.leader), None)
        instance = self.chance.choice(("s", "t")) if slip else None
        if leads or (leader is not None and instance == leader.group_instance_id):
            return HeartbeatRequest(group_id=GROUP, generation_id=0, member_id=member_id)
        version = self.chance.choice(range(6))
        leaving = LeavingMember(
            member_id=member_id, group_instance_id=instance if version >= 3 else None
        )
        return LeaveGroupRequest(group_id=GROUP, members=(leaving,), version=version)

    def _commit(self, member_id: str, generation: int, instance: str | None) -> CoordinatorRequest:
        version = self.chance.choice(range(2, 10))
        offset = OffsetToCommit(
            partition=TopicPartition(self.talk.topic, 0), offset=self.chance.randrange(100)
        )
        return OffsetCommitRequest(
            group_id=GROUP,
            generation_id=generation,
            member_id=member_id,
            group_instance_id=instance if version >= 7 else None,
            offsets=(offset,),
            version=version,
        )

    # --- on the wire ---

    def _wire(self, request: CoordinatorRequest) -> tuple[str, int, dict[str, Any]]:
        group = {"group_id": self.talk.group}
        match request:
            case JoinGroupRequest():
                return (
                    "join_group",
                    request.version,
                    group
                    | {
                        "session_timeout": request.session_timeout_ms,
                        "rebalance_timeout": request.rebalance_timeout_ms,
                        "member_id": self.there[request.member_id],
                        "group_instance_id": request.group_instance_id,
                        "protocol_type": request.protocol_type,
                        "protocols": [
                            {"name": offered.name, "metadata": offered.metadata}
                            for offered in request.protocols
                        ],
                        "reason": None,
                    },
                )
            case SyncGroupRequest():
                fields = {
                    "protocol_type": request.protocol_type,
                    "protocol_name": request.protocol_name,
                    "assignments": [
                        {"member_id": self.there[to.member_id], "assignment": to.assignment}
                        for to in request.assignments
                    ],
                }
                return "sync_group", request.version, group | self._named(request) | fields
            case HeartbeatRequest():
                return "heartbeat", 4, group | self._named(request)
            case LeaveGroupRequest():
                entries = [
                    {
                        "member_id": self.there[member.member_id],
                        "group_instance_id": member.group_instance_id,
                        "reason": None,
                    }
                    for member in request.members
                ]
                return "leave_group", request.version, group | {"members": entries, **entries[0]}
            case OffsetCommitRequest():
                partitions = [
                    {
                        "partition_index": offset.partition.partition,
                        "committed_offset": offset.offset,
                        "committed_leader_epoch": -1,
                        "committed_metadata": "",
                    }
                    for offset in request.offsets
                ]
                epoch = {"generation_id_or_member_epoch": request.generation_id}
                topics = [{"name": self.talk.topic, "partitions": partitions}]
                named = self._named(request) | epoch | {"topics": topics, "retention_time": -1}
                return "offset_commit", request.version, group | named
            case _:
                wanted = [{"name": self.talk.topic, "partition_indexes": [0]}]
                asked: dict[str, Any] = {**group, "member_epoch": -1, "topics": wanted}
                return "offset_fetch", 9, {"groups": [asked]}

    def _named(
        self, request: SyncGroupRequest | HeartbeatRequest | OffsetCommitRequest
    ) -> dict[str, Any]:
        return {
            "generation_id": request.generation_id,
            "member_id": self.there[request.member_id],
            "group_instance_id": request.group_instance_id,
        }


def _plain(ours: CoordinatorResponse, request: CoordinatorRequest) -> object:
    match ours:
        case JoinGroupResponse():
            assert isinstance(request, JoinGroupRequest)
            named = request.version >= 7
            return (
                ours.error.name,
                ours.generation_id,
                ours.leader,
                ours.member_id,
                sorted((member.member_id, member.metadata) for member in ours.members),
                ours.protocol_name if named else ours.protocol_name or "",
                ours.protocol_type if named else None,
                ours.skip_assignment if request.version >= 9 else False,
            )
        case SyncGroupResponse():
            assert isinstance(request, SyncGroupRequest)
            said = (ours.protocol_type, ours.protocol_name) if request.version >= 5 else (None,) * 2
            return ours.error.name, ours.assignment, *said
        case HeartbeatResponse():
            return ours.error.name
        case LeaveGroupResponse():
            return ours.error.name, [member.error.name for member in ours.members]
        case OffsetCommitResponse():
            return [partition.error.name for partition in ours.partitions]
        case OffsetFetchResponse():
            return [(found.offset, found.leader_epoch, found.metadata) for found in ours.offsets]
