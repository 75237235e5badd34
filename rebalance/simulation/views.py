"""What a trace has told so far, by group and by member: the two views of ownership.

Why: checkers, `show` commands and "run until stable" must see what any reader of the trace sees and
nothing else, so that none of them can lean on how a machine works inside. Both views are kept and
never mixed: a member's (from assigned to revoked, lost or stopped) and the coordinator's (from the
assignment it sent to removal or the next one).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rebalance.protocol.causes import Cause
from rebalance.timeline import trace

__all__ = ["GroupView", "Lane", "Partition", "Rebalance", "Views", "flattened"]

Partition = tuple[str, int]


def flattened(partitions: trace.Partitions) -> Iterator[Partition]:
    """topic -> ids as (topic, id) pairs."""
    for topic, ids in partitions.items():
        for partition in ids:
            yield topic, partition


@dataclass(slots=True, kw_only=True)
class Lane:
    """One consumer as it sees itself."""

    name: str
    group_id: str
    topics: tuple[str, ...] = ()
    member_id: str = ""
    generation_id: int = -1
    leads: bool = False
    owned: set[Partition] = field(default_factory=set)
    paused: bool = False
    joining: bool = False
    """It sent a JoinGroup that was not answered with a generation yet."""
    heard: bool = False
    """Its coordinator has that JoinGroup; told by `checkers.joins_heard`."""
    left_behind: bool = False
    """A generation began without it while the coordinator still counts on it: a static member that
    did not rejoin in time (J11), though its JoinGroup may have been under way."""
    ended: str = ""
    """"closed", "crashed" or "failed"; empty while it lives."""

    @property
    def awake(self) -> bool:
        """It can act: not paused, not gone."""
        return not self.paused and not self.ended


@dataclass(slots=True, kw_only=True)
class Rebalance:
    """One join phase and what followed, in the coordinator's view; times in ms."""

    group_id: str
    started: int
    cause: str
    member_id: str
    reason: str
    generation_id: int = -1
    """Of its end; -1 while it runs, or when it was overtaken by another."""
    members: int = 0
    ended: int | None = None
    overtaken: bool = False
    """Another began, or its coordinator was gone, before it came to an end."""


