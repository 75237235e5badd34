"""One broker's end of a conversation: connections, ids, and what was answered.

That a request which must wait has arrived is proved by two heartbeats of somebody else, answered
one after the other: see `tests.conversations.talk.let_arrive`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kio.schema.errors import ErrorCode

from tests.conformance.conversation import (
    Case,
    Connect,
    Frame,
    Hear,
    Id,
    Name,
    Own,
    Pass,
    Producer,
    Reads,
    Reconnect,
    Say,
    Settle,
    Step,
    TopicId,
    Written,
)
from tests.conformance.offsets_log import OffsetsLog
from tests.conformance.plain import plain, shape
from tests.conversations.offsets_log import commit_alone
from tests.conversations.raw import Connection

PROBES = 2
READY_TIMEOUT_S = 60.0
BARRIER = "barrier"
"""A topic and a group of their own, for requests that only prove what has happened before."""
_NOBODY = "somebody-else"
_CLOCK = "clock"
_OF_GROUPS = frozenset({*range(8, 17), 18, 22, 25, 26, 28, 42, 47})
"""Keys of APIs; Kafka serves others that concern no group here."""
_NOT_YET = (
    ErrorCode.coordinator_not_available,
    ErrorCode.coordinator_load_in_progress,
    ErrorCode.not_coordinator,
)

Line = tuple[str, Any]
"""Who was answered what."""


class Side:
    """A broker, as the people of one conversation see it."""

    def __init__(self, address: tuple[str, int], name: str) -> None:
        self.address, self.name = address, name
        self.names: dict[Any, str] = {}
        self.transcript: list[Line] = []
        self._connections: dict[str, Connection] = {}
        self._left: list[Connection] = []
        self._ids: dict[str, list[str]] = {}
        self._producers: dict[str, Any] = {}
        self._topics: dict[str, Any] = {}
        self._waiting: dict[str, list[Say]] = {}
        self._log: OffsetsLog | None = None

    def play(self, case: Case) -> list[Line]:
        """All of its steps; what was answered, in order."""
        self.begin(case)
        for step in case.steps:
            self.step(step)
        return self.transcript

    def begin(self, case: Case) -> None:
        """What it needs before its first step."""
        for topic, partitions in case.topics.items():
            self.create_topic(topic, partitions)
        if any(isinstance(step, Written) for step in case.steps):
            self._log = OffsetsLog(self._connection(_NOBODY), self.name)

    def step(self, step: Step) -> None:
        """One step; answers go to the transcript."""
        match step:
            case Say(waits=True):
                self._send(step)
                self.let_arrive()
            case Say():
                self._say(step)
            case Hear(who=people):
                self.hear(*people)
            case Settle(who=people):
                self.settle(people)
            case Reconnect(who=who, closes=closes):
                left = self._connections.pop(who)
                left.close() if closes else self._left.append(left)
                self._waiting.pop(who, None)
            case Connect(who=who, client_id=client_id):
                self._connections[who] = Connection(self.address, client_id)
            case Pass(ms=ms):
                self._connection(_CLOCK).ask("fetch", 11, _waiting_for_nothing(ms))
            case Written(also=also):
                assert self._log is not None
                # An append that an answer does not wait for is in the log by then.
                assert self._commit_behind_all() is ErrorCode.none
                written = self._log.read(self._connection(_NOBODY), self.names, also)
                self.transcript.append(("written", written))
            case Frame(data=data):
                connection = Connection(self.address, None)
                self._left.append(connection)
                answer = connection.exchange(data)
                self.transcript.append(("frame", "closed" if answer is None else answer.hex()))

    def _say(self, step: Say) -> None:
        """Once, or until the answer is not one after which it is to be said again."""
        give_up = time.monotonic() + READY_TIMEOUT_S
        while True:
            self._send(step)
            (answer,) = self.hear(step.who)
            if not _mentions(answer, step.again_after):
                return
            assert time.monotonic() < give_up, f"still {answer}"
            self.transcript.pop()

    def _send(self, step: Say) -> None:
        connection = self._connection(step.who)
        connection.send(step.api, step.version, self._filled(step.fields), tagged=step.tagged)
        self._waiting.setdefault(step.who, []).append(step)

    def hear(self, *people: str) -> list[Any]:
        """The answers that they wait for, read once all are here."""
        taken = []
        for who in people:
            said = self._waiting[who].pop(0)
            answer = self._connections[who].receive()
            self._learn(who, said, answer)
            taken.append((who, said, answer))
        if any(_first_heard_of(said, answer) for _, said, answer in taken):
            # Kafka answers before the new group is written, and until then nobody sees it.
            assert self._commit_behind_all() is ErrorCode.none
        lines = [
            (f"{who}: {said.api} v{said.version}", self._plain(said, answer))
            for who, said, answer in taken
        ]
        self.transcript += lines
        return [answer for _, answer in lines]

    def settle(self, people: tuple[str, ...]) -> None:
        """Let arrive whatever was sent and be answered what needs no other request."""
        self.let_arrive()
        assert self._commit_behind_all() is ErrorCode.none
        self.let_arrive()
        answered = [who for who in people if self._waiting.get(who) and self.has_answer(who)]
        self.hear(*answered)
        waiting = [who for who in people if self._waiting.get(who)]
        self.transcript.append(("still wait", waiting))

    def _commit_behind_all(self) -> ErrorCode:
        """What was written before this is durable, and answered, before this is answered."""
        return commit_alone(self._connection(_NOBODY), BARRIER, BARRIER)

    def let_arrive(self) -> None:
        """Whatever was sent has been handled."""
        fields = {"group_id": BARRIER, "generation_id": 0, "member_id": "nobody"}
        for _ in range(PROBES):
            self._connection(_NOBODY).ask("heartbeat", 3, fields)

    def has_answer(self, who: str) -> bool:
        """Bytes that nobody has read yet."""
        return self._connections[who].has_answer

    def until_state(self, state: str) -> None:
        """Ask until the group is described like that: a timer of 0 ms takes Kafka a moment."""
        give_up = time.monotonic() + READY_TIMEOUT_S
        asked = {"groups": [self.called("group")]}
        while True:
            answer = self._connection(_NOBODY).ask("describe_groups", 5, asked)
            if answer.groups[0].group_state == state:
                return
            assert time.monotonic() < give_up, f"still {answer.groups[0].group_state}"

    def called(self, what: str) -> str:
        """A name of this conversation, here."""
        name = f"{self.name}-{what}"
        self.names[name] = f"<{what}>"
        return name

    def member(self, who: str, former: int = 0) -> str:
        """What this broker calls somebody; "" while it calls them nothing."""
        ids = self._ids.get(who, [])
        return ids[-1 - former] if former < len(ids) else ""

    def create_topic(self, what: str, partitions: int) -> None:
        """Create a topic of this conversation."""
        topic_id = self._create(self.called(what), partitions)
        self._topics[what] = topic_id
        self.names[topic_id] = f"<id of {what}>"

    def _know_barrier(self) -> None:
        """What the topic behind all conversations is called in newer versions."""
        asked = {"topics": [{"name": BARRIER, "topic_id": None}]}
        (topic,) = self._connection(_NOBODY).ask("metadata", 12, asked).topics
        self._topics[BARRIER] = topic.topic_id
        self.names[topic.topic_id] = "<id of the barrier>"

    def _create(self, name: str, partitions: int) -> Any:
        """A topic's id, once all of its partitions can be committed to."""
        wanted = {"name": name, "num_partitions": partitions, "replication_factor": 1}
        asked = {"topics": [wanted], "timeout": 30_000}
        made = self._connection(_NOBODY).ask("create_topics", 7, asked)
        parts = [{"partition_index": index, "timestamp": -1} for index in range(partitions)]
        listing = {"replica_id": -1, "topics": [{"name": name, "partitions": parts}]}
        while True:
            (entry,) = self._connection(_NOBODY).ask("list_offsets", 8, listing).topics
            if not any(part.error_code.value for part in entry.partitions):
                return made.topics[0].topic_id

    def prepare(self) -> None:
        """Make what every conversation needs; ask until the coordinators answer.

        Raises:
            AssertionError: they do not, in a minute.
        """
        give_up = time.monotonic() + READY_TIMEOUT_S
        beat = {"group_id": "g", "generation_id": 0, "member_id": "nobody"}
        begin = {"transactional_id": "first", "transaction_timeout": 60_000}
        asks = [
            ("find_coordinator", 3, {"key": "any", "key_type": 0}),
            ("find_coordinator", 3, {"key": "any", "key_type": 1}),
            ("heartbeat", 3, beat),
            ("init_producer_id", 1, begin),
        ]
        for ask in asks:
            while self._connection(_NOBODY).ask(*ask).error_code in _NOT_YET:
                assert time.monotonic() < give_up, f"{ask} is not answered yet"
        self._create(BARRIER, 1)
        while self._commit_behind_all() in _NOT_YET:  # a heartbeat is accepted while loading
            assert time.monotonic() < give_up, "offsets cannot be committed yet"

    def moves_to(self, address: tuple[str, int]) -> None:
        """Go on with the next broker; whatever the last one was asked is nobody's business."""
        self.close()
        self._connections.clear()
        self._left.clear()
        self._waiting.clear()
        self.address = address

    def close(self) -> None:
        """End all connections."""
        for connection in (*self._connections.values(), *self._left):
            connection.close()

    def _connection(self, who: str) -> Connection:
        if who not in self._connections:
            self._connections[who] = Connection(self.address, who.partition("/")[0])
            self._connections[who].ask("api_versions", 0, {})
        return self._connections[who]

    def _plain(self, said: Say, answer: Any) -> Any:
        """Of a broker's list of all groups those of this conversation, of APIs those of groups."""
        values = plain(answer, self.names)
        if said.api == "list_groups":
            groups = values["groups"]
            values["groups"] = [group for group in groups if group["group_id"].startswith("<")]
        if said.api == "api_versions":
            return {
                "error_code": values["error_code"],
                "api_keys": [api for api in values["api_keys"] if api["api_key"] in _OF_GROUPS],
            }
        return values

    def _learn(self, who: str, said: Say, answer: Any) -> None:
        if said.api == "join_group" and answer.member_id not in ("", "stranger", *self.names):
            ids = self._ids.setdefault(who.partition("/")[0], [])
            ids.append(answer.member_id)
            self.names[answer.member_id] = f"<{who} {len(ids)}: {shape(answer.member_id)}>"
        if said.api == "init_producer_id" and answer.producer_id >= 0:
            self._producers[who] = answer
            key = ("producer", answer.producer_id)
            self.names.setdefault(key, f"<producer {who} {len(self._producers)}>")

    def _filled(self, value: Any) -> Any:
        match value:
            case Id(who=who, former=former):
                return self.member(who, former)
            case Name(what=what):
                return self.called(what)
            case TopicId(what=what):
                if what == BARRIER and what not in self._topics:
                    self._know_barrier()
                return self._topics[what]
            case Producer(who=who, what=what, plus=plus):
                return getattr(self._producers[who], what) + plus
            case Own(what=what):
                return getattr(self._connection(_NOBODY).ask("describe_cluster", 0, {}), what)
            case Reads(topics=topics):
                return subscription(*(self.called(topic.what) for topic in topics))
            case Mapping():
                return {key: self._filled(each) for key, each in value.items()}
            case list() | tuple():
                return [self._filled(each) for each in value]
        return value


