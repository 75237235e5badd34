"""A rule is taken out of the real code, and exploring says which one it is."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

import assignors.interface
from assignors.columns import Subscriptions
from assignors.cooperative import Cooperative
from assignors.model import ClusterMetadata, GroupAssignment, Subscription
from rebalance.coordinator import heartbeat, join_phase, sync
from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.coordinator.context import Context
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import SyncGroupRequest
from rebalance.simulation.explore import Explored, explore, story
from tests.simulation.explore.groups import COOPERATIVE, EAGER, group


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


def test_i02_without_withholding_and_without_the_leaders_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    as_it_is = assignors.interface.validated

    def transfers_are_fine(*args: Any, refuse_transfers: bool, **options: Any) -> GroupAssignment:
        return as_it_is(*args, refuse_transfers=False, **options)

    monkeypatch.setattr(Cooperative, "assign", withhold_nothing)
    monkeypatch.setattr(assignors.interface, "validated", transfers_are_fine)

    explored = explore(group(COOPERATIVE))

    assert found(explored) == "I02"
    assert explored.violation is not None
    assert "has not revoked it" in explored.violation.message


def test_i05_without_a_word_to_heartbeats_a_member_never_hears_of_the_rebalance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """H01: nobody does anything wrong, and the group is stuck for good."""
    all_is_well = dict.fromkeys(heartbeat._ANSWERS, heartbeat._ANSWERS[ErrorCode.NONE])
    monkeypatch.setattr(heartbeat, "_ANSWERS", all_is_well)

    explored = explore(group(EAGER))

    assert found(explored) == "I05"
    assert explored.violation is not None
    assert "never ends" in explored.violation.message


def test_i05_without_calling_off_the_syncs(monkeypatch: pytest.MonkeyPatch) -> None:
    """J12: a parked SyncGroup is not answered when another rebalance begins."""
    monkeypatch.setattr(join_phase, "call_off", lambda context, group, error: None)

    explored = explore(group(EAGER))

    assert found(explored) == "I05"
