"""A conversation between one group's members and a broker, with names in place of ids.

Every speaker has a connection of its own. A request is either asked (`join`, answered) or left
(`start_join`, to be taken with `joined`); what an answer says is a small tuple, in which member ids
are the names of their speakers. Defaults of the tuples are what stands in every error (J22), so
that a test writes down only what matters.

No verdict depends on how fast anything is. That a request has arrived is proved by another's
answer: see `Talk.until` and its users, and `let_arrive`. Timeouts are long but for the one whose
end a test awaits; that one runs only when nothing has to come before its end any more, or else it
is at least `MARGIN_MS`. Where a test can choose:

- a pending id has its timeout from `get_id` on, a member from its last heartbeat, or from the
  answers to JoinGroup; a group waits as long as its slowest member asks;
- `Speaker.come_back` gives a static member other timeouts that no timer runs with yet;
- `Talk.pass_time` lets time pass by the broker's own timers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from kio.schema.errors import ErrorCode

from tests.conversations.raw import ANSWER_TIMEOUT_S, Connection

NEVER = 999
"""A generation that no group here reaches: a request with it changes nothing."""

LONG_MS = 60_000
"""A timeout that no test sees the end of."""

MARGIN_MS = 4_000
"""A timeout within which a request must arrive: longer than a busy machine pauses."""

_PROBES = 50


class Joined(NamedTuple):
    """What a JoinGroup was answered."""

    error: str = "NONE"
    generation: int = -1
    leader: str = ""
    member: str = ""
    members: frozenset[str] = frozenset()
    protocol: str | None = None
    type: str | None = None
    skip: bool = False


class Synced(NamedTuple):
    """What a SyncGroup was answered."""

    error: str = "NONE"
    assignment: bytes = b""
    type: str | None = None
    protocol: str | None = None


class Left(NamedTuple):
    """What a LeaveGroup was answered: the error on top, and (member, instance, error) of each."""

    error: str = "NONE"
    members: tuple[tuple[str, str | None, str], ...] = ()


def error_name(code: ErrorCode) -> str:
    """Kafka's own spelling."""
    return code.name.upper()


@dataclass
class Talk:
    """One group on one broker."""

    address: tuple[str, int]
    group: str
    topic: str
    names: dict[str, str] = field(default_factory=lambda: {"": ""})
    connections: list[Connection] = field(default_factory=list, repr=False)

    def speaker(self, name: str, **settings: Any) -> Speaker:
        """Somebody with a connection of its own who is called `name` once it has an id."""
        return Speaker(self, name, **settings)

    def connect(self, client_id: str) -> Connection:
        """A connection that ends with the conversation.

        The broker has answered on it: it reads what is sent on it from now on at once, and need
        not notice first that there is a connection.
        """
        connection = Connection(self.address, client_id)
        self.connections.append(connection)
        connection.ask("api_versions", 0, {})
        return connection

    def close(self) -> None:
        """End it."""
        for connection in self.connections:
            connection.close()

    def joined(self, *speakers: Speaker) -> list[Joined]:
        """The answers to the JoinGroups of all, named when all have been heard."""
        answers = [speaker.take_joined() for speaker in speakers]
        return [
            Joined(
                error=error_name(answer.error_code),
                generation=answer.generation_id,
                leader=self.name_of(answer.leader),
                member=self.name_of(answer.member_id),
                members=frozenset(self.name_of(member.member_id) for member in answer.members),
                protocol=answer.protocol_name,
                type=getattr(answer, "protocol_type", None),
                skip=getattr(answer, "skip_assignment", False),
            )
            for answer in answers
        ]

    def name_of(self, member_id: str) -> str:
        """The name for an id."""
        return self.names.get(member_id, f"unheard of: {member_id}")

    def until(self, probe: Callable[[], object], wanted: object) -> None:
        """Ask until the answer is `wanted`: the proof that another's request has arrived."""
        give_up = time.monotonic() + ANSWER_TIMEOUT_S
        while (seen := probe()) != wanted:
            if time.monotonic() > give_up:
                raise AssertionError(f"still {seen!r}, expected {wanted!r}")

    def pass_time(self, ms: int) -> None:
        """Let a session of so many milliseconds end that begins now, in a group of its own.

        Whatever the broker was to do earlier by a timer it has done then.
        """
        clock = Speaker(replace(self, group=f"{self.group}-clock"), "clock", session=ms, version=3)
        assert clock.join().error == "NONE"
        self.until(lambda: clock.beat(generation=NEVER), "UNKNOWN_MEMBER_ID")


def let_arrive(speaker: Speaker) -> None:
    """Let arrive what was sent on other connections, and be answered what is answered at once.

    For requests whose waiting nothing shows (a follower's SyncGroup). Two heartbeats are proof with
    the brokers that tests start: one thread of theirs reads all connections, so that with the first
    heartbeat it has read whatever was sent before, and one thread hands on what was read in its
    order. The others are for a broker that runs already and may have more threads.
    """
    for _ in range(_PROBES):
        speaker.beat(generation=NEVER)


