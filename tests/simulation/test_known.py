"""Limits of Kafka's own protocol: recognised where they are met, and nowhere else."""

import pytest

from assignors.model import TopicPartition
from rebalance.coordinator import leave
from rebalance.simulation import parse, run_scenario
from rebalance.simulation.checkers import Committed, Problem, ProblemKind, Unsettled, WentBack
from rebalance.simulation.checkers.limits import LEADER_CAME_BACK, NO_SECOND_ROUND, Limits
from rebalance.simulation.checkers.read_by_two import READ_BY_TWO, ReadByTwo
from rebalance.simulation.fuzz import Played, play
from rebalance.simulation.process import Process
from rebalance.simulation.views import Views
from rebalance.timeline import trace
from tests.mutations.mutation import Mutation
from tests.mutations.of_member import new_partitions_are_not_seen, no_second_round

STAGE = """
topic orders partitions=4
members A topics=orders assignors=cooperative-sticky instance=a metadata.max.age.ms=4000
members B topics=orders assignors=cooperative-sticky
start A
run until stable
"""


def test_j15_a_static_member_replaced_between_two_rounds_is_a_limit() -> None:
    played = play(f"{STAGE}{BETWEEN}crash A\nstart A\n")
    assert played.failures == ()
    assert played.limits == (NO_SECOND_ROUND,)


@pytest.mark.parametrize("pause", ["", "run until A is Joining within 10s\n", "run for 30s\n"])
def test_j15_once_it_joined_again_nothing_is_a_limit(pause: str) -> None:
    played = play(f"{STAGE}start B\n{pause}crash A\nstart A\n")
    assert (played.failures, played.limits) == ((), ())


def test_j15_and_j11_replaced_after_a_generation_that_it_did_not_join_is_one_too() -> None:
    story = """
    topic orders partitions=6
    members A topics=orders assignors=cooperative-sticky instance=a max.poll.interval.ms=4000
    members B C topics=orders assignors=cooperative-sticky max.poll.interval.ms=4000
    start A
    run until stable
    start B
    run until stable
    start C
    run until A is Joining within 10s
    """
    for busy, limits in ((7, (NO_SECOND_ROUND,)), (3, ())):
        played = play(f"{story}busy A for {busy}s\nrun for 12s\n")
        assert (played.failures, played.limits) == ((), limits)


TWO_MORE_GROUPS = """
topic payments partitions=4
members C D E topics=payments group=h
members F G topics=payments group=k
start C D E F G
run until stable
"""
BETWEEN = "listener A revoke=5s\nstart B\nrun until A is Reconciling within 10s\n"


def test_j15_the_next_rebalance_makes_up_for_a_limit() -> None:
    for story in (f"{BETWEEN}crash A\nstart A\n", "crash A\npartitions orders 6\nstart A\n"):
        outcome = run_scenario(parse(STAGE + story))
        assert len(outcome.limits) == 1
        assert outcome.violations == ()
        assert outcome.simulation.unrest() == []


def test_j15_a_limit_of_one_group_hides_nothing_of_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leave, "rebalance", lambda *_: None)
    outcome = run_scenario(parse(f"{STAGE}{TWO_MORE_GROUPS}{BETWEEN}crash A\nstart A\n"))
    assert [each.reason for each in outcome.limits] == [NO_SECOND_ROUND]
    (violation,) = outcome.violations
    assert violation.message.endswith("payments-2, payments-3 of k; nobody owns payments-3 of h")


def test_j15_a_limit_that_the_next_rebalance_does_not_end_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Process, "enforce", lambda *_: None)
    outcome = run_scenario(parse(f"{STAGE}{BETWEEN}crash A\nstart A\n"))
    (limit,), (violation,) = outcome.limits, outcome.violations
    assert violation.message.startswith(limit.violation.message)


def test_j15_a_topic_that_grows_before_a_static_leader_looks_is_a_limit() -> None:
    """In Java, too: KIP-814's leader takes the topics as it finds them (skipAssignment)."""
    played = play(f"{STAGE}crash A\npartitions orders 6\nstart A\n")
    assert played.failures == ()
    assert played.limits == (LEADER_CAME_BACK,)


def holds_and_finds(story: str, bug: Mutation) -> Played:
    """As it was played: nothing is wrong, and a bug is found where no limit excuses it."""
    played = play(story)
    assert (played.failures, played.limits) == ((), ())
    with bug():
        broken = play(story)
    assert [(each.kind, each.checker) for each in broken.failures] == [("I05", "Convergence")]
    assert broken.limits == ()
    return played


@pytest.mark.parametrize("partitions", [6, 0], ids=["grows", "is deleted"])
def test_j15_a_topic_that_changes_after_it_looked_is_seen(partitions: int) -> None:
    story = f"{STAGE}crash A\nstart A\nrun for 1s\npartitions orders {partitions}\n"
    holds_and_finds(story, new_partitions_are_not_seen)


