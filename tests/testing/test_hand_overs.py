"""The judge of balance and moves agrees with the solver, and sees what a broken one leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assignors import StickyAssignor
from assignors.claims import settle
from assignors.interface import Promise
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from assignors.quality import imbalance, least_imbalance, movements, violations
from assignors.sticky import StickyPlan
from rebalance.testing import strategies
from rebalance.testing.check import check
from rebalance.testing.check.hand_overs import balanced_further, moved_less
from rebalance.testing.groups import Group


def at_random(group: Group, data: st.DataObject) -> GroupAssignment:
    """Any valid plan."""
    held: dict[str, list[tuple[str, int]]] = {member: [] for member in group.members}
    for topic, count in group.cluster.partitions.items():
        takers = sorted(m for m, each in group.members.items() if topic in each.topics)
        for partition in range(count if takers else 0):
            held[data.draw(st.sampled_from(takers))].append((topic, partition))
    return GroupAssignment(held)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(group=strategies.groups(claims="any"), data=st.data())
def test_from_any_plan_the_judge_finds_what_the_solver_finds(
    group: Group, data: st.DataObject
) -> None:
    settled = settle(group.cluster, group.members)
    owners = {(p.topic, p.partition): m for m in settled.member_ids for p in settled.owned_by(m)}
    best = StickyAssignor().plan(group.cluster, group.members)

    level = balanced_further(group.members, at_random(group, data))
    assert imbalance(level) == least_imbalance(group.cluster, group.members)
    least = moved_less(group.members, level, owners)
    assert not violations(group.cluster, group.members, least)
    assert imbalance(least) == imbalance(level)
    assert movements(group.cluster, group.members, least) == best.moves


_plan = StickyAssignor.plan


class Forgetful(StickyAssignor):
    """Balanced, and blind to who owns what."""

    def plan(self, cluster: ClusterMetadata, members: Mapping[str, Subscription]) -> StickyPlan:
        blind = {m: replace(e, owned=PartitionSet(), user_data=b"") for m, e in members.items()}
        return _plan(StickyAssignor(), cluster, blind)


def test_a_sticky_that_forgets_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    # Also where every sticky does: the judge does not ask one.
    monkeypatch.setattr(StickyAssignor, "plan", Forgetful.plan)
    report = check(Forgetful(), examples=60)
    assert [each.promise for each in report.broken] == [Promise.MINIMAL_MOVES]