class Speaker:
    """A member, or somebody who would like to be one."""

    def __init__(
        self,
        talk: Talk,
        name: str,
        *,
        instance: str | None = None,
        session: int = LONG_MS,
        rebalance: int = LONG_MS,
        protocols: Sequence[tuple[str, bytes]] = (("range", b""),),
        type: str = "consumer",
        version: int = 9,
    ) -> None:
        self.talk, self.name = talk, name
        self.instance, self.session, self.rebalance = instance, session, rebalance
        self.protocols, self.type, self.version = tuple(protocols), type, version
        self.member_id, self.generation = "", -1
        self.connection = talk.connect(name)
        self.former: Connection | None = None
        """The connection before `reconnect`, where a request may still wait."""
        self._other: Connection | None = None

    # --- JoinGroup ---

    def start_join(self, **changes: Any) -> None:
        """Send a JoinGroup; `changes` are fields of the request, and `version`."""
        version = changes.pop("version", self.version)
        fields: dict[str, Any] = {
            "group_id": self.talk.group,
            "session_timeout": self.session,
            "rebalance_timeout": self.rebalance,
            "member_id": self.member_id,
            "group_instance_id": self.instance,
            "protocol_type": self.type,
            "protocols": [{"name": n, "metadata": m} for n, m in self.protocols],
            "reason": None,
        }
        self.connection.send("join_group", version, fields | changes)

    def joined(self) -> Joined:
        """The answer to the oldest JoinGroup; this speaker is who it says from now on."""
        (answer,) = self.talk.joined(self)
        return answer

    def take_joined(self) -> Any:
        """The raw answer, after its id has got a name."""
        answer = self.connection.receive()
        error = error_name(answer.error_code)
        if answer.member_id and answer.member_id not in self.talk.names:
            self.talk.names[answer.member_id] = self._next_name()
        if error in ("NONE", "MEMBER_ID_REQUIRED"):
            self.member_id = answer.member_id
        if error == "NONE":
            self.generation = answer.generation_id
        return answer

    def join(self, **changes: Any) -> Joined:
        """JoinGroup, answered."""
        self.start_join(**changes)
        return self.joined()

    def get_id(self, *, session: int = LONG_MS) -> None:
        """The first half of KIP-394's two: the id is pending from now on, for as long as that."""
        assert self.join(session_timeout=session).error == "MEMBER_ID_REQUIRED"

    def park_join(self, **changes: Any) -> None:
        """A JoinGroup that must wait; it has arrived when this returns."""
        if not self.member_id and self.instance is not None:
            self.start_join(**changes)
            self.talk.until(lambda: self.beat(generation=NEVER), "FENCED_INSTANCE_ID")
        elif self.beat(generation=NEVER) == "UNKNOWN_MEMBER_ID":
            self.start_join(**changes)
            self.talk.until(lambda: self.beat(generation=NEVER), "ILLEGAL_GENERATION")
        else:
            self.start_join(**changes)
            self.talk.until(self.beat, "REBALANCE_IN_PROGRESS")

    # --- SyncGroup ---

    def start_sync(self, given: Mapping[Speaker, bytes] | None = None, **changes: Any) -> None:
        """Send a SyncGroup; `given` is what a leader decided."""
        version = changes.pop("version", 5)
        fields: dict[str, Any] = {
            "group_id": self.talk.group,
            "generation_id": self.generation,
            "member_id": self.member_id,
            "group_instance_id": self.instance if version >= 3 else None,
            "protocol_type": self.type,
            "protocol_name": self.protocols[0][0],
            "assignments": [
                {"member_id": member.member_id, "assignment": assignment}
                for member, assignment in (given or {}).items()
            ],
        }
        self.connection.send("sync_group", version, fields | changes)

    def synced(self) -> Synced:
        """The answer to a SyncGroup."""
        answer = self.connection.receive()
        return Synced(
            error=error_name(answer.error_code),
            assignment=answer.assignment,
            type=getattr(answer, "protocol_type", None),
            protocol=getattr(answer, "protocol_name", None),
        )

    def sync(self, given: Mapping[Speaker, bytes] | None = None, **changes: Any) -> Synced:
        """SyncGroup, answered."""
        self.start_sync(given, **changes)
        return self.synced()

    # --- the rest: on a connection of its own, which is never kept waiting ---

    def beat(self, *, generation: int | None = None, version: int = 4, **changes: Any) -> str:
        """Heartbeat; the name of its error."""
        fields = {
            "group_id": self.talk.group,
            "generation_id": self.generation if generation is None else generation,
            "member_id": self.member_id,
            "group_instance_id": self.instance,
        }
        answer = self._second().ask("heartbeat", version, fields | changes)
        return error_name(answer.error_code)

    def leave(self, *others: Speaker, version: int = 5, **changes: Any) -> Left:
        """LeaveGroup of this speaker (and others, v3+); `changes` are of this one's entry."""
        entries = [
            {"member_id": who.member_id, "group_instance_id": who.instance, "reason": None}
            for who in (self, *others)
        ]
        entries[0] |= changes
        fields = {"group_id": self.talk.group, "members": entries, **entries[0]}
        answer = self._second().ask("leave_group", version, fields)
        return Left(
            error=error_name(answer.error_code),
            members=tuple(
                (
                    self.talk.name_of(left.member_id),
                    left.group_instance_id,
                    error_name(left.error_code),
                )
                for left in getattr(answer, "members", ())
            ),
        )

    def commit(
        self, offset: int = 1, *, metadata: str = "", version: int = 9, **changes: Any
    ) -> str:
        """OffsetCommit of partition 0; the name of its error."""
        partition = {
            "partition_index": 0,
            "committed_offset": offset,
            "committed_leader_epoch": -1,
            "committed_metadata": metadata,
        }
        fields = {
            "group_id": self.talk.group,
            "generation_id_or_member_epoch": self.generation,
            "generation_id": self.generation,
            "member_id": self.member_id,
            "group_instance_id": self.instance,
            "retention_time": -1,
            "topics": [{"name": self.talk.topic, "partitions": [partition]}],
        }
        answer = self._second().ask("offset_commit", version, fields | changes)
        return error_name(answer.topics[0].partitions[0].error_code)

    def commit_from_outside(self, version: int = 9) -> str:
        """OffsetCommit that names nobody: accepted while the group is Empty (O02)."""
        return self.commit(
            version=version, generation_id_or_member_epoch=-1, member_id="", group_instance_id=None
        )

    def fetch(self, topic: str | None = None) -> tuple[int, int, str | None, str]:
        """OffsetFetch of partition 0: offset, leader epoch, metadata, error."""
        topics = [{"name": topic or self.talk.topic, "partition_indexes": [0]}]
        groups = [{"group_id": self.talk.group, "member_epoch": -1, "topics": topics}]
        answer = self._second().ask("offset_fetch", 9, {"groups": groups})
        (found,) = answer.groups[0].topics[0].partitions
        return (
            found.committed_offset,
            found.committed_leader_epoch,
            found.metadata,
            error_name(found.error_code),
        )

    def reconnect(self) -> None:
        """Go on with a new connection; what the old one waits for is `former`'s business."""
        self.former = self.connection
        self.connection = self.talk.connect(self.name)

    def restart(self) -> None:
        """A static member's process begins anew: a new connection and no id."""
        self.reconnect()
        self.member_id, self.generation = "", -1

    def come_back(self, *, session: int = LONG_MS, rebalance: int = LONG_MS) -> None:
        """A static member of a Stable group restarts with other timeouts, without a rebalance.

        The group waits so long from its next rebalance on. Its session is so long from its next
        sign of life on at the latest: Kafka does not begin it anew with the answer (J15).
        """
        self.restart()
        self.session, self.rebalance = session, rebalance
        assert self.join().error == "NONE"

    def _second(self) -> Connection:
        if self._other is None:
            self._other = self.talk.connect(f"{self.name}-2")
        return self._other

    def _next_name(self) -> str:
        names = self.talk.names.values()
        taken = sum(1 for name in names if name.rstrip("0123456789") == self.name)
        return f"{self.name}{taken + 1}" if taken else self.name