def _first_heard_of(said: Say, answer: Any) -> bool:
    """Whether a request may have made a group that has only an id to wait for."""
    return said.api == "join_group" and answer.error_code is ErrorCode.member_id_required


def _mentions(answer: Any, errors: tuple[str, ...]) -> bool:
    """Whether one of the errors stands anywhere in a plain answer."""
    if isinstance(answer, dict):
        return any(_mentions(value, errors) for value in answer.values())
    if isinstance(answer, list):
        return any(_mentions(value, errors) for value in answer)
    return answer in errors


def _waiting_for_nothing(ms: int) -> dict[str, Any]:
    """A Fetch that is answered when so much time has passed: nobody produces there."""
    part = {
        "partition": 0,
        "fetch_offset": 0,
        "partition_max_bytes": 1,
        "current_leader_epoch": -1,
        "log_start_offset": -1,
    }
    return {
        "replica_id": -1,
        "max_wait": ms,
        "min_bytes": 1,
        "max_bytes": 1,
        "session_epoch": -1,
        "topics": [{"topic": BARRIER, "partitions": [part]}],
    }


def subscription(*topics: str) -> bytes:
    """Metadata of a consumer, version 0."""
    names = b"".join(len(t).to_bytes(2, "big") + t.encode() for t in topics)
    return b"\0\0" + len(topics).to_bytes(4, "big") + names + (-1).to_bytes(4, "big", signed=True)


@contextmanager
def opened(address: tuple[str, int], name: str) -> Iterator[Side]:
    """A side for the length of a block."""
    side = Side(address, name)
    try:
        yield side
    finally:
        side.close()
