"""Records: logs that grow at a rate, spans of offsets, and rule I06 over both."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignors.interface import resolve
from assignors.model import TopicPartition
from rebalance.member.config import MemberConfig
from rebalance.simulation import Behaviour, MemberSpec, Simulation, parse, run_scenario, settle
from rebalance.simulation.checkers import (
    Checkers,
    Committed,
    Forgotten,
    Processed,
    ReadingBegan,
    RecordCounts,
    RecordsEnded,
)
from rebalance.simulation.offset_spans import OffsetSpans
from rebalance.simulation.records import Logs
from rebalance.simulation.views import Views
from rebalance.timeline import trace

P0 = TopicPartition("t", 0)
P1 = TopicPartition("t", 1)

# --- logs ----------------------------------------------------------------------------------------


def test_log_grows_at_its_rate_and_stops() -> None:
    logs = Logs()
    logs.topic("t", 1, 0)
    assert logs.end(P0, 5000) is None
    logs.produce("t", 3, 1000)
    assert [logs.end(P0, t) for t in (1000, 1333, 1334, 2000, 3000)] == [0, 0, 1, 3, 6]
    logs.produce("t", 0, 3000)
    assert logs.end(P0, 1_000_000) == 6
    logs.produce("t", 1000, 4000)
    assert logs.end(P0, 4001) == 7


def test_a_backlog_ends_where_it_was_read_to_once_somebody_produces() -> None:
    logs = Logs()
    logs.topic("t", 2, 0)
    logs.produce("t", 10, 1000, {0: 70})
    assert (logs.end(P0, 1000), logs.end(P1, 1000)) == (70, 0)
    assert (logs.end(P0, 2000), logs.end(P1, 2000)) == (80, 10)
    assert [logs.arrival(P0, offset) for offset in (0, 69, 70)] == [1000, 1000, 1100]
    logs.produce("t", 0, 2000, {0: 500})
    assert logs.end(P0, 9000) == 80


@pytest.mark.parametrize("trouble", ["", "crash A\n", "pause A for 3s\n", "crash A\nrun for 9s\n"])
@pytest.mark.parametrize("rate", [0, 5])
def test_i03_producers_that_begin_in_the_middle_take_nothing_back(trouble: str, rate: int) -> None:
    story = f"""
    set group.initial.rebalance.delay.ms=0
    topic t partitions=2
    members A B topics=t session.timeout.ms=6000 commit=2s
    start A
    run for 5s
    {trouble}produce t rate={rate}
    run for 1s
    start B
    run for 30s
    """
    outcome = run_scenario(parse(story))
    assert not outcome.violations
    reached = outcome.simulation.logs.end(P0, outcome.simulation.now)
    assert reached is not None
    assert reached - 10 * rate <= outcome.simulation.offsets["g", P0] <= reached
    assert reached > 400


def test_producers_end_with_their_topic() -> None:
    story = """
    topic t partitions=2
    members A topics=t
    start A
    produce t rate=5 for 9s
    run for 2s
    partitions t 0
    run for 20s
    """
    assert not run_scenario(parse(story)).violations


def test_new_partition_begins_empty_and_deleted_topic_is_gone() -> None:
    logs = Logs()
    logs.topic("t", 1, 0)
    logs.produce("t", 10, 0)
    logs.topic("t", 2, 1000)
    assert (logs.end(P0, 2000), logs.end(P1, 2000)) == (20, 10)
    assert logs.partitions("t") == [P0, P1]
    logs.topic("t", 0, 2000)
    assert (logs.end(P0, 3000), logs.partitions("t")) == (None, [])


@given(
    rates=st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 5000)), min_size=1, max_size=5),
    offset=st.integers(0, 3000),
)
def test_arrival_is_the_first_moment_at_which_the_record_exists(
    rates: list[tuple[int, int]], offset: int
) -> None:
    logs, now = Logs(), 0
    logs.topic("t", 1, 0)
    for rate, last in rates:
        logs.produce("t", rate, now)
        since, now = now, now + last
    arrival = logs.arrival(P0, offset)
    if arrival is None:
        assert (logs.end(P0, 10_000_000) or 0) <= offset
        return
    assert (logs.end(P0, arrival) or 0) > offset
    if arrival > since:
        assert (logs.end(P0, arrival - 1) or 0) <= offset


# --- spans ---------------------------------------------------------------------------------------


@given(spans=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 10)), max_size=12))
def test_spans_are_a_set_of_offsets(spans: list[tuple[int, int]]) -> None:
    kept, model = OffsetSpans(), set[int]()
    for start, length in spans:
        new = set(range(start, start + length))
        assert kept.add(start, start + length) == len(model & new)
        model |= new
    assert len(kept) == len(model)
    assert {offset for start, end in kept for offset in range(start, end)} == model
    holes = kept.missing(3, 25)
    assert {o for start, end in holes for o in range(start, end)} == set(range(3, 25)) - model
    ends = [bound for span in kept for bound in span]
    assert ends == sorted(set(ends))


# --- the checker ---------------------------------------------------------------------------------


class Audited:
    """A checker fed by hand; "a" and "b" are members, "z" is a consumer nobody counts on."""

    def __init__(self) -> None:
        self.views = Views()
        self.checkers = Checkers(self.views, lambda lane: True)
        for lane in ("a", "b", "z"):
            self.see(trace.MemberStarted(t=0, group_id="g", member=lane, topics=("t",)))
            if lane != "z":
                self.see(
                    trace.MemberJoined(t=0, group_id="g", member_id=f"{lane}-1", client_id=lane)
                )
            self.see(
                trace.Joined(t=0, group_id="g", member=lane, member_id=f"{lane}-1", generation_id=1)
            )

    def see(self, event: trace.Event) -> None:
        self.checkers.check(event)
        self.views.apply(event)

    def forgets(self) -> None:
        self.checkers.told(Forgotten(t=4, group_id="g", partition=P0))

    def owns(self, lane: str) -> None:
        self.see(trace.Assigned(t=1, group_id="g", member=lane, partitions={"t": (0,)}))

    def revokes(self, lane: str) -> None:
        self.see(trace.Revoked(t=2, group_id="g", member=lane, partitions={"t": (0,)}))

    def reads(self, lane: str, start: int, end: int, t: int = 3) -> None:
        fact = ReadingBegan(t=t, group_id="g", member=lane, partition=P0, offset=start)
        self.checkers.told(fact)
        self.processes(lane, start, end, t)

    def processes(self, lane: str, start: int, end: int, t: int = 3) -> None:
        self.checkers.told(Processed(t=t, group_id="g", member=lane, spans=((P0, start, end),)))

    def commits(self, offset: int) -> None:
        self.checkers.told(Committed(t=3, group_id="g", offsets=((P0, offset),)))

    def ends(self) -> list[str]:
        self.checkers.told(RecordsEnded(t=9))
        return [str(violation) for violation in self.checkers.violations]


def test_i06_duplicates_after_the_last_commit_are_counted_and_right() -> None:
    audited = Audited()
    audited.owns("a")
    audited.reads("a", 0, 30)
    audited.commits(20)
    audited.revokes("a")
    audited.owns("b")
    audited.reads("b", 20, 50)
    assert audited.ends() == []
    counts = audited.checkers.records.counts("g")
    assert (counts.processed, counts.duplicates, counts.gaps) == (50, 10, 0)


def test_i06_gap_is_told_with_who_began_behind_it() -> None:
    audited = Audited()
    audited.owns("a")
    audited.reads("a", 0, 10)
    audited.commits(15)
    audited.revokes("a")
    audited.owns("b")
    audited.reads("b", 15, 20, t=40)
    assert audited.checkers.records.counts("g").gaps == 5
    assert audited.ends() == [
        "I06 violated at 0.040s: nobody processed records 10 to 14 of t-0 of g: "
        "b began to read at 15"
    ]


def test_i06_gap_that_is_closed_later_is_none() -> None:
    audited = Audited()
    audited.owns("a")
    audited.reads("a", 0, 10)
    audited.commits(15)
    audited.reads("a", 15, 20)
    audited.processes("a", 10, 15)
    assert audited.ends() == []


def test_i06_reading_before_the_commit() -> None:
    audited = Audited()
    audited.owns("a")
    audited.reads("a", 0, 10)
    audited.commits(10)
    audited.reads("a", 8, 12)
    assert audited.ends() == [
        "I06 violated at 0.003s: a reads t-0 of g from 8, and 10 is committed: 2 again"
    ]


def test_i06_zombie_may_read_again_what_it_owns_in_its_own_eyes() -> None:
    audited = Audited()
    audited.owns("a")
    audited.reads("a", 0, 10)
    audited.commits(10)
    audited.owns("z")
    audited.reads("z", 5, 10)
    assert audited.ends() == []
    assert audited.checkers.records.counts("g", "t").duplicates == 5


def test_i06_work_that_goes_on_after_the_loss_is_told_once() -> None:
    audited = Audited()
    audited.owns("a")
    audited.reads("a", 0, 10)
    audited.revokes("a")
    audited.processes("a", 10, 11)
    audited.processes("a", 11, 12)
    assert audited.ends() == [
        "I06 violated at 0.003s: a processed record 10 of t-0 of g without owning it"
    ]


def deleted(audited: Audited) -> None:
    """The topic is gone, and there is another one of that name."""
    audited.see(trace.TopicKnown(t=4, topic="t", partitions=0))
    audited.see(trace.TopicKnown(t=4, topic="t", partitions=1))


def test_o08_a_new_topic_has_a_book_of_its_own() -> None:
    audited = Audited()
    audited.owns("a")
    audited.reads("a", 0, 10)
    audited.commits(10)
    deleted(audited)
    audited.forgets()
    assert audited.checkers.records.counts("g").processed == 0
    audited.reads("a", 0, 4)
    audited.commits(4)
    audited.reads("a", 6, 8)
    assert audited.checkers.records.counts("g") == RecordCounts(processed=6, gaps=2)
    assert audited.ends() == [
        "I06 violated at 0.003s: nobody processed records 4 to 5 of t-0 of g: a began to read at 6"
    ]


@pytest.mark.parametrize("late", [False, True])
def test_o08_an_offset_of_the_topic_that_was_is_no_gap_and_goes_back(late: bool) -> None:
    """Its tombstone was not written, or a commit that was under way came after it."""
    audited = Audited()
    audited.owns("a")
    audited.reads("a", 0, 10)
    audited.commits(10)
    deleted(audited)
    if late:
        audited.forgets()
        audited.commits(10)
    audited.reads("a", 10, 12)
    audited.reads("a", 0, 3)
    audited.commits(3)
    assert audited.ends() == []


def test_o05_what_was_forgotten_is_read_and_committed_anew() -> None:
    audited = Audited()
    audited.owns("a")
    audited.reads("a", 0, 10)
    audited.commits(10)
    audited.forgets()
    audited.reads("a", 0, 5)
    audited.commits(5)
    assert audited.ends() == []
    assert audited.checkers.records.counts("g").duplicates == 5


# --- in a world ----------------------------------------------------------------------------------


def running(*names: str, rate: int = 50, **behaviour: int) -> Simulation:
    simulation = Simulation(seed=3)
    simulation.topic("t", 4)
    simulation.produce("t", rate)
    for name in names:
        simulation.define(
            MemberSpec(
                name=name,
                topics=("t",),
                assignors=(resolve("cooperative-sticky"),),
                config=MemberConfig(group_id="g", client_id=name, session_timeout_ms=10_000),
                behaviour=Behaviour(**behaviour),
            )
        )
        simulation.start(name)
    assert simulation.run_until_stable(), simulation.unrest()
    return simulation


def test_i06_consumer_reads_to_the_end_of_the_log_and_no_further() -> None:
    simulation = running("a", "b")
    simulation.run_for(20_000)
    simulation.produce("t", 0)
    simulation.run_for(10_000)
    assert {simulation.logs.end(p, simulation.now) for p in simulation.logs.partitions("t")} == {
        simulation.offsets["g", partition] for partition in simulation.logs.partitions("t")
    }
    assert simulation.lag("g", "t") == 0


def test_i06_slow_consumer_lags_and_does_not_make_up_for_idle_time() -> None:
    """An hour of little work is no store of speed for the burst after it."""
    simulation = running("a", rate=1, rate_per_s=100)
    simulation.run_for(3_600_000)
    simulation.produce("t", 300)
    simulation.run_for(10_000)
    simulation.tell_progress()
    processed = simulation.checkers.records.counts("g").processed
    burst = 4 * 100 * 10
    before = 4 * (simulation.now - 10_000) // 1000
    assert processed == pytest.approx(before + burst, abs=8)


def test_i06_crash_repeats_what_was_not_committed_and_loses_nothing() -> None:
    simulation = running("a", "b")
    simulation.run_for(20_000)
    simulation.processes["a"].crash()
    assert simulation.run_until_stable()
    simulation.produce("t", 0)
    simulation.run_for(20_000)
    simulation.end()
    settle(simulation)
    assert simulation.violations == ()
    counts = simulation.checkers.records.counts("g")
    ends = [simulation.logs.end(p, simulation.now) or 0 for p in simulation.logs.partitions("t")]
    assert counts.processed == sum(ends)
    # Two partitions of 50 records a second, committed every 5 seconds.
    assert 0 < counts.duplicates <= 2 * 50 * 5
    assert counts.gaps == 0


def test_i06_paused_process_processes_nothing_meanwhile() -> None:
    simulation = running("a")
    simulation.tell_progress()
    before = simulation.checkers.records.counts("g").processed
    simulation.processes["a"].pause()
    simulation.run_for(5000)
    simulation.tell_progress()
    assert simulation.checkers.records.counts("g").processed == before
    simulation.processes["a"].crash()
    assert simulation.checkers.records.counts("g").processed == before


def test_producing_to_a_topic_that_does_not_exist() -> None:
    with pytest.raises(KeyError, match="nothing"):
        Simulation().produce("nothing", 5)
