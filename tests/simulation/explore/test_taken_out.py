"""A rule is taken out of the real code, and exploring says which one it is."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

import assignors.interface
from assignors.columns import Subscriptions
from assignors.cooperative import Cooperative
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from assignors.range import RangeAssignor
from assignors.sticky import StickyAssignor
from rebalance.coordinator import coordinator, heartbeat, join, join_phase, sync
from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.coordinator.context import Context
from rebalance.member import heartbeat as member_heartbeat
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import SyncGroupRequest
from rebalance.simulation.explore import Explored, explore, story
from tests.simulation.explore.groups import ALONE, COOPERATIVE, EAGER, UNLIKE, group


def found(explored: Explored) -> str:
    """The rule that is broken."""
    assert explored.violation is not None
    assert not explored.passed
    assert list(story(explored))
    return explored.violation.rule


def test_g04_without_the_guard_of_pending_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    def all_awaiting(group: ClassicGroup) -> bool:
        return group.awaiting_join == len(group.members)

    monkeypatch.setattr(ClassicGroup, "all_joined", property(all_awaiting))

    assert found(explore(group(EAGER, "cut=1"))) == "G04"


def test_s01_without_the_generation_test_of_a_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    as_it_is = sync._group_error

    def any_generation(group: ClassicGroup, request: SyncGroupRequest) -> ErrorCode | None:
        return as_it_is(group, replace(request, generation_id=group.generation_id))

    monkeypatch.setattr(sync, "_group_error", any_generation)

    assert found(explore(group(EAGER, "cut=1"))) == "S01"


@pytest.mark.parametrize("text", [EAGER, COOPERATIVE], ids=["eager", "cooperative"])
def test_s02_without_the_generation_test_of_a_write(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_it_is = sync._Stored.__call__

    def whatever_came_meanwhile(stored: Any, context: Context, error: ErrorCode) -> None:
        as_it_is(replace(stored, generation_id=stored.group.generation_id), context, error)

    monkeypatch.setattr(sync._Stored, "__call__", whatever_came_meanwhile)

    assert found(explore(group(text))) == "S02"


def withhold_nothing(
    cooperative: Cooperative, cluster: ClusterMetadata, members: Mapping[str, Subscription]
) -> GroupAssignment:
    return cooperative.target(cluster, Subscriptions.of(members))


def test_i05_without_withholding_the_leader_fails_at_its_own_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Cooperative, "assign", withhold_nothing)

    explored = explore(group(COOPERATIVE))

    assert found(explored) == "I05"
    assert explored.violation is not None
    assert "withhold it for one rebalance" in explored.violation.message


def test_m06_without_withholding_and_without_the_leaders_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    as_it_is = assignors.interface.validated

    def transfers_are_fine(*args: Any, refuse_transfers: bool, **options: Any) -> GroupAssignment:
        return as_it_is(*args, refuse_transfers=False, **options)

    monkeypatch.setattr(Cooperative, "assign", withhold_nothing)
    monkeypatch.setattr(assignors.interface, "validated", transfers_are_fine)

    explored = explore(group(COOPERATIVE))

    assert found(explored) == "M06"
    assert explored.violation is not None
    assert "claims it" in explored.violation.message


def test_h01_without_a_word_to_heartbeats_a_member_never_hears_of_the_rebalance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    all_is_well = dict.fromkeys(heartbeat._ANSWERS, heartbeat._ANSWERS[ErrorCode.NONE])
    monkeypatch.setattr(heartbeat, "_ANSWERS", all_is_well)

    assert found(explore(group(EAGER))) == "H01"


def test_i05_a_member_that_does_not_act_on_the_news_of_a_rebalance_is_stuck(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """M05: nobody says anything wrong, and the group is stuck for good."""
    monkeypatch.setattr(member_heartbeat, "SETTLED", frozenset())

    explored = explore(group(EAGER))

    assert found(explored) == "I05"
    assert explored.violation is not None
    assert "never ends" in explored.violation.message


def test_j12_without_calling_off_the_syncs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(join_phase, "call_off", lambda context, group, error: None)

    assert found(explore(group(EAGER))) == "J12"


def test_j03_one_member_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(join, "has_room", lambda group, member_id, most: True)

    explored = explore(group("set group.max.size=1\n" + EAGER))

    assert found(explored) == "J03"


def test_j11_a_rebalance_timeout_that_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coordinator, "on_join_timeout", lambda context, group: None)

    assert found(explore(group(EAGER, "crash=1"))) == "J11"


def test_s04_a_sync_timeout_that_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coordinator, "on_sync_timeout", lambda context, group: None)

    assert found(explore(group(EAGER, "crash=1"))) == "S04"


def test_m05_a_member_that_is_out_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """It hears that it is out where its session is said to be over while it is only late."""
    monkeypatch.setattr(member_heartbeat, "lose_generation", lambda *_, **__: None)

    assert found(explore(group(ALONE, "timeout=1"))) == "M05"


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        (RangeAssignor, EAGER, "range plans 2 partitions of t for A"),
        (StickyAssignor, COOPERATIVE, "cooperative-sticky plans 2 partitions for A"),
        (StickyAssignor, UNLIKE, "cooperative-sticky gives B of g more than A without need"),
    ],
    ids=["range", "cooperative", "cooperative, at rest"],
)
def test_i05_a_plan_that_is_not_what_its_assignor_is_known_for(
    kind: type[Any], text: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def all_to_one(
        assignor: Any, cluster: ClusterMetadata, members: Mapping[str, Subscription]
    ) -> GroupAssignment:
        plan = as_it_is(assignor, cluster, members)
        widest = max(members, key=lambda each: len(members[each].topics))
        everything = set().union(*map(set, plan.values()))
        return GroupAssignment({**dict.fromkeys(members, PartitionSet()), widest: everything})

    as_it_is = kind.assign
    monkeypatch.setattr(kind, "assign", all_to_one)

    explored = explore(group(text))

    assert found(explored) == "I05"
    assert explored.violation is not None
    assert told in explored.violation.message