LOOKING = """
set group.initial.rebalance.delay.ms=0
topic orders partitions=2
members A topics=orders assignors=range instance=a metadata.max.age.ms=4000 request.timeout.ms=300
network delay=50ms
start A
run until stable
run for 1s
crash A
start A
run until A is Stable
{meanwhile}
partitions orders 4
run for 9s
"""


@pytest.mark.parametrize("ms", range(60, 120, 10))
def test_j15_what_an_answer_on_its_way_does_not_say_yet_is_seen(ms: int) -> None:
    story = LOOKING.format(meanwhile=f"run for {ms}ms")
    holds_and_finds(story, new_partitions_are_not_seen)


@pytest.mark.parametrize("after_ms", [250, 310, 340])
def test_j15_an_answer_that_nobody_waits_for_is_no_look(after_ms: int) -> None:
    story = LOOKING.replace("delay=50ms", "delay=1ms").format(
        meanwhile=f"isolate A for 300ms only=answers\nrun for {after_ms}ms"
    )
    assert play(story).failures == ()


def test_j15_a_topic_that_is_deleted_before_a_static_leader_looks_is_a_limit() -> None:
    played = play(f"{STAGE}crash A\npartitions orders 0\nstart A\n")
    assert played.failures == ()
    assert played.limits == (LEADER_CAME_BACK,)


TAKEN_BACK = """
topic orders partitions=2
topic payments partitions=2
members A topics=orders,payments assignors={assignor} instance=s commit=never \
metadata.max.age.ms=4000
members B topics=orders,payments assignors={assignor} commit=never
members T topics=orders,payments assignors={assignor} instance=s commit=never
start A
run until stable
run for 1s
{story}
run for 9s
"""


def test_j15_a_leader_whose_replacement_the_log_refused_has_not_come_back() -> None:
    meanwhile = "log fail=1 error=INVALID_FETCH_SIZE\nstart T\nrun for 100ms\npartitions orders 4"
    story = TAKEN_BACK.format(assignor="range", story=meanwhile)
    played = holds_and_finds(story, new_partitions_are_not_seen)
    assert played.reached["answer", "JoinGroup", "UNKNOWN_SERVER_ERROR"]


def test_j15_who_was_to_give_up_and_stayed_owes_it_still() -> None:
    meanwhile = """
    listener A revoke=2s
    start B
    run until A is Reconciling within 10s
    log fail=all error=INVALID_FETCH_SIZE for 500ms
    start T
    run for 3s
    """
    story = TAKEN_BACK.format(assignor="cooperative-sticky", story=meanwhile)
    played = holds_and_finds(story, no_second_round)
    assert played.reached["answer", "JoinGroup", "UNKNOWN_SERVER_ERROR"]


class Followed:
    """Views and limits fed by hand: static member a of group g, told to give t-1 up, replaced."""

    def __init__(self) -> None:
        self.views = Views()
        self.limits = Limits(self.views)
        removed = {"member_id": "a-1", "cause": "static member replaced"}
        for group in ("g", "h"):
            lane = f"{group}a"
            self.see(
                trace.TopicKnown(t=0, topic="t", partitions=3),
                trace.MemberStarted(t=0, group_id=group, member=lane, topics=("t",)),
                trace.Joined(t=0, group_id=group, member=lane, member_id="a-1", generation_id=1),
                trace.Assigned(t=0, group_id=group, member=lane, partitions={"t": (0, 1)}),
                trace.Joining(t=1, group_id=group, member=lane, member_id="a-1"),
                trace.JoinCompleted(
                    t=1,
                    group_id=group,
                    generation_id=2,
                    protocol_name="cooperative-sticky",
                    leader="b-2",
                    members=("a-1", "b-2"),
                ),
                trace.AssignmentSent(
                    t=2, group_id=group, generation_id=2, member_id="a-1", partitions={"t": (0,)}
                ),
            )
        self.see(trace.MemberRemoved(t=3, group_id="g", **removed))

    def see(self, *events: trace.Event) -> None:
        for event in events:
            look = self.limits.looks().get(type(event))
            if look is not None:
                look(event)
            self.views.apply(event)

    def limit(self, group_id: str, *owned: int) -> str:
        """Of nobody owning what is not `owned`."""
        lane = f"{group_id}a"
        self.see(
            trace.Lost(t=4, group_id=group_id, member=lane, partitions={"t": (0, 1)}),
            trace.Assigned(t=4, group_id=group_id, member=lane, partitions={"t": owned}),
        )
        problem = Problem(kind=ProblemKind.UNOWNED, group_id=group_id, text="in whatever words")
        self.limits.looks()[Unsettled](Unsettled(t=5, problem=problem))
        return self.limits.of(5, problem)


def test_j15_only_what_the_replaced_one_was_to_give_up_is_excused() -> None:
    assert Followed().limit("g", 0, 2) == NO_SECOND_ROUND
    assert Followed().limit("g", 0) == "", "t-2 was never its own"
    assert Followed().limit("h", 0, 2) == "", "nobody was replaced there"


