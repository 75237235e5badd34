"""Limits of Kafka's own protocol: recognised where they are met, and nowhere else."""

import pytest

from rebalance.coordinator import leave
from rebalance.simulation import parse, run_scenario
from rebalance.simulation.checkers import Problem, ProblemKind, Unsettled
from rebalance.simulation.checkers.limits import LEADER_CAME_BACK, NO_SECOND_ROUND, Limits
from rebalance.simulation.fuzz import play
from rebalance.simulation.process import Process
from rebalance.simulation.views import Views
from rebalance.timeline import trace

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


def test_j15_a_topic_that_grows_after_it_looked_is_seen() -> None:
    played = play(f"{STAGE}crash A\nstart A\nrun for 1s\npartitions orders 6\n")
    assert (played.failures, played.limits) == ((), ())


def test_j15_a_topic_that_is_deleted_before_a_static_leader_looks_is_a_limit() -> None:
    played = play(f"{STAGE}crash A\npartitions orders 0\nstart A\n")
    assert played.failures == ()
    assert played.limits == (LEADER_CAME_BACK,)


def test_j15_a_topic_that_is_deleted_after_it_looked_is_seen() -> None:
    played = play(f"{STAGE}crash A\nstart A\nrun for 1s\npartitions orders 0\n")
    assert (played.failures, played.limits) == ((), ())


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
