"""Ten thousand members join one group in the coordinator, without sockets: what the rules cost.

Dynamic members come with the round for a member id (KIP-394), static ones with an instance id; each
offers cooperative-sticky with two topics. Counted from the first JoinGroup to the last SyncGroup
answer: all joins, the end of the initial delay, all answers, the leader's assignment as a record
(encoded as it is written), all syncs. Then a rebalance of all: everybody rejoins with what it owns.

Run: python -m benchmarks.core_join [--members 10000]
"""

from __future__ import annotations

import argparse
import gc
import itertools
import time
from dataclasses import dataclass

from assignors import PartitionSet
from assignors.codec import encode_assignment, encode_generation_user_data, encode_subscription
from assignors.model import Subscription
from benchmarks.measure import Figure, show
from rebalance.coordinator import GroupCoordinator
from rebalance.protocol.config import CoordinatorConfig
from rebalance.protocol.effects import Append, Appended, Effect, Received, Reply
from rebalance.protocol.offsets_records import encode_record
from rebalance.protocol.requests import (
    CoordinatorRequest,
    GroupProtocol,
    JoinGroupRequest,
    SyncGroupAssignment,
    SyncGroupRequest,
)
from rebalance.protocol.responses import JoinGroupResponse

RUNS = 5
TOPICS = ("orders", "payments")
PROTOCOL = "cooperative-sticky"


class Play:
    """A coordinator and a driver that writes at once."""

    def __init__(self) -> None:
        suffix = itertools.count()
        self.coordinator = GroupCoordinator(CoordinatorConfig(), lambda: f"{next(suffix):06d}")
        self.now_ms = 0
        self.joined: list[JoinGroupResponse] = []

    def ask(self, request: CoordinatorRequest) -> None:
        """Hand a request over; answers to JoinGroups are kept."""
        self._act(self.coordinator.handle(Received(token=0, request=request), self.now_ms))

    def pass_time(self) -> None:
        """Until every timer that is due before the first session's end has fired."""
        while (deadline := self.coordinator.next_deadline()) and deadline < 300_000:
            if self.joined:
                return
            self.now_ms = deadline
            self._act(self.coordinator.advance(deadline))

    def _act(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            if isinstance(effect, Reply):
                if isinstance(effect.response, JoinGroupResponse):
                    self.joined.append(effect.response)
            elif isinstance(effect, Append):
                for record in effect.records:
                    encode_record(record)
                self._act(self.coordinator.handle(Appended(token=effect.token), self.now_ms))


@dataclass(frozen=True, slots=True, kw_only=True)
class Formed:
    """A Stable group, what every member was told, and how long each part took, in seconds."""

    play: Play
    answers: tuple[JoinGroupResponse, ...]
    assignments: list[bytes]
    seconds: dict[str, float]


def _subscription(number: int, generation_id: int) -> bytes:
    owned = _partitions(number) if generation_id >= 0 else PartitionSet()
    return encode_subscription(
        Subscription(
            topics=TOPICS,
            owned=owned,
            generation_id=generation_id,
            user_data=encode_generation_user_data(generation_id),
        )
    )


def _partitions(number: int) -> PartitionSet:
    return PartitionSet((topic, number * 5 + index) for topic in TOPICS for index in range(5))


def _joins(members: int, *, static: bool, generation_id: int = -1) -> list[JoinGroupRequest]:
    return [
        JoinGroupRequest(
            group_id="g",
            session_timeout_ms=45_000,
            rebalance_timeout_ms=300_000,
            member_id="",
            group_instance_id=f"instance-{number}" if static else None,
            protocol_type="consumer",
            protocols=(
                GroupProtocol(name=PROTOCOL, metadata=_subscription(number, generation_id)),
            ),
            client_id="c",
            client_host="/127.0.0.1",
        )
        for number in range(members)
    ]


def _with_id(request: JoinGroupRequest, member_id: str) -> JoinGroupRequest:
    return JoinGroupRequest(
        group_id=request.group_id,
        session_timeout_ms=request.session_timeout_ms,
        rebalance_timeout_ms=request.rebalance_timeout_ms,
        member_id=member_id,
        group_instance_id=request.group_instance_id,
        protocol_type=request.protocol_type,
        protocols=request.protocols,
        client_id=request.client_id,
        client_host=request.client_host,
    )


def form_group(members: int, *, static: bool = False) -> Formed:
    """A group of so many, from nothing to Stable."""
    play = Play()
    joins = _joins(members, static=static)
    assignments = [encode_assignment(_partitions(number)) for number in range(members)]
    began = time.perf_counter()
    for join in joins:
        play.ask(join)
    if not static:
        ids, play.joined = [answer.member_id for answer in play.joined], []
        for join, member_id in zip(joins, ids, strict=True):
            play.ask(_with_id(join, member_id))
    all_joined = time.perf_counter()
    play.pass_time()
    answered = time.perf_counter()
    answers, play.joined = tuple(play.joined), []
    _sync(play, answers, assignments)
    ended = time.perf_counter()
    return Formed(
        play=play,
        answers=answers,
        assignments=assignments,
        seconds={
            "all join": all_joined - began,
            "all are answered": answered - all_joined,
            "all sync": ended - answered,
            "together": ended - began,
        },
    )


def _sync(play: Play, answers: tuple[JoinGroupResponse, ...], assignments: list[bytes]) -> None:
    for answer in answers:
        given = (
            SyncGroupAssignment(member_id=member.member_id, assignment=assignment)
            for member, assignment in zip(answer.members, assignments, strict=False)
        )
        play.ask(
            SyncGroupRequest(
                group_id="g",
                generation_id=answer.generation_id,
                member_id=answer.member_id,
                protocol_type="consumer",
                protocol_name=PROTOCOL,
                assignments=tuple(given),
            )
        )


def rejoin_all(formed: Formed, *, static: bool) -> float:
    """Seconds in which everybody rejoins with what it owns and syncs."""
    play = formed.play
    joins = _joins(len(formed.answers), static=static, generation_id=1)
    began = time.perf_counter()
    for join, answer in zip(joins, formed.answers, strict=True):
        play.ask(_with_id(join, answer.member_id))
    again, play.joined = tuple(play.joined), []
    assert len(again) == len(joins)
    _sync(play, again, formed.assignments)
    return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=10_000)
    members: int = parser.parse_args().members
    for static in (False, True):
        runs = []
        for _ in range(RUNS):
            gc.collect()
            formed = form_group(members, static=static)
            again = rejoin_all(formed, static=static)
            runs.append({**formed.seconds, "all rejoin and sync": again})
        figures = [
            Figure(name=part, unit="ms", runs=tuple(1000 * run[part] for run in runs))
            for part in runs[0]
        ]
        show(f"{members:,} {'static' if static else 'dynamic'} members in the core", figures)


if __name__ == "__main__":
    main()