@dataclass(slots=True, kw_only=True)
class GroupView:
    """A group as its coordinator sees it. Member ids in the order in which they came."""

    group_id: str
    state: str = "Empty"
    since: int = 0
    generation_id: int = 0
    protocol_name: str = ""
    leader: str = ""
    loaded: bool = False
    """Its coordinator has it from the log, and no generation has begun since: it knows one protocol
    of each member (P03)."""
    replaced: bool = False
    """Somebody took a static member's place, and no generation has begun since: what it has was
    given to the one before (J15)."""
    chosen: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Generation -> protocol and leader, of those that may be the last one written (P02)."""
    members: dict[str, str] = field(default_factory=dict)
    """member id -> client id"""
    static: set[str] = field(default_factory=set)
    """Member ids of those that have a group.instance.id; of the removed ones, too."""
    sent: dict[str, tuple[int, frozenset[Partition]]] = field(default_factory=dict)
    """member id -> generation and partitions of the last assignment it was sent"""


class Views:
    """Both views, kept current by `apply`. Lanes and groups in order of appearance."""

    def __init__(self) -> None:
        self.topics: dict[str, int] = {}
        self.groups: dict[str, GroupView] = {}
        self.lanes: dict[str, Lane] = {}
        self.rebalances: list[Rebalance] = []
        self.refused: list[trace.CommitRefused] = []
        self._holders: dict[tuple[str, Partition], list[Lane]] = {}
        self._by_member_id: dict[tuple[str, str], Lane] = {}
        self._apply: Mapping[type[trace.Event], Callable[..., None]] = {
            trace.TopicKnown: self._topic,
            trace.GroupStateChanged: self._state,
            trace.MemberJoined: self._member_added,
            trace.MemberRemoved: self._member_removed,
            trace.RebalanceStarted: self._rebalance_started,
            trace.JoinCompleted: self._join_completed,
            trace.AssignmentSent: self._assignment_sent,
            trace.CommitRefused: self.refused.append,
            trace.MemberStarted: self._started,
            trace.Subscribed: self._subscribed,
            trace.Joining: self._joining,
            trace.Joined: self._joined,
            trace.Assigned: self._assigned,
            trace.Revoked: self._given_up,
            trace.Lost: self._given_up,
            trace.MemberPaused: self._paused,
            trace.MemberResumed: self._resumed,
            trace.MemberFailed: self._failed,
            trace.MemberStopped: self._stopped,
        }

    def apply(self, event: trace.Event) -> None:
        """Take in one event, in the order of the trace."""
        change = self._apply.get(type(event))
        if change is not None:
            change(event)

    # --- questions -------------------------------------------------------------------------------

    def holders(self, group_id: str, partition: Partition) -> Sequence[Lane]:
        """Who believes to own it, the one that has had it longest first; a view, not a copy."""
        return self._holders.get((group_id, partition), ())

    def lanes_of(self, group_id: str) -> list[Lane]:
        """The lanes of a group that have not ended."""
        return [
            lane for lane in self.lanes.values() if lane.group_id == group_id and not lane.ended
        ]

    def lane_of_member(self, group_id: str, member_id: str) -> Lane | None:
        """The living lane that goes by this member id, as far as it has learned it."""
        return self._by_member_id.get((group_id, member_id))

    def is_member(self, lane: Lane) -> bool:
        """The coordinator counts it in; if not, what it owns it owns in its own eyes only."""
        group = self.groups.get(lane.group_id)
        return group is not None and lane.member_id in group.members

    def unowned(self, group_id: str) -> list[Partition]:
        """Partitions of topics that somebody awake wants and nobody awake owns."""
        wanted = {topic for lane in self.lanes_of(group_id) if lane.awake for topic in lane.topics}
        return [
            (topic, partition)
            for topic in sorted(wanted)
            for partition in range(self.topics.get(topic, 0))
            if not any(lane.awake for lane in self.holders(group_id, (topic, partition)))
        ]

    def owned_in_vain(self, group_id: str) -> list[Partition]:
        """Partitions whose owner does not want them (any more), or that do not exist."""
        return [
            (topic, partition)
            for lane in self.lanes_of(group_id)
            for topic, partition in sorted(lane.owned)
            if topic not in lane.topics or partition >= self.topics.get(topic, 0)
        ]

    # --- the coordinator's view ------------------------------------------------------------------

    def _topic(self, event: trace.TopicKnown) -> None:
        self.topics[event.topic] = event.partitions

    def _group(self, group_id: str) -> GroupView:
        found = self.groups.get(group_id)
        if found is None:
            found = self.groups[group_id] = GroupView(group_id=group_id)
        return found

    def _state(self, event: trace.GroupStateChanged) -> None:
        group = self._group(event.group_id)
        group.state, group.since = event.state, event.t
        group.generation_id = event.generation_id
        if event.state in ("Stable", "Empty", "Dead"):
            self._end_rebalance(event)
        if event.previous == "Dead":
            group.loaded = event.state != "Empty"
            group.protocol_name, group.leader = group.chosen.get(event.generation_id, ("", ""))
        if event.state == "Empty":
            group.protocol_name = group.leader = ""
        if event.state == "Stable":  # of which the log has all; that it is Empty may get lost
            group.chosen = {n: said for n, said in group.chosen.items() if n == group.generation_id}

    def _end_rebalance(self, event: trace.GroupStateChanged) -> None:
        last = next((r for r in reversed(self.rebalances) if r.group_id == event.group_id), None)
        if last is None or last.ended is not None or last.overtaken:
            return
        if event.state == "Dead":
            last.overtaken = True  # its coordinator is gone
            return
        last.ended, last.generation_id = event.t, event.generation_id
        last.members = len(self._group(event.group_id).members)

    def _member_added(self, event: trace.MemberJoined) -> None:
        group = self._group(event.group_id)
        group.members[event.member_id] = event.client_id
        if event.group_instance_id is not None:
            group.static.add(event.member_id)

    def _member_removed(self, event: trace.MemberRemoved) -> None:
        group = self._group(event.group_id)
        group.members.pop(event.member_id, None)
        group.sent.pop(event.member_id, None)
        if event.cause == Cause.STATIC_MEMBER_REPLACED.value:
            group.replaced = True

    def _rebalance_started(self, event: trace.RebalanceStarted) -> None:
        last = next((r for r in reversed(self.rebalances) if r.group_id == event.group_id), None)
        if last is not None and last.ended is None:
            last.overtaken = True
        self.rebalances.append(
            Rebalance(
                group_id=event.group_id,
                started=event.t,
                cause=event.cause,
                member_id=event.member_id,
                reason=event.reason,
            )
        )

    def _join_completed(self, event: trace.JoinCompleted) -> None:
        group = self._group(event.group_id)
        group.generation_id = event.generation_id
        group.loaded = group.replaced = False
        group.protocol_name, group.leader = event.protocol_name, event.leader
        group.chosen[event.generation_id] = event.protocol_name, event.leader
        members = group.static.intersection(event.members)
        for lane in self.lanes_of(event.group_id):
            rejoined = lane.joining and lane.heard
            lane.left_behind = not rejoined and lane.member_id in members

    def _assignment_sent(self, event: trace.AssignmentSent) -> None:
        group = self._group(event.group_id)
        group.sent[event.member_id] = (
            event.generation_id,
            frozenset(flattened(event.partitions)),
        )

    # --- the members' view -----------------------------------------------------------------------

    def _started(self, event: trace.MemberStarted) -> None:
        self.lanes[event.member] = Lane(
            name=event.member, group_id=event.group_id, topics=event.topics
        )

    def _subscribed(self, event: trace.Subscribed) -> None:
        self.lanes[event.member].topics = event.topics

    def _joining(self, event: trace.Joining) -> None:
        lane = self.lanes[event.member]
        lane.joining, lane.heard = True, False

    def _joined(self, event: trace.Joined) -> None:
        lane = self.lanes[event.member]
        lane.joining = lane.heard = lane.left_behind = False
        lane.member_id, lane.generation_id = event.member_id, event.generation_id
        lane.leads = event.leader
        self._by_member_id[lane.group_id, lane.member_id] = lane

    def _assigned(self, event: trace.Assigned) -> None:
        lane = self.lanes[event.member]
        for partition in flattened(event.partitions):
            if partition not in lane.owned:
                lane.owned.add(partition)
                self._holders.setdefault((lane.group_id, partition), []).append(lane)

    def _given_up(self, event: trace.Revoked | trace.Lost) -> None:
        self._release(self.lanes[event.member], list(flattened(event.partitions)))

    def _release(self, lane: Lane, partitions: Iterable[Partition]) -> None:
        for partition in partitions:
            if partition in lane.owned:
                lane.owned.discard(partition)
                self._holders[lane.group_id, partition].remove(lane)

    def _paused(self, event: trace.MemberPaused) -> None:
        self.lanes[event.member].paused = True

    def _resumed(self, event: trace.MemberResumed) -> None:
        self.lanes[event.member].paused = False

    def _failed(self, event: trace.MemberFailed) -> None:
        self._end(event.member, "failed")

    def _stopped(self, event: trace.MemberStopped) -> None:
        self._end(event.member, event.how)

    def _end(self, member: str, how: str) -> None:
        lane = self.lanes[member]
        self._release(lane, sorted(lane.owned))
        lane.ended, lane.paused = how, False
        if self._by_member_id.get((lane.group_id, lane.member_id)) is lane:
            del self._by_member_id[lane.group_id, lane.member_id]