def test_j15_a_group_whose_id_ends_as_another_one_is_not_excused_by_it() -> None:
    followed = Followed()
    assert followed.limit("g", 0, 2) == NO_SECOND_ROUND
    other = Problem(kind=ProblemKind.UNOWNED, group_id="x of g", text="nobody owns t-1 of x of g")
    followed.limits.looks()[Unsettled](Unsettled(t=5, problem=other))
    assert followed.limits.of(5, other) == ""


def test_j15_the_next_rebalance_ends_the_excuse() -> None:
    followed = Followed()
    followed.see(trace.RebalanceStarted(t=4, group_id="g", generation_id=2, cause="member joined"))
    assert followed.limit("g", 0, 2) == ""


LATE = """
set group.initial.rebalance.delay.ms=0
topic orders partitions=2
members A topics=orders assignors=sticky instance=a max.poll.interval.ms=4000 commit=never
members B topics=orders assignors=sticky max.poll.interval.ms=4000 commit=1s
start A
run until stable
start B
"""


def test_j11_and_i03_a_commit_of_what_others_were_given_meanwhile_is_a_limit() -> None:
    story = LATE.replace("=sticky", "=cooperative-sticky")
    played = play(f"{story}isolate A for 8s only=answers\nrun for 20s\n")
    assert (played.failures, played.limits) == ((), (READ_BY_TWO,))


def test_j11_and_i03_who_commits_before_it_joins_is_told_that_it_was_left_out() -> None:
    played = play(f"{LATE}isolate A for 8s only=answers\nrun for 20s\n")
    assert (played.failures, played.limits) == ((), ())


class Shared:
    """Group g: static member a owns t-0 and t-1, and is in no JoinGroup of generation 2, in which b
    is given t-1."""

    def __init__(self) -> None:
        self.views = Views()
        self.read = ReadByTwo(self.views)
        self.offset = 50
        self.see(
            trace.MemberJoined(
                t=0, group_id="g", member_id="a-1", client_id="a", group_instance_id="a"
            ),
            trace.MemberStarted(t=0, group_id="g", member="a", topics=("t",)),
            trace.Joined(t=0, group_id="g", member="a", member_id="a-1", generation_id=1),
            trace.Assigned(t=0, group_id="g", member="a", partitions={"t": (0, 1)}),
            trace.MemberStarted(t=0, group_id="g", member="b", topics=("t",)),
            trace.JoinCompleted(
                t=1,
                group_id="g",
                generation_id=2,
                protocol_name="cooperative-sticky",
                leader="b-2",
                members=("a-1", "b-2"),
            ),
            trace.AssignmentSent(
                t=2, group_id="g", generation_id=2, member_id="a-1", partitions={"t": (0,)}
            ),
            trace.AssignmentSent(
                t=2, group_id="g", generation_id=2, member_id="b-2", partitions={"t": (1,)}
            ),
        )
        self.stable(2)
        self.see(trace.Assigned(t=3, group_id="g", member="b", partitions={"t": (1,)}))

    def see(self, *events: trace.Event) -> None:
        for event in events:
            look = self.read.looks().get(type(event))
            if look is not None:
                look(event)
            self.views.apply(event)

    def joined(self, generation_id: int) -> None:
        """Both hear of what is to be given up, and join."""
        self.see(
            trace.JoinCompleted(
                t=3,
                group_id="g",
                generation_id=generation_id,
                protocol_name="cooperative-sticky",
                leader="b-2",
                members=("a-1", "b-2"),
            )
        )

    def stable(self, generation_id: int) -> None:
        self.see(
            trace.GroupStateChanged(
                t=3,
                group_id="g",
                previous="CompletingRebalance",
                state="Stable",
                generation_id=generation_id,
            )
        )

    def limit(self, partition: int, group_id: str = "g") -> str:
        """Of an offset that goes back."""
        which = TopicPartition("t", partition)
        self.offset -= 1
        fact = Committed(t=5, group_id=group_id, offsets=((which, self.offset),))
        self.read.looks()[Committed](fact)
        return self.read.of(5, WentBack(group_id, which, self.offset, 99))


def test_j11_and_i03_only_what_another_was_given_is_excused() -> None:
    shared = Shared()
    assert shared.limit(1) == "", "in the generation in which it was given"
    shared.joined(3)
    assert shared.limit(1) == READ_BY_TWO
    assert shared.limit(0) == "", "nobody else was given it"
    assert shared.limit(1, "h") == "", "in another group"


def test_j11_and_i03_one_owner_in_a_later_generation_ends_the_excuse() -> None:
    shared = Shared()
    shared.joined(3)
    shared.stable(3)
    assert shared.limit(1) == READ_BY_TWO, "both own it still"
    shared.see(trace.Revoked(t=4, group_id="g", member="a", partitions={"t": (1,)}))
    assert shared.limit(1) == READ_BY_TWO, "what it commits may be on its way"
    shared.stable(4)
    assert shared.limit(1) == ""


def test_j11_and_i03_the_excuse_ends_with_its_group() -> None:
    shared = Shared()
    shared.see(
        trace.GroupStateChanged(t=4, group_id="g", previous="Empty", state="Dead", generation_id=3)
    )
    shared.joined(3)
    assert shared.limit(1) == ""
