"""Metrics against an oracle that looks at every single millisecond, and by hand on stories."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from rebalance.timeline.events import (
    Assigned,
    AssignmentSent,
    Event,
    GroupStateChanged,
    Header,
    JoinCompleted,
    Joined,
    Joining,
    Lost,
    MemberFailed,
    MemberJoined,
    MemberPaused,
    MemberRemoved,
    MemberResumed,
    MemberStarted,
    MemberStopped,
    RebalanceStarted,
    Revoked,
    Step,
    Subscribed,
    TopicKnown,
)
from rebalance.timeline.lanes import read_group
from rebalance.timeline.metrics import measure
from rebalance.timeline.trace import Trace
from tests.timeline.stories import cooperative_scale_out, eager_churn, listeners_only, zombie

G = "g"
Cell = tuple[str, int]

# --- the oracle: replay every event up to a millisecond, look, go on -----------------------------


@dataclass
class World:
    """Everybody's state at one instant, as plain facts."""

    counts: bool
    sizes: dict[str, int] = field(default_factory=dict)
    cells: set[Cell] = field(default_factory=set)
    alive: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    topics: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    paused: set[str] = field(default_factory=set)
    owned: dict[tuple[str, Cell], bool] = field(default_factory=dict)
    """(lane, cell) -> is it a zombie's belief?"""
    told: dict[tuple[str, Cell], int] = field(default_factory=dict)
    """(lane, cell) -> generation, as the coordinator told it."""
    counted: set[str] = field(default_factory=set)
    classic: set[int] = field(default_factory=set)

    def apply(self, event: Event) -> None:
        """One more event."""
        partitions = getattr(event, "partitions", {})
        cells = [] if isinstance(partitions, int) else [
            (topic, p) for topic, ids in partitions.items() for p in ids
        ]  # fmt: skip
        if event.VIEW == "member":
            self._member(event, cells)
        elif isinstance(event, TopicKnown):
            self.sizes[event.topic] = event.partitions
        elif not isinstance(event, Step):
            self._coordinator(event, cells)

    def _member(self, event: Event, cells: list[Cell]) -> None:
        lane = str(getattr(event, "member", ""))
        fresh = isinstance(event, MemberStarted | Subscribed | Joining | Joined | Assigned)
        if isinstance(event, MemberStopped | MemberFailed):
            self.ended |= {lane} & self.alive
            self.alive.discard(lane)
            self.owned = {key: z for key, z in self.owned.items() if key[0] != lane}
        elif fresh or lane not in self.ended:
            self.alive.add(lane)
        if isinstance(event, MemberStarted | Subscribed):
            self.topics[lane] = event.topics
        if isinstance(event, Joined):
            self.ids[lane] = event.member_id
        if isinstance(event, MemberPaused):
            self.paused.add(lane)
        if isinstance(event, MemberResumed):
            self.paused.discard(lane)
        if isinstance(event, Revoked | Lost):
            for cell in cells:
                self.owned.pop((lane, cell), None)
        if isinstance(event, Assigned):
            for cell in cells:
                self.owned[lane, cell] = self.ids.get(lane) in self.gone
                for other in self.paused if not self.counts else ():
                    if other != lane and (other, cell) in self.owned:
                        self.owned[other, cell] = True

    def _coordinator(self, event: Event, cells: list[Cell]) -> None:
        lane = str(getattr(event, "member_id", "")).upper()
        if isinstance(event, MemberJoined):
            self.gone.discard(event.member_id)
            self.counted.add(lane)
        if isinstance(event, MemberRemoved):
            self.gone.add(event.member_id)
            self.counted.discard(lane)
            self.told = {key: g for key, g in self.told.items() if key[0] != lane}
            for owner, cell in self.owned:
                if self.ids.get(owner) == event.member_id:
                    self.owned[owner, cell] = True
        if isinstance(event, JoinCompleted):
            self.classic.add(event.generation_id)
        if isinstance(event, GroupStateChanged) and event.state in ("Empty", "Dead"):
            self.told, self.counted = {}, set()
        if isinstance(event, AssignmentSent):
            self.counted.add(lane)
            self.told = {
                key: g
                for key, g in self.told.items()
                if key[0] != lane
                and not (
                    event.generation_id in self.classic
                    and key[1] in cells
                    and g < event.generation_id
                )
            } | {(lane, cell): event.generation_id for cell in cells}


