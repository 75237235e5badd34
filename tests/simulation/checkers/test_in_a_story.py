"""In a played story checkers hear what strangers are answered, and see plans as they are made."""

from collections.abc import Mapping

import pytest

from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from assignors.range import RangeAssignor
from rebalance.coordinator import heartbeat
from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import HeartbeatRequest
from rebalance.simulation import parse, run_scenario
from tests.mutations.catalogue import MUTATIONS

GROUP = """\
set group.initial.rebalance.delay.ms=100
topic orders partitions=4
members A B topics=orders
start A
run for 50ms
start B
run until stable
"""
STRANGER = "stranger X sends Heartbeat member=A-1 generation=7\nrun for 100ms\n"


def found(text: str) -> set[str]:
    """Rules that were broken, and by whom that was seen."""
    violations = run_scenario(parse(text)).violations
    return {f"{violation.rule} {violation.checker}" for violation in violations}


def test_h01_what_a_stranger_is_answered_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    def any_generation(group: ClassicGroup, request: HeartbeatRequest) -> ErrorCode | None:
        error = as_it_is(group, request)
        return None if error is ErrorCode.ILLEGAL_GENERATION else error

    assert found(GROUP + STRANGER) == set()
    as_it_is = heartbeat._refusal
    monkeypatch.setattr(heartbeat, "_refusal", any_generation)
    assert "H01 HeartbeatAnswers" in found(GROUP + STRANGER)


def test_i05_a_plan_is_looked_at_as_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def all_to_the_first(
        assignor: RangeAssignor, cluster: ClusterMetadata, members: Mapping[str, Subscription]
    ) -> GroupAssignment:
        plan = as_it_is(assignor, cluster, members)
        first, everything = next(iter(members)), set().union(*map(set, plan.values()))
        return GroupAssignment({**dict.fromkeys(members, PartitionSet()), first: everything})

    as_it_is = RangeAssignor.assign
    monkeypatch.setattr(RangeAssignor, "assign", all_to_the_first)
    assert "I05 PlanKeepsItsPromise" in found(GROUP)


ISOLATED = """\
set group.initial.rebalance.delay.ms=0
topic orders partitions=4
members A topics=orders instance=a heartbeat.interval.ms=2000 max.poll.interval.ms=5000 poll=1s
members B topics=orders instance=b heartbeat.interval.ms=2000 max.poll.interval.ms=5000 poll=1s
members C topics=orders heartbeat.interval.ms=2000 max.poll.interval.ms=5000 poll=1s
start A B
run until stable
isolate B for 9s
run for 500ms
start C
run for 20s
run until stable
"""
"""A static member is away while a generation begins without it, and within its session."""


def test_m05_who_hears_of_a_generation_without_it_does_not_go_on() -> None:
    assert found(ISOLATED) == set()
    with MUTATIONS["illegal_generation_goes_on"]():
        assert "M05 StopsAtItsFirstAnswer" in found(ISOLATED)