def join_all(*speakers: Speaker) -> list[Joined]:
    """Everybody who has no id gets one and joins, the others rejoin; the answers.

    In a group that has a live leader, the leader must be the first.
    """
    for speaker in speakers:
        if not speaker.member_id and speaker.instance is None:
            speaker.get_id()
    for speaker in speakers[:-1]:
        speaker.park_join()
    speakers[-1].start_join()
    return speakers[0].talk.joined(*speakers)


def form_group(*speakers: Speaker) -> None:
    """Bring all into one Stable generation; each is assigned its name.

    An empty group without initial delay completes with whoever was first, so the first joins alone
    and leads; the others make it rebalance, once each.
    """
    first, *others = speakers
    begin_group(*speakers)
    sync_all(first, *others)


def begin_group(*speakers: Speaker) -> None:
    """Bring all into one generation that nobody has synced yet (CompletingRebalance)."""
    first, *others = speakers
    assert [answer.error for answer in join_all(first)] == ["NONE"]
    if others:
        for other in others:
            if other.instance is None:
                other.get_id()
        for other in others:
            other.park_join()
        first.start_join()
        assert {answer.error for answer in first.talk.joined(*speakers)} == {"NONE"}


def sync_all(leader: Speaker, *others: Speaker) -> None:
    """Complete a generation whose answers to JoinGroup have been taken."""
    given = {speaker: speaker.name.encode() for speaker in (leader, *others)}
    for speaker in (leader, *others):
        speaker.start_sync(given if speaker is leader else None)
    for speaker in (leader, *others):
        assert speaker.synced().assignment == speaker.name.encode()