def watch(events: list[Event], view: str) -> dict[str, int]:
    """The numbers of a view, one millisecond after the other."""
    counts = any(isinstance(e, MemberJoined | MemberRemoved | AssignmentSent) for e in events)
    known = {event.topic for event in events if isinstance(event, TopicKnown)}
    named = {
        (topic, p)
        for event in events
        if view == event.VIEW and not isinstance(getattr(event, "partitions", 0), int)
        for topic, ids in event.partitions.items()  # type: ignore[attr-defined]
        for p in ids
    }
    all_cells = named | {("t", p) for p in range(4)} | {("u", p) for p in range(4)}
    result = dict.fromkeys(("unavailable", "double", "zombie"), 0)
    for t in range(events[-1].t):
        world = World(counts)
        for event in events:
            if event.t <= t:
                world.apply(event)
        for cell in all_cells:
            live = world.alive if view == "member" else world.counted
            owners = {
                lane
                for (lane, owned), is_zombie in world.owned.items()
                if owned == cell and not is_zombie
            }
            if view == "coordinator":
                owners = {lane for lane, owned in world.told if owned == cell}
            else:
                result["zombie"] += sum(z for (_, c), z in world.owned.items() if c == cell)
            exists = (
                cell in named if cell[0] not in known else cell[1] < world.sizes.get(cell[0], 0)
            )
            wanted = exists and any(cell[0] in world.topics.get(lane, ()) for lane in live)
            result["unavailable"] += wanted and not owners
            result["double"] += len(owners) > 1
    return result


# --- traces of all sorts, sensible or not --------------------------------------------------------

_LANES = st.sampled_from(["A", "B", "C"])
_TOPICS = st.lists(st.sampled_from(["t", "u"]), min_size=1, unique=True).map(tuple)
_IDS = st.sets(st.integers(0, 3)).map(lambda ids: tuple(sorted(ids)))
_PARTITIONS = st.dictionaries(st.sampled_from(["t", "u"]), _IDS, max_size=2)
_AT = {"t": st.just(0), "group_id": st.just(G)}

_MEMBER = st.one_of(
    st.builds(MemberStarted, **_AT, member=_LANES, topics=_TOPICS),
    st.builds(Subscribed, **_AT, member=_LANES, topics=_TOPICS),
    st.builds(Joining, **_AT, member=_LANES),
    st.builds(Assigned, **_AT, member=_LANES, partitions=_PARTITIONS),
    st.builds(Assigned, **_AT, member=_LANES, partitions=_PARTITIONS),
    st.builds(Revoked, **_AT, member=_LANES, partitions=_PARTITIONS),
    st.builds(Lost, **_AT, member=_LANES, partitions=_PARTITIONS),
    st.builds(MemberPaused, **_AT, member=_LANES),
    st.builds(MemberResumed, **_AT, member=_LANES),
    st.builds(MemberFailed, **_AT, member=_LANES, error=st.just("E")),
    st.builds(MemberStopped, **_AT, member=_LANES, how=st.just("crashed")),
)
_JOINED = _LANES.map(
    lambda lane: Joined(t=0, group_id=G, member=lane, member_id=lane.lower(), generation_id=1)
)
_MEMBER_IDS = st.sampled_from(["a", "b", "c"])
_COORDINATOR = st.one_of(
    st.builds(MemberJoined, **_AT, member_id=_MEMBER_IDS, client_id=st.just("x")),
    st.builds(MemberRemoved, **_AT, member_id=_MEMBER_IDS, cause=st.just("member left")),
    st.builds(
        AssignmentSent,
        **_AT,
        generation_id=st.integers(0, 3),
        member_id=_MEMBER_IDS,
        partitions=_PARTITIONS,
    ),
    st.builds(
        JoinCompleted,
        **_AT,
        generation_id=st.integers(0, 3),
        protocol_name=st.just("range"),
        leader=_MEMBER_IDS,
        members=st.just(()),
    ),
    st.builds(
        GroupStateChanged,
        **_AT,
        previous=st.just("Stable"),
        state=st.sampled_from(["Empty", "Stable", "PreparingRebalance"]),
        generation_id=st.integers(0, 3),
    ),
)
_WORLD = st.builds(
    TopicKnown, t=st.just(0), topic=st.sampled_from(["t", "u"]), partitions=st.integers(0, 4)
)


