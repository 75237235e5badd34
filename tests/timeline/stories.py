"""Hand-made stories for the tests: groups that behave as real ones do, down to the late heartbeat.

Why: pictures are judged on traces that look like life, and the simulation must not be needed to
test what only reads traces. Everything is computed from the arguments; nothing is random.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rebalance.timeline.events import (
    Assigned,
    AssignmentSent,
    CommitRefused,
    Event,
    GroupStateChanged,
    Header,
    JoinCompleted,
    Joined,
    Joining,
    Lost,
    MemberJoined,
    MemberPaused,
    MemberRemoved,
    MemberResumed,
    MemberStarted,
    MemberStopped,
    RebalanceStarted,
    Revoked,
    Step,
    TopicKnown,
    TraceEnded,
)
from rebalance.timeline.trace import Trace

Owned = dict[str, set[int]]


def split(members: Sequence[str], partitions: int) -> dict[str, tuple[int, ...]]:
    """Contiguous blocks, the first members get one more (range's way)."""
    base, extra = divmod(partitions, len(members))
    result: dict[str, tuple[int, ...]] = {}
    start = 0
    for index, member in enumerate(members):
        size = base + (index < extra)
        result[member] = tuple(range(start, start + size))
        start += size
    return result


def sticky(
    members: Sequence[str], partitions: int, before: Mapping[str, Iterable[int]]
) -> dict[str, tuple[int, ...]]:
    """Balanced, and everybody keeps what he may."""
    base, extra = divmod(partitions, len(members))
    by_load = sorted(members, key=lambda m: -len(tuple(before.get(m, ()))))
    room = {m: base + (i < extra) for i, m in enumerate(by_load)}
    result = {m: sorted(before.get(m, ()))[: room[m]] for m in members}
    free = sorted(set(range(partitions)) - {p for ids in result.values() for p in ids})
    for member in members:
        while len(result[member]) < room[member]:
            result[member].append(free.pop(0))
    return {m: tuple(sorted(ids)) for m, ids in result.items()}


@dataclass
class Story:
    """A group told step by step; both views unless one is switched off."""

    group_id: str = "billing"
    topic: str = "orders"
    partitions: int = 12
    heartbeat_ms: int = 600
    coordinator: bool = True
    members: bool = True
    generation_id: int = 0
    live: list[str] = field(default_factory=list)
    owned: dict[str, tuple[int, ...]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def tell(self, *events: Event) -> None:
        """Add events of the views that are switched on."""
        for event in events:
            if {"coordinator": self.coordinator, "member": self.members}.get(event.VIEW, True):
                self.events.append(event)

    def trace(self, until: int | None = None) -> Trace:
        """The story so far, in order of time; `until` says how long it goes on in silence."""
        trace = Trace(Header(source="story", clock="virtual"))
        events = list(self.events)
        if until is not None:
            events.append(TraceEnded(t=until))
        for event in sorted(events, key=lambda event: event.t):
            trace.add(event)
        return trace

    def topic_known(self, t: int = 0) -> None:
        self.tell(TopicKnown(t=t, topic=self.topic, partitions=self.partitions))

    def start(self, t: int, *names: str) -> None:
        """Consumers come to life and send their first JoinGroup."""
        for name in names:
            self.tell(
                Step(t=t, text=f"{name} starts", member=name, cause="member joined"),
                MemberStarted(t=t, group_id=self.group_id, member=name, topics=(self.topic,)),
                Joining(t=t + 5, group_id=self.group_id, member=name),
            )
            self.added(t + 8, name)
            self.live.append(name)
            self.owned[name] = ()

    def added(self, t: int, name: str) -> None:
        self.tell(MemberJoined(t=t, group_id=self.group_id, member_id=f"{name}-1", client_id=name))

    def state(self, t: int, previous: str, state: str) -> None:
        self.tell(
            GroupStateChanged(
                t=t,
                group_id=self.group_id,
                previous=previous,
                state=state,
                generation_id=self.generation_id,
            )
        )

    def begin(self, t: int, cause: str, member: str = "", reason: str = "") -> None:
        """The coordinator starts a join phase."""
        self.state(t, "Stable" if self.generation_id else "Empty", "PreparingRebalance")
        self.tell(
            RebalanceStarted(
                t=t,
                group_id=self.group_id,
                generation_id=self.generation_id,
                cause=cause,
                member_id=f"{member}-1" if member else "",
                reason=reason,
            )
        )

    def notice(self, t: int, index: int) -> int:
        """When the member at `index` hears of it: its next heartbeat."""
        return t + (index + 1) * self.heartbeat_ms // (len(self.live) + 1)

    def revoke(self, t: int, name: str, ids: Iterable[int]) -> None:
        gone = tuple(sorted(ids))
        if gone:
            partitions = {self.topic: gone}
            self.tell(Revoked(t=t, group_id=self.group_id, member=name, partitions=partitions))

    def complete(self, t: int, target: Mapping[str, tuple[int, ...]]) -> None:
        """Join phase over at `t`: the leader assigns, everybody syncs some milliseconds later."""
        self.generation_id += 1
        leader = self.live[0]
        self.tell(
            JoinCompleted(
                t=t,
                group_id=self.group_id,
                generation_id=self.generation_id,
                protocol_name="range",
                leader=f"{leader}-1",
                members=tuple(f"{name}-1" for name in self.live),
            )
        )
        self.state(t, "PreparingRebalance", "CompletingRebalance")
        self.state(t + 12, "CompletingRebalance", "Stable")
        for index, name in enumerate(self.live):
            self._hand_over(t + 12, t + 15 + 2 * index, name, target[name])

    def _hand_over(self, t: int, heard: int, name: str, ids: tuple[int, ...]) -> None:
        self.tell(
            AssignmentSent(
                t=t,
                group_id=self.group_id,
                generation_id=self.generation_id,
                member_id=f"{name}-1",
                partitions={self.topic: ids} if ids else {},
            ),
            Joined(
                t=heard,
                group_id=self.group_id,
                member=name,
                member_id=f"{name}-1",
                generation_id=self.generation_id,
                leader=name == self.live[0],
            ),
        )
        before = set(self.owned[name])
        self.revoke(heard, name, before - set(ids))
        new = tuple(sorted(set(ids) - before))
        self.tell(
            Assigned(
                t=heard,
                group_id=self.group_id,
                member=name,
                partitions={self.topic: new} if new else {},
                generation_id=self.generation_id,
            )
        )
        self.owned[name] = ids

    def eager(
        self, t: int, cause: str, member: str = "", *, at_once: bool = False, reason: str = ""
    ) -> int:
        """A whole eager rebalance from `t`; returns when it was stable."""
        self.begin(t, cause, member, reason)
        done = t
        for index, name in enumerate(self.live):
            if name == member and not self.owned[name]:
                continue
            heard = t if at_once else self.notice(t, index)
            done = max(done, heard + 3)
            self.revoke(heard, name, self.owned[name])
            self.owned[name] = ()
            self.tell(Joining(t=heard + 3, group_id=self.group_id, member=name))
        self.complete(done, split(self.live, self.partitions))
        return done + 12

    def cooperative(self, t: int, cause: str, member: str = "") -> int:
        """One or two generations: what moves is revoked in the first, handed out in the second."""
        free_before = self.partitions - sum(len(ids) for ids in self.owned.values())
        target = sticky(self.live, self.partitions, self.owned)
        held = {p for ids in self.owned.values() for p in ids}
        first = {
            name: tuple(p for p in target[name] if p in self.owned[name] or p not in held)
            for name in self.live
        }
        gives_up = [n for n in self.live if set(self.owned[n]) - set(target[n])]
        self.begin(t, cause, member)
        done = self._rejoin(t, member)
        self.complete(done, first)
        if not gives_up or free_before == self.partitions:
            return done + 12
        again = done + 12 + 20
        self.begin(again, "partitions revoked", gives_up[0])
        done = self._rejoin(again, gives_up[0])
        self.complete(done, target)
        return done + 12

    def _rejoin(self, t: int, cause: str) -> int:
        done = t
        for index, name in enumerate(self.live):
            heard = t if name == cause else self.notice(t, index)
            if self.generation_id and (name != cause or self.owned[name]):
                self.tell(Joining(t=heard, group_id=self.group_id, member=name))
            done = max(done, heard + 3)
        return done

    def leave(self, t: int, name: str) -> None:
        """A consumer closes in good order."""
        self.tell(Step(t=t, text=f"{name} closes", member=name, cause="member left"))
        self.revoke(t, name, self.owned.pop(name))
        self.live.remove(name)
        self.removed(t + 4, name, "member left")
        self.tell(MemberStopped(t=t + 5, group_id=self.group_id, member=name, how="closed"))

    def crash(self, t: int, name: str) -> None:
        """A process is killed; the coordinator does not know yet."""
        self.tell(
            Step(t=t, text=f"{name} is killed", member=name, cause="session expired"),
            MemberStopped(t=t, group_id=self.group_id, member=name, how="crashed"),
        )
        self.owned.pop(name)
        self.live.remove(name)

    def removed(self, t: int, name: str, cause: str) -> None:
        self.tell(MemberRemoved(t=t, group_id=self.group_id, member_id=f"{name}-1", cause=cause))

    def pause(self, t: int, name: str) -> None:
        self.tell(
            Step(t=t, text=f"{name} stands still", member=name),
            MemberPaused(t=t, group_id=self.group_id, member=name),
        )

    def resume(self, t: int, name: str, lost: Iterable[int]) -> None:
        """The zombie wakes up, commits (refused) and learns what it lost."""
        self.tell(
            MemberResumed(t=t, group_id=self.group_id, member=name),
            CommitRefused(
                t=t + 20,
                group_id=self.group_id,
                member_id=f"{name}-1",
                generation_id=self.generation_id,
                error="UNKNOWN_MEMBER_ID",
            ),
            Lost(
                t=t + 25,
                group_id=self.group_id,
                member=name,
                partitions={self.topic: tuple(lost)},
            ),
        )


def eager_churn(*, coordinator: bool = True, members: bool = True, group: str = "billing") -> Trace:
    """First join, scale out, leave, crash with a session timeout of 6 s: 35 s."""
    story = Story(group_id=group, coordinator=coordinator, members=members)
    story.topic_known()
    story.start(0, "A", "B")
    story.begin(8, "member joined", "A")
    story.complete(3_008, split(["A", "B"], 12))
    story.start(8_000, "C")
    story.eager(8_008, "member joined", "C")
    story.leave(15_000, "B")
    story.eager(15_004, "member left", "B")
    story.crash(20_000, "C")
    story.removed(26_000, "C", "session expired")
    story.eager(26_000, "session expired", "C")
    return story.trace(until=32_000)


def outage() -> Trace:
    """Both members of a group are killed within three seconds, and one comes back much later."""
    story = Story(partitions=4)
    story.topic_known()
    story.start(0, "A", "B")
    story.begin(8, "member joined", "A")
    story.complete(1_008, split(["A", "B"], 4))
    story.crash(4_000, "A")
    story.crash(7_000, "B")
    for t, name in ((10_000, "A"), (13_000, "B")):
        story.removed(t, name, "session expired")
    story.start(20_000, "C")
    story.begin(20_008, "member joined", "C")
    story.complete(21_008, split(["C"], 4))
    return story.trace(until=25_000)


def cooperative_scale_out() -> Trace:
    """Two members, a third joins, one leaves: each change takes its two generations."""
    story = Story(partitions=9)
    story.topic_known()
    story.start(0, "A", "B")
    story.begin(8, "member joined", "A")
    story.complete(1_008, split(["A", "B"], 9))
    story.start(4_000, "C")
    story.cooperative(4_008, "member joined", "C")
    story.leave(8_000, "A")
    story.cooperative(8_004, "member left", "A")
    return story.trace(until=10_000)


def listeners_only() -> Trace:
    """A real cluster, seen by the listeners of its clients: no coordinator, steps of a script."""
    story = Story(coordinator=False, partitions=6)
    story.start(0, "A")
    story.begin(8, "", "A")
    story.complete(3_008, split(["A"], 6))
    story.start(6_000, "B")
    story.eager(6_008, "", "B")
    story.eager(9_500, "")
    return story.trace(until=12_000)


def zombie() -> Trace:
    """B stands still beyond its session; A gets all; B wakes up and believes for 25 ms more."""
    story = Story(partitions=6)
    story.topic_known()
    story.start(0, "A", "B")
    story.begin(8, "member joined", "A")
    story.complete(1_008, split(["A", "B"], 6))
    story.pause(3_000, "B")
    lost = story.owned["B"]
    story.live.remove("B")
    story.removed(9_000, "B", "session expired")
    story.eager(9_000, "session expired", "B")
    story.resume(12_000, "B", lost)
    return story.trace(until=14_000)


def rolling_restart(
    members: int, partitions: int, *, stay_ms: int = 2_000, prefix: str = "payments-7d9f-"
) -> Trace:
    """Each of many members is replaced by a new one, eagerly, one after the other."""
    story = Story(partitions=partitions, topic="payments", group_id="payments")
    story.topic_known()
    old = [f"{prefix}{index:02}" for index in range(members)]
    story.start(0, *old)
    story.begin(8, "member joined", old[0])
    story.complete(3_008, split(old, partitions))
    t = 5_000
    for name in old:
        story.leave(t, name)
        story.eager(t + 4, "member left", name)
        story.start(t + stay_ms // 2, f"{name}b")
        story.eager(t + stay_ms // 2 + 8, "member joined", f"{name}b")
        t += stay_ms
    return story.trace(until=t)
