"""Each checker finds what it is there for, in traces that no machine of ours would write."""

import pytest

from assignors.model import TopicPartition
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import JoinGroupRequest
from rebalance.protocol.responses import JoinGroupResponse
from rebalance.simulation.checkers import Checkers, Committed, Problem, ProblemKind, Unsettled
from rebalance.simulation.checkers.wire_facts import Answer, Arrival
from rebalance.simulation.views import Views
from rebalance.timeline import trace


class Watched:
    """Views and checkers fed by hand; lanes that begin with "e" are eager."""

    def __init__(self) -> None:
        self.views = Views()
        self.checkers = Checkers(self.views, lambda lane: lane.startswith("e"))

    def see(self, *events: trace.Event) -> list[str]:
        for event in events:
            self.checkers.check(event)
            self.views.apply(event)
        return [violation.rule for violation in self.checkers.violations]


def member(
    lane: str, member_id: str, *ids: int, generation: int = 1, instance: str | None = None
) -> list[trace.Event]:
    """A member that joined and owns partitions."""
    return [
        trace.MemberStarted(t=0, group_id="g", member=lane, topics=("t",)),
        trace.MemberJoined(
            t=0, group_id="g", member_id=member_id, client_id=lane, group_instance_id=instance
        ),
        trace.Joined(t=0, group_id="g", member=lane, member_id=member_id, generation_id=generation),
        assigned(lane, *ids),
    ]


def joining(lane: str) -> trace.Joining:
    return trace.Joining(t=1, group_id="g", member=lane)


def join_of(member_id: str) -> JoinGroupRequest:
    return JoinGroupRequest(
        group_id="g",
        session_timeout_ms=9,
        rebalance_timeout_ms=9,
        member_id=member_id,
        protocol_type="consumer",
        protocols=(),
    )


def assigned(lane: str, *ids: int) -> trace.Assigned:
    return trace.Assigned(t=1, group_id="g", member=lane, partitions={"t": ids})


def sent(member_id: str, *ids: int, generation: int = 2) -> trace.AssignmentSent:
    return trace.AssignmentSent(
        t=2,
        group_id="g",
        generation_id=generation,
        member_id=member_id,
        partitions={"t": ids} if ids else {},
    )


def completed(*members: str, generation: int = 2) -> trace.JoinCompleted:
    return trace.JoinCompleted(
        t=2,
        group_id="g",
        generation_id=generation,
        protocol_name="range",
        leader=members[0],
        members=members,
    )


def test_i01_two_members_own_one_partition() -> None:
    watched = Watched()
    assert watched.see(*member("a", "a-1", 0), *member("b", "b-1", 1), assigned("b", 0)) == ["I01"]
    violation = watched.checkers.violations[0]
    assert str(violation) == "I01 violated at 0.001s: b takes t-0 of g, which a still owns"
    assert violation.last_events[-1] == assigned("b", 0)


def test_i01_two_members_are_given_one_partition_in_one_generation() -> None:
    watched = Watched()
    watched.see(*member("a", "a-1"), *member("b", "b-1"))
    assert watched.see(sent("a-1", 0, 1), sent("b-1", 1)) == ["I01"]
    assert "t-1 was given to a-1 and to b-1" in watched.checkers.violations[0].message


def test_i01_eager_member_joins_with_what_it_owns() -> None:
    watched = Watched()
    watched.see(*member("eager", "e-1", 0), *member("cooperative", "c-1", 1))
    watched.see(joining("eager"), joining("cooperative"))
    assert watched.see(completed("e-1", "c-1")) == ["I01"]
    assert "eager is eager" in watched.checkers.violations[0].message


def test_i02_partition_is_given_away_before_it_was_revoked() -> None:
    watched = Watched()
    watched.see(*member("a", "a-1", 0), *member("b", "b-1"), joining("a"), joining("b"))
    assert watched.see(completed("a-1", "b-1"), sent("a-1"), sent("b-1", 0)) == ["I02"]


def test_static_member_that_did_not_rejoin_is_a_zombie() -> None:
    watched = Watched()
    static = trace.MemberJoined(
        t=0, group_id="g", member_id="e-1", client_id="eager", group_instance_id="i1"
    )
    watched.see(*member("eager", "e-1", 0), static, *member("b", "b-1"), joining("b"))
    assert watched.see(completed("e-1", "b-1"), sent("b-1", 0), assigned("b", 0)) == []


def test_zombie_may_wake_up_with_an_old_answer() -> None:
    watched = Watched()
    watched.see(*member("a", "a-1"), *member("b", "b-1", 0))
    removed = trace.MemberRemoved(t=1, group_id="g", member_id="a-1", cause="session expired")
    assert watched.see(removed, assigned("a", 0)) == []


@pytest.mark.parametrize("how", ["removed", "paused", "revoked", "lost", "stopped", "failed"])
def test_zombies_and_former_owners_are_no_violation(how: str) -> None:
    watched = Watched()
    watched.see(*member("a", "a-1", 0), *member("b", "b-1"))
    events: dict[str, trace.Event] = {
        "removed": trace.MemberRemoved(t=2, group_id="g", member_id="a-1", cause="session expired"),
        "paused": trace.MemberPaused(t=2, group_id="g", member="a"),
        "revoked": trace.Revoked(t=2, group_id="g", member="a", partitions={"t": (0,)}),
        "lost": trace.Lost(t=2, group_id="g", member="a", partitions={"t": (0,)}),
        "stopped": trace.MemberStopped(t=2, group_id="g", member="a", how="crashed"),
        "failed": trace.MemberFailed(t=2, group_id="g", member="a", error="out"),
    }
    assert watched.see(events[how], sent("b-1", 0), assigned("b", 0)) == []