def _traces(events: st.SearchStrategy[Event]) -> st.SearchStrategy[Trace]:
    timed = st.lists(st.tuples(st.integers(0, 4), events), min_size=1, max_size=25)
    return timed.map(_trace)


def _trace(timed: list[tuple[int, Event]]) -> Trace:
    """Everybody is tied to an id and says what it wants, then the events as they come."""
    from dataclasses import replace

    trace = Trace(Header(source="test"))
    for lane in "ABC":
        trace.add(MemberStarted(t=0, group_id=G, member=lane, topics=("t",)))
        trace.add(Joined(t=0, group_id=G, member=lane, member_id=lane.lower(), generation_id=0))
    t = 0
    for wait, event in timed:
        t += wait
        trace.add(replace(event, t=t))
    trace.add(Step(t=t + 3, text="end"))
    return trace


@settings(max_examples=150, deadline=None)
@given(_traces(st.one_of(_MEMBER, _WORLD, _JOINED)))
def test_members_alone_millisecond_by_millisecond(trace: Trace) -> None:
    numbers = measure(read_group(trace, G)).member_view
    assert numbers is not None
    assert {
        "unavailable": numbers.unavailable_partition_ms,
        "double": numbers.double_owned_partition_ms,
        "zombie": numbers.zombie_partition_ms,
    } == watch(trace.events, "member")


@settings(max_examples=200, deadline=None)
@given(_traces(st.one_of(_MEMBER, _COORDINATOR, _COORDINATOR, _WORLD, _JOINED)))
def test_both_views_millisecond_by_millisecond(trace: Trace) -> None:
    numbers = measure(read_group(trace, G))
    assert numbers.member_view is not None
    assert {
        "unavailable": numbers.member_view.unavailable_partition_ms,
        "double": numbers.member_view.double_owned_partition_ms,
        "zombie": numbers.member_view.zombie_partition_ms,
    } == watch(trace.events, "member")
    if numbers.coordinator_view is not None:
        assert {
            "unavailable": numbers.coordinator_view.unavailable_partition_ms,
            "double": numbers.coordinator_view.double_owned_partition_ms,
            "zombie": 0,
        } == watch(trace.events, "coordinator")


@settings(max_examples=100, deadline=None)
@given(_traces(st.one_of(_MEMBER, _COORDINATOR, _WORLD)))
def test_what_rebalances_cost_is_part_of_the_whole(trace: Trace) -> None:
    numbers = measure(read_group(trace, G))
    owned = numbers.ownership
    assert owned is not None
    lost = sum(cost.unavailable_partition_ms for cost in numbers.per_rebalance)
    moved = sum(cost.partitions_moved for cost in numbers.per_rebalance)
    assert lost <= owned.unavailable_partition_ms
    assert moved <= owned.partitions_moved
    assert sum(numbers.rounds) == numbers.rebalances == len(numbers.per_rebalance)


# --- by hand -------------------------------------------------------------------------------------


def test_an_eager_group_stops_everything_for_everybody() -> None:
    numbers = measure(read_group(eager_churn(), "billing"))
    assert numbers.rebalances == numbers.changes == 4
    assert numbers.rounds == (1, 1, 1, 1)
    assert numbers.time_to_stable_ms == (3012, 315, 415, 315)
    assert [c.partitions_stopped for c in numbers.per_rebalance] == [0, 12, 12, 12]
    assert [c.partitions_moved for c in numbers.per_rebalance] == [0, 6, 4, 6]
    assert numbers.member_view is not None
    assert numbers.coordinator_view is not None
    assert numbers.member_view.double_owned_partition_ms == 0
    assert numbers.coordinator_view.double_owned_partition_ms == 0
    assert numbers.member_view.partitions_moved == 16


