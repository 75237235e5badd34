"""The cooperative protocol: nothing changes hands before it was let go, and two rounds suffice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given

from assignors.codec import encode_generation_user_data
from assignors.cooperative import Cooperative, CooperativeStickyAssignor
from assignors.errors import AssignorFailedError
from assignors.interface import (
    Assignor,
    Promise,
    RebalanceProtocol,
    assignor_promises,
    assignor_protocols,
    assignor_user_data,
    common_protocol,
    run_assignor,
)
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from assignors.quality import violations
from assignors.range import RangeAssignor
from assignors.round_robin import RoundRobinAssignor
from assignors.sticky import StickyAssignor

from .groups import Group, groups, quick

COOPERATIVE = RebalanceProtocol.COOPERATIVE
ASSIGNORS: tuple[Assignor, ...] = (
    CooperativeStickyAssignor(),
    CooperativeStickyAssignor("topic"),
    Cooperative(RangeAssignor()),
    Cooperative(RoundRobinAssignor()),
)
every_assignor = pytest.mark.parametrize("assignor", ASSIGNORS, ids=lambda each: each.name)


def after(members: Mapping[str, Subscription], plan: GroupAssignment) -> dict[str, Subscription]:
    """What the members own as they rejoin: what they were assigned, the rest is revoked."""
    generation_id = 1 + max((each.generation_id for each in members.values()), default=0)
    return {
        member: replace(each, owned=plan[member], generation_id=generation_id)
        for member, each in members.items()
    }


@every_assignor
@quick
@given(groups())
def test_nothing_claimed_by_another_live_member_is_handed_over(
    assignor: Assignor, group: Group
) -> None:
    cluster, members = group
    plan = run_assignor(assignor, cluster, members, protocol=COOPERATIVE)

    for member, partitions in plan.items():
        for other, subscription in members.items():
            assert other == member or partitions.isdisjoint(subscription.owned)


@every_assignor
@quick
@given(groups())
def test_two_rounds_reach_the_target(assignor: Assignor, group: Group) -> None:
    cluster, members = group
    first = run_assignor(assignor, cluster, members, protocol=COOPERATIVE)
    rejoined = after(members, first)
    second = run_assignor(assignor, cluster, rejoined, protocol=COOPERATIVE)
    settled = after(rejoined, second)

    assert violations(cluster, members, second) == ()
    assert run_assignor(assignor, cluster, settled, protocol=COOPERATIVE) == second


@quick
@given(groups())
def test_the_sticky_target_survives_the_first_round(group: Group) -> None:
    cluster, members = group
    assignor = CooperativeStickyAssignor()
    target = assignor.target(cluster, members)

    first = run_assignor(assignor, cluster, members)
    second = run_assignor(assignor, cluster, after(members, first))

    assert [len(each) for each in sorted(second.values(), key=len)] == [
        len(each) for each in sorted(target.values(), key=len)
    ]
    for member in members:
        assert first[member] <= second[member]


def test_a_moving_partition_is_withheld_for_one_round() -> None:
    cluster = ClusterMetadata({"a": 4})
    members = {
        "m1": Subscription(topics=["a"], owned=PartitionSet({"a": range(4)}), generation_id=1),
        "m2": Subscription(topics=["a"]),
    }
    assignor = CooperativeStickyAssignor()

    first = run_assignor(assignor, cluster, members, protocol=COOPERATIVE)
    second = run_assignor(assignor, cluster, after(members, first), protocol=COOPERATIVE)

    assert first == {"m1": {("a", 0), ("a", 1)}, "m2": set()}
    assert second == {"m1": {("a", 0), ("a", 1)}, "m2": {("a", 2), ("a", 3)}}


def test_a_claim_on_an_unsubscribed_topic_still_holds_it_back() -> None:
    members = {
        "m1": Subscription(topics=["b"], owned=PartitionSet({"a": [0]})),
        "m2": Subscription(topics=["a"]),
    }
    cluster = ClusterMetadata({"a": 1, "b": 1})

    first = run_assignor(CooperativeStickyAssignor(), cluster, members, protocol=COOPERATIVE)

    assert first == {"m1": {("b", 0)}, "m2": set()}


def test_under_the_eager_protocol_nothing_is_withheld() -> None:
    members = {"m1": Subscription(topics=["a"]), "m2": Subscription(topics=["a"])}

    plan = run_assignor(CooperativeStickyAssignor(), ClusterMetadata({"a": 4}), members)

    assert [len(each) for each in plan.values()] == [2, 2]


def test_names_protocols_and_promises() -> None:
    wrapped = Cooperative(RangeAssignor())
    sticky = CooperativeStickyAssignor()

    assert wrapped.name == "cooperative-range"
    assert sticky.name == "cooperative-sticky"
    assert Cooperative(RangeAssignor(), name="mine").name == "mine"
    assert assignor_protocols(sticky) == (COOPERATIVE, RebalanceProtocol.EAGER)
    assert assignor_promises(wrapped) == RangeAssignor.promises | {Promise.COOPERATIVE_SAFE}
    assert assignor_promises(sticky) == frozenset(Promise)
    assert common_protocol([sticky]) is COOPERATIVE
    assert common_protocol([sticky, RangeAssignor()]) is RebalanceProtocol.EAGER


def test_user_data() -> None:
    owned = PartitionSet({"a": [0]})
    inner = StickyAssignor()

    assert assignor_user_data(CooperativeStickyAssignor(), ["a"], owned, 7) == b"\0\0\0\x07"
    assert assignor_user_data(CooperativeStickyAssignor(), [], PartitionSet(), -1) == b"\xff" * 4
    assert assignor_user_data(Cooperative(inner), ["a"], owned, 7) == (
        inner.user_data(["a"], owned, 7)
    )
    assert assignor_user_data(Cooperative(RangeAssignor()), ["a"], owned, 7) == b""


@pytest.mark.parametrize(
    ("field", "user_data", "keeps"),
    [
        (5, b"", "m1"),  # subscription v2 and later
        (-1, encode_generation_user_data(5), "m1"),  # v1: Java says it in the user data
        (1, encode_generation_user_data(5), "m2"),  # the field comes first
        (-1, b"\0", "m2"),  # unreadable: unknown, hence older
        (-1, None, "m2"),
    ],
)
def test_the_generation_is_read_as_java_reads_it(
    field: int, user_data: bytes | None, keeps: str
) -> None:
    owned = PartitionSet({"a": [0]})
    members = {
        "m1": Subscription(topics=["a"], owned=owned, generation_id=field, user_data=user_data),
        "m2": Subscription(topics=["a"], owned=owned, generation_id=4),
    }

    target = CooperativeStickyAssignor().target(ClusterMetadata({"a": 1}), members)

    assert target[keeps] == owned


class Broken:
    name = "broken"

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, Subscription]
    ) -> dict[str, list[tuple[str, int]]]:
        raise KeyError("oops")


class Attached:
    name = "attached"

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, Subscription]
    ) -> GroupAssignment:
        plan = RangeAssignor().assign(cluster, members)
        return GroupAssignment(plan, user_data=dict.fromkeys(plan, b"note"))


def test_inner_errors_name_the_inner_assignor() -> None:
    with pytest.raises(AssignorFailedError, match="'broken' raised"):
        run_assignor(Cooperative(Broken()), ClusterMetadata({"a": 1}), {})


def test_inner_user_data_is_passed_on() -> None:
    members = {"m1": Subscription(topics=["a"])}

    plan = run_assignor(Cooperative(Attached()), ClusterMetadata({"a": 1}), members)

    assert plan.user_data == {"m1": b"note"}
