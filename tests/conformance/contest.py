"""A random conversation with both brokers, led by a coordinator in memory.

The coordinator says what is answered at once, what waits, and who is answered by whose request;
both brokers must do the same, and their answers must be equal in every field.

What is left out, because Kafka promises nothing there: who leads after a leader went that was not
followed by exactly one (its order is a hash map's), and the SyncGroup of a member that left while
it waited (H08, never answered). Time plays no part, but for visitors who let an id lapse: all other
timeouts are long.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from assignors.model import TopicPartition
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import (
    CoordinatorRequest,
    DeleteGroupsRequest,
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
from rebalance.protocol.responses import SyncGroupResponse
from tests.conformance import steps
from tests.conformance.acts import METADATA, NAMES, VERSIONS, Act, Conversation
from tests.conformance.asides import LOOKS, TOPIC_ID, transaction
from tests.conformance.conversation import Id, Reconnect, Say
from tests.conformance.person import Person
from tests.conformance.side import BARRIER, Side
from tests.coordinator.support import GROUP, Bench

LONG_MS = 600_000
_FIRST_STATIC = {"join": 5, "sync": 3, "beat": 3, "leave": 3, "commit": 7}
"""First version that can name an instance."""
_STRANGER, _VISITOR = "stranger", "visitor"
_LAPSED_MS = 1_500
"""Long over for a session of `SOON_MS`."""
_GENERATION_SLIPS = {"past": -1, "future": 1}


class DifferenceError(AssertionError):
    """The brokers did not do the same."""


@dataclass
class Contest:
    """One conversation, in play."""

    conversation: Conversation
    kafka: Side
    ours: Side
    bench: Bench = field(default_factory=lambda: Bench(group_min_session_timeout_ms=1))
    people: dict[str, Person] = field(default_factory=dict)
    waiting: dict[str, tuple[int, CoordinatorRequest]] = field(default_factory=dict)
    """By person: what its connection waits for."""
    forgotten: set[int] = field(default_factory=set)
    log: list[str] = field(default_factory=list)
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often which API, in which version, was answered with which error, by both alike."""

    def play(self) -> None:
        """All acts.

        Raises:
            DifferenceError: with what was said before, and the two answers.
        """
        taken = {"", _STRANGER}
        for name, instance in self.conversation.people:
            self.people[name] = Person(name=name, instance=instance, taken=taken)
        for act in self.conversation.acts:
            self._act(act)
        self._check_silence()

    # --- one act ---

    def _act(self, act: Act) -> None:
        person = self.people[act.who]
        does = person.next(waits=act.who in self.waiting) if act.does == "next" else act.does
        versions = VERSIONS[does]
        version = versions[act.version % len(versions)]
        if does in LOOKS:
            self._aside(act, LOOKS[does](act.who, version))
            return
        if does == "transact":
            self._transact(person, act, version)
            return
        if does == "lapse":
            self._lapse(version)
            return
        request, say = self._said(person, act, does, version)
        if isinstance(request, LeaveGroupRequest) and self._leader_goes(request):
            return
        if does in ("join", "sync") and act.who in self.waiting:
            self._reconnect(act.who)
        had_members = bool(self._members())
        known = set(self.bench.replies)
        token = self.bench.send(request)
        self.bench.advance()
        self.log.append(f"{act.who} {does} v{version} {act.slip}: {request}")
        if does in ("join", "sync"):
            self.waiting[act.who] = token, request
        if token in self.bench.replies:
            self._each(lambda side: side.step(say))
            self._learn(act.who, does, token)
        else:
            waits = Say(
                who=say.who, api=say.api, version=say.version, fields=say.fields, waits=True
            )
            self._each(lambda side: side.step(waits))
        self._hear_others(known | {token})
        if had_members and not self._members():
            self._await_empty()

    def _learn(self, who: str, does: str, token: int) -> None:
        if does in ("join", "sync"):
            self.waiting.pop(who)
        self.people[who].hears(self.bench.replies[token])

    def _hear_others(self, known: set[Any]) -> None:
        """Those whose requests were answered by somebody else's."""
        answered = []
        for who, (token, request) in list(self.waiting.items()):
            if token not in self.bench.replies or token in known:
                continue
            if self._is_never_answered(token, request):
                self._reconnect(who)
                self.people[who].hears(self.bench.replies[token])
            else:
                answered.append(who)
        if answered:
            self._each(lambda side: side.hear(*answered))
            for who in answered:
                token, _ = self.waiting.pop(who)
                self.people[who].hears(self.bench.replies[token])

    def _is_never_answered(self, token: int, request: CoordinatorRequest) -> bool:
        """Rule H08: Kafka forgets the SyncGroup of a member that left."""
        answer = self.bench.replies[token]
        return (
            isinstance(request, SyncGroupRequest)
            and isinstance(answer, SyncGroupResponse)
            and answer.error is ErrorCode.UNKNOWN_MEMBER_ID
        )

    def _reconnect(self, who: str) -> None:
        token, _ = self.waiting.pop(who)
        self.forgotten.add(token)
        self._each(lambda side: side.step(Reconnect(who=who)))

    def _aside(self, act: Act, *says: Say) -> None:
        """What the coordinator in memory need not know of."""
        self.log.append(f"{act.who} {act.does} {act.slip}: {says}")
        for say in says:
            self._each(lambda side, say=say: side.step(say))

    def _transact(self, person: Person, act: Act, version: int) -> None:
        """A group that is not there yet would be made; here it is left at that."""
        if self.bench.coordinator.group(GROUP) is None:
            return
        _, ref = self._id(person, act.slip)
        generation = person.generation + _GENERATION_SLIPS.get(act.slip, 0)
        instance = None if act.slip == "no instance" else person.instance
        member = {
            "member_id": ref,
            "generation_id": -1 if act.slip == "outside" else generation,
            "group_instance_id": instance,
        }
        self._aside(act, *transaction(version, act.version, member))

    def _lapse(self, version: int) -> None:
        """A visitor is given an id, and does not come back with it in time (G04, H06)."""
        request = JoinGroupRequest(
            group_id=GROUP,
            session_timeout_ms=steps.SOON_MS,
            rebalance_timeout_ms=LONG_MS,
            member_id="",
            protocol_type="consumer",
            protocols=(GroupProtocol(name="range", metadata=b""),),
            version=version,
            client_id=_VISITOR,
        )
        had_members, known = bool(self._members()), set(self.bench.replies)
        known.add(self.bench.send(request))
        self.log.append(f"{_VISITOR} join v{version}, and lets it lapse")
        timeouts = {"session_timeout": steps.SOON_MS, "rebalance_timeout": LONG_MS}
        say = steps.join(_VISITOR, version, member_id="", **timeouts)
        self._each(lambda side: side.step(say))
        self.bench.advance(_LAPSED_MS)
        self._each(lambda side: side.step(steps.passes(_LAPSED_MS)))
        self._hear_others(known)
        if had_members and not self._members():
            self._await_empty()

    # --- both brokers ---

    def _each(self, do: Any) -> None:
        for side in (self.kafka, self.ours):
            do(side)
        theirs, ours = self.kafka.transcript, self.ours.transcript
        if theirs != ours:
            raise DifferenceError("\n".join([*self.log, f"kafka: {theirs}", f"ours:  {ours}"]))
        self.asked.update((who.partition(": ")[2], _error(answer)) for who, answer in theirs)
        theirs.clear()
        ours.clear()

    def _check_silence(self) -> None:
        """Nothing came that should not have come."""
        for side in (self.kafka, self.ours):
            side.let_arrive()
            early = [who for who in self.waiting if side.has_answer(who)]
            if early:
                raise DifferenceError("\n".join([*self.log, f"{early} answered early"]))

    def _await_empty(self) -> None:
        """With ids pending a group without members may become Empty by a timer of 0 ms (G04)."""
        for side in (self.kafka, self.ours):
            side.until_state(self.bench.state.value)

    # --- what is said ---

    def _members(self) -> set[str]:
        group = self.bench.coordinator.group(GROUP)
        return {member.member_id for member in group.members} if group else set()

    def _leader_goes(self, request: LeaveGroupRequest) -> bool:
        group = self.bench.coordinator.group(GROUP)
        if group is None or len(group.members) < 3:
            return False
        leader = next(m for m in group.members if m.member_id == group.leader)
        return any(
            entry.member_id == leader.member_id
            or (entry.group_instance_id == leader.group_instance_id is not None)
            for entry in request.members
        )

    def _said(
        self, person: Person, act: Act, does: str, version: int
    ) -> tuple[CoordinatorRequest, Say]:
        member_id, ref = self._id(person, act.slip)
        instance = person.instance
        if act.slip == "instance":
            instance = self.people[self._other(person)].instance or "unmapped"
        if act.slip == "no instance" or version < _FIRST_STATIC.get(does, 0):
            instance = None
        generation = person.generation + _GENERATION_SLIPS.get(act.slip, 0)
        if act.slip == "outside":
            generation = -1
        named: dict[str, Any] = {"group_instance_id": instance, "member_id": member_id}
        on_wire: dict[str, Any] = {"group_instance_id": instance, "member_id": ref}
        if does == "join":
            return self._join(person, act, version, named, on_wire)
        if does == "sync":
            return self._sync(person, generation, version, named, on_wire)
        if does == "beat":
            beat = HeartbeatRequest(group_id=GROUP, generation_id=generation, **named)
            return beat, steps.beat(person.name, generation, version, **on_wire)
        if does == "leave":
            leaving = LeaveGroupRequest(
                group_id=GROUP, members=(LeavingMember(**named),), version=version
            )
            return leaving, steps.leave(person.name, version=version, **on_wire)
        if does == "delete_group":
            return DeleteGroupsRequest(group_ids=(GROUP,)), steps.delete_groups(version=version)
        offset = act.version
        commit = OffsetCommitRequest(
            group_id=GROUP,
            generation_id=generation,
            offsets=(OffsetToCommit(partition=TopicPartition(BARRIER, 0), offset=offset),),
            version=version,
            **named,
        )
        topic = {"name": BARRIER, "topic_id": TOPIC_ID if version >= 10 else None}
        topics = [topic | {"partitions": [steps.offset(0, offset)]}]
        say = steps.commit(person.name, generation, version=version, topics=topics, **on_wire)
        return commit, say

    def _other(self, person: Person) -> str:
        names = list(self.people)
        return names[(names.index(person.name) + 1) % len(names)]

    def _id(self, person: Person, slip: str) -> tuple[str, Any]:
        """An id as the coordinator in memory knows it, and by name for the brokers."""
        if slip == "stranger":
            return _STRANGER, _STRANGER
        if slip == "nobody":
            return "", ""
        owner, former = person, 0
        if slip == "former":
            former = 1
        elif slip == "other":
            owner = self.people[self._other(person)]
        elif not person.is_known:
            return "", ""
        if former >= len(owner.ids):
            return "", ""
        return owner.ids[-1 - former], Id(owner.name, former)

    def _join(
        self, person: Person, act: Act, version: int, named: Any, on_wire: Any
    ) -> tuple[JoinGroupRequest, Say]:
        offered = tuple((name, METADATA[act.metadata]) for name in NAMES[act.names])
        kind = "connect" if act.connect else "consumer"
        request = JoinGroupRequest(
            group_id=GROUP,
            session_timeout_ms=LONG_MS,
            rebalance_timeout_ms=LONG_MS,
            protocol_type=kind,
            protocols=tuple(GroupProtocol(name=n, metadata=m) for n, m in offered),
            version=version,
            client_id=person.name,
            client_host="/127.0.0.1",
            **named,
        )
        fields = {
            "session_timeout": LONG_MS,
            "rebalance_timeout": LONG_MS,
            "protocol_type": kind,
            **on_wire,
        }
        return request, steps.join(person.name, version, protocols=offered, **fields)

    def _sync(
        self, person: Person, generation: int, version: int, named: Any, on_wire: Any
    ) -> tuple[SyncGroupRequest, Say]:
        members = self._members()
        given = {
            other.name: f"{other.name}{generation}".encode()
            for other in self.people.values()
            if other.ids and other.ids[-1] in members
        }
        says = {"protocol_type": "consumer", "protocol_name": person.protocol}
        request = SyncGroupRequest(
            group_id=GROUP,
            generation_id=generation,
            assignments=tuple(
                SyncGroupAssignment(member_id=self.people[to].ids[-1], assignment=what)
                for to, what in given.items()
            ),
            version=version,
            **(says if version >= 5 else {}),
            **named,
        )
        return request, steps.sync(person.name, generation, given, version, **says, **on_wire)


def _error(answer: Any) -> str:
    """The first error that stands anywhere in a plain answer, or NONE."""
    if isinstance(answer, dict):
        own = answer.get("error_code", "NONE")
        inner = [own, *(_error(value) for value in answer.values())]
        return next((error for error in inner if error != "NONE"), "NONE")
    if isinstance(answer, list):
        return next((error for each in answer if (error := _error(each)) != "NONE"), "NONE")
    return "NONE"