def test_a_crash_costs_its_session_timeout() -> None:
    numbers = measure(read_group(eager_churn(), "billing"))
    assert numbers.member_view is not None
    crash = numbers.per_rebalance[3]
    assert crash.time_to_stable_ms == 315
    assert crash.unavailable_partition_ms > 6 * 6_000
    assert numbers.member_view.longest_unavailable_ms == 6_318


def test_a_cooperative_change_takes_two_generations_and_stops_what_moves() -> None:
    numbers = measure(read_group(cooperative_scale_out(), "billing"))
    assert numbers.rounds == (1, 2, 1)
    assert numbers.rounds_max == 2
    assert [c.partitions_stopped for c in numbers.per_rebalance] == [0, 0, 3, 3]
    assert numbers.time_to_stable_ms[1] == 4_808 - 4_008


def test_a_zombie_is_counted_apart() -> None:
    numbers = measure(read_group(zombie(), "billing"))
    assert numbers.member_view is not None
    assert numbers.member_view.zombie_partition_ms == 3 * (12_025 - 9_000)
    assert numbers.member_view.double_owned_partition_ms == 0
    assert numbers.commits_refused == 1


def test_one_view_only_gives_one_view_only() -> None:
    assert measure(read_group(listeners_only(), "billing")).coordinator_view is None
    alone = measure(read_group(eager_churn(members=False), "billing"))
    assert alone.member_view is None
    assert alone.ownership is alone.coordinator_view


def test_topics_that_nobody_named_count_once_they_were_assigned() -> None:
    trace = Trace(Header(source="test"))
    trace.add(Assigned(t=10, group_id=G, member="A", partitions={"t": (0, 1)}))
    trace.add(Revoked(t=15, group_id=G, member="A", partitions={"t": (1,)}))
    trace.add(MemberStopped(t=20, group_id=G, member="A", how="closed"))
    trace.add(Step(t=30, text="end"))
    numbers = measure(read_group(trace, G)).member_view
    assert numbers is not None
    assert numbers.unavailable_partition_ms == 5


def test_to_dict_is_json_of_plain_numbers() -> None:
    data = measure(read_group(zombie(), "billing")).to_dict()
    assert data["member_view"]["zombie_partition_ms"] == 9_075
    assert data["per_rebalance"][1]["number"] == 2


def test_a_gap_that_ended_because_nobody_wants_it_is_blamed_on_no_rebalance() -> None:
    trace = Trace(Header(source="test"))
    story = [
        RebalanceStarted(t=0, group_id=G, generation_id=0, cause="member joined"),
        MemberStarted(t=1, group_id=G, member="A", topics=("t",)),
        GroupStateChanged(t=2, group_id=G, previous="?", state="Stable", generation_id=1),
        Assigned(t=4, group_id=G, member="A", partitions={"t": (0,)}),
        MemberStarted(t=5, group_id=G, member="B", topics=("t",)),
        MemberStopped(t=100, group_id=G, member="A", how="crashed"),
        MemberStopped(t=150, group_id=G, member="B", how="closed"),
        Step(t=200, text="end"),
    ]
    for event in story:
        trace.add(event)
    numbers = measure(read_group(trace, G))
    assert numbers.member_view is not None
    assert numbers.member_view.unavailable_partition_ms == 3 + 50
    assert [c.unavailable_partition_ms for c in numbers.per_rebalance] == [3]
    assert [c.partitions_stopped for c in numbers.per_rebalance] == [0]


def test_an_outage_of_all_is_counted_though_nobody_is_there_to_want_anything() -> None:
    def life(name: str, start: int, end: int) -> list[Event]:
        return [
            MemberStarted(t=start, group_id=G, member=name, topics=("orders",)),
            MemberStopped(t=end, group_id=G, member=name, how="closed"),
        ]

    events = [
        TopicKnown(t=0, topic="orders", partitions=4),
        *life("A", 0, 1_000),
        *life("B", 6_000, 7_000),
        Step(t=9_000, text="it is over"),
    ]
    owned = measure(read_group(Trace(Header(source="test"), events), G)).member_view
    assert owned is not None
    assert owned.deserted_partition_ms == 4 * 5_000, "and not what is after the last farewell"
    assert owned.unavailable_partition_ms == 4 * 2_000
