"""A rolling deploy as a trace, event by event, of any length and never in memory as a whole.

Why: what draws traces is measured on ones of a million events, longer than a simulation is worth.
Members leave and come back in turn, each time everybody gives up everything (the eager protocol),
at a heartbeat of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rebalance.timeline.events import (
    Assigned,
    AssignmentSent,
    Event,
    GroupStateChanged,
    Header,
    JoinCompleted,
    Joined,
    Joining,
    MemberJoined,
    MemberRemoved,
    MemberStarted,
    MemberStopped,
    Partitions,
    RebalanceStarted,
    Revoked,
    TopicKnown,
    TraceEnded,
)

GROUP, TOPIC = "payments", "payments"
APART_MS, HEARTBEAT_MS = 10_000, 3_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RollingDeploy:
    """The trace of a group of `members` through `rebalances`; iterate over `events` again and
    again."""

    members: int
    partitions: int
    rebalances: int

    @property
    def header(self) -> Header:
        return Header(source="a benchmark", clock="virtual")

    @property
    def events(self) -> Iterator[Event]:
        """In order of time."""
        yield TopicKnown(t=0, topic=TOPIC, partitions=self.partitions)
        live: list[str] = []
        owned: dict[str, Partitions] = {}
        for name in (f"{TOPIC}-{number:03}" for number in range(self.members)):
            yield from _start(0, name)
            live.append(name)
        yield from self._rebalance(0, 0, live, owned, ("member joined", live[0]))
        for number in range(1, self.rebalances):
            t, index = number * APART_MS, number // 2 % self.members
            if number % 2:
                name = live.pop(index)
                yield from _stop(t, name)
                del owned[name]
                yield from self._rebalance(t, number, live, owned, ("member left", name))
            else:
                name = f"{TOPIC}-{index:03}-{number}"
                yield from _start(t, name)
                live.insert(index, name)
                yield from self._rebalance(t, number, live, owned, ("member joined", name))
        yield TraceEnded(t=self.rebalances * APART_MS)

    def _rebalance(
        self,
        t: int,
        number: int,
        live: list[str],
        owned: dict[str, Partitions],
        why: tuple[str, str],
    ) -> Iterator[Event]:
        cause, member = why
        yield RebalanceStarted(
            t=t, group_id=GROUP, generation_id=number, cause=cause, member_id=member
        )
        yield _state(t, "Stable" if number else "Empty", "PreparingRebalance", number)
        for index, name in enumerate(live):
            heard = t + (index + 1) * HEARTBEAT_MS // (len(live) + 1)
            if name in owned:
                yield Revoked(t=heard, group_id=GROUP, member=name, partitions=owned[name])
            yield Joining(t=heard, group_id=GROUP, member=name, member_id=name)
        t += HEARTBEAT_MS
        number += 1
        yield JoinCompleted(
            t=t,
            group_id=GROUP,
            generation_id=number,
            protocol_name="range",
            leader=live[0],
            members=tuple(live),
        )
        yield _state(t, "PreparingRebalance", "CompletingRebalance", number)
        yield _state(t + 5, "CompletingRebalance", "Stable", number)
        for index, name in enumerate(live):
            owned[name] = self._assignment(live, index)
            both = {"group_id": GROUP, "generation_id": number, "partitions": owned[name]}
            yield AssignmentSent(t=t + 5, member_id=name, **both)  # type: ignore[arg-type]
        for index, name in enumerate(live):
            both = {"t": t + 6 + index // 20, "group_id": GROUP, "generation_id": number}
            yield Joined(member=name, member_id=name, **both)  # type: ignore[arg-type]
            yield Assigned(member=name, partitions=owned[name], **both)  # type: ignore[arg-type]

    def _assignment(self, live: list[str], index: int) -> Partitions:
        first = index * self.partitions // len(live)
        beyond = (index + 1) * self.partitions // len(live)
        return {TOPIC: tuple(range(first, beyond))}


def _start(t: int, name: str) -> Iterator[Event]:
    yield MemberStarted(t=t, group_id=GROUP, member=name, topics=(TOPIC,))
    yield MemberJoined(t=t, group_id=GROUP, member_id=name, client_id=name)


def _stop(t: int, name: str) -> Iterator[Event]:
    yield MemberStopped(t=t, group_id=GROUP, member=name, how="closed")
    yield MemberRemoved(t=t, group_id=GROUP, member_id=name, cause="member left")


def _state(t: int, previous: str, state: str, generation_id: int) -> Event:
    return GroupStateChanged(
        t=t, group_id=GROUP, previous=previous, state=state, generation_id=generation_id
    )