def test_i04_generation_goes_back() -> None:
    watched = Watched()
    watched.see(completed("a-1", generation=5))
    assert watched.see(completed("a-1", generation=4)) == ["I04"]


def test_i04_member_goes_back() -> None:
    watched = Watched()
    watched.see(completed("a-1", generation=3), *member("a", "a-1", generation=3))
    back = trace.Joined(t=2, group_id="g", member="a", member_id="a-1", generation_id=2)
    assert watched.see(back) == ["I04"]
    assert watched.checkers.violations[0].message == "a went from generation 3 to 2"


def test_i04_dead_group_begins_anew() -> None:
    watched = Watched()
    dead = trace.GroupStateChanged(
        t=3, group_id="g", previous="Empty", state="Dead", generation_id=5
    )
    assert watched.see(completed("a-1", generation=5), dead, completed("a-1", generation=1)) == []


def test_i04_generation_that_no_coordinator_had_written_comes_again() -> None:
    watched = Watched()
    watched.see(*member("a", "a-1", generation=6), joining("a"), completed("a-1", generation=6))
    dead = trace.GroupStateChanged(
        t=3, group_id="g", previous="Stable", state="Dead", generation_id=6
    )
    again = trace.Joined(t=4, group_id="g", member="a", member_id="a-1", generation_id=5)
    assert watched.see(dead, completed("a-1", generation=5), again) == []


def test_i04_an_answer_of_a_coordinator_that_is_gone_says_nothing_of_the_next_one() -> None:
    watched = Watched()
    watched.see(*member("a", "a-1", generation=1), joining("a"), completed("a-1", generation=7))
    moves = (("CompletingRebalance", "Dead", 7), ("Dead", "Stable", 4))
    gone = [
        trace.GroupStateChanged(
            t=3, group_id="g", previous=previous, state=state, generation_id=generation
        )
        for previous, state, generation in moves
    ]
    late, next_one, back = (
        trace.Joined(t=4, group_id="g", member="a", member_id="a-1", generation_id=generation)
        for generation in (7, 5, 4)
    )
    assert watched.see(*gone, late, joining("a"), completed("a-1", generation=5), next_one) == []
    assert watched.see(back) == ["I04"]


def test_i03_committed_offset_goes_back() -> None:
    watched = Watched()
    for offset in (5, 5, 9, 8):
        fact = Committed(t=4, group_id="g", offsets=((TopicPartition("t", 0), offset),))
        watched.checkers.told(fact)
    assert [v.rule for v in watched.checkers.violations] == ["I03"]
    assert "offset 8 was committed after 9" in watched.checkers.violations[0].message


def test_i05_problems_are_violations() -> None:
    watched = Watched()
    problem = Problem(kind=ProblemKind.UNOWNED, group_id="g", text="nobody owns t-1 of g")
    watched.checkers.told(Unsettled(t=9, problem=problem))
    assert [str(v) for v in watched.checkers.violations] == [
        "I05 violated at 0.009s: nobody owns t-1 of g"
    ]
    assert [(v.code, v.about) for v in watched.checkers.violations] == [("unowned", problem)]


def test_j11_only_static_members_are_in_a_generation_without_a_word() -> None:
    watched = Watched()
    watched.see(*member("a", "a-1"), *member("b", "b-1"), joining("b"))
    assert watched.see(completed("a-1", "b-1")) == ["J11"]
    said = "a (a-1) is in generation 2 of g and did not ask to join it"
    assert watched.checkers.violations[0].message == said


def test_i02_a_dynamic_member_is_never_left_behind() -> None:
    watched = Watched()
    watched.see(*member("a", "a-1", 0), *member("b", "b-1"), joining("b"))
    assert watched.see(completed("a-1", "b-1"), sent("b-1", 0)) == ["J11", "I02"]


@pytest.mark.parametrize(("arrived", "told"), [(True, ["I02"]), (False, [])])
def test_j11_and_i02_a_join_under_way_is_as_good_as_none(arrived: bool, told: list[str]) -> None:
    watched = Watched()
    watched.see(*member("a", "a-1", 0, instance="a"), *member("b", "b-1"))
    watched.see(joining("a"), joining("b"))
    if arrived:
        watched.checkers.told(Arrival(t=1, token=1, request=join_of("a-1")))
    assert watched.see(completed("b-1", "a-1"), sent("b-1", 0)) == told


def test_j11_and_i02_a_join_that_was_answered_is_none_any_more() -> None:
    watched = Watched()
    watched.see(*member("a", "a-1", 0, instance="a"), *member("b", "b-1"))
    watched.see(joining("a"), joining("b"))
    request = join_of("a-1")
    refused = JoinGroupResponse(error=ErrorCode.NOT_COORDINATOR, member_id="a-1")
    watched.checkers.told(Arrival(t=1, token=1, request=request))
    watched.checkers.told(Answer(t=1, token=1, request=request, response=refused))
    assert watched.see(completed("b-1", "a-1"), sent("b-1", 0)) == []
