"""`sticky` and `cooperative-sticky` in one group with Kafka's own: each reads the other's claims.

Kafka's class leads after ours has led and the other way round. What is compared is what both
promise, balance and moves: which of equal plans is taken is each one's own business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from assignors.codec import decode_subscription, encode_subscription
from assignors.interface import Assignor, assignor_user_data, resolve, run_assignor
from assignors.model import PartitionSet, Subscription
from tests.java.differential import draw
from tests.java.groups import DrawnGroup, DrawnMember
from tests.java.oracle import Oracle, plan_answer, plan_question

STICKY, COOPERATIVE = resolve("sticky"), resolve("cooperative-sticky")
_NEWCOMER = DrawnMember(id="new", topics=("a", "ab", "B"))
SEED = 545
Plan = Mapping[str, PartitionSet]
Bytes = dict[str, bytes]


@pytest.fixture(scope="module")
def drawn() -> list[DrawnGroup]:
    """Those with something to give; see the last test for members that list nothing."""
    return [
        group
        for group in draw(800, SEED)
        if all(each.topics for each in group.members)
        and any(run_assignor(STICKY, group.cluster, group.subscriptions).values())
    ]


def alike(group: DrawnGroup) -> DrawnGroup:
    """Everybody subscribes to everything: there Kafka's sticky is optimal, too."""
    everything = tuple(group.topics)
    return replace(group, members=tuple(replace(m, topics=everything) for m in group.members))


def joining(
    assignor: Assignor, group: DrawnGroup, plan: Plan, generation_id: int | None = None
) -> Bytes:
    """What the members send that own `plan`: an eager one has given it up and only remembers."""
    generation_id = generation_id if generation_id is not None else 1 if plan else -1
    eager = assignor.name == "sticky"
    sent: Bytes = {}
    for each in group.members:
        held = plan.get(each.id, PartitionSet())
        said = Subscription(
            topics=each.topics,
            owned=PartitionSet() if eager else held,
            generation_id=-1 if eager else generation_id,
            user_data=assignor_user_data(assignor, each.topics, held, generation_id),
        )
        sent[each.id] = encode_subscription(said)
    return sent


def ours(assignor: Assignor, group: DrawnGroup, sent: Bytes) -> Plan:
    members = {member: decode_subscription(data) for member, data in sent.items()}
    return run_assignor(assignor, group.cluster, members)


def kafkas(
    oracle: Oracle, name: str, asked: list[tuple[DrawnGroup, Bytes]]
) -> list[dict[str, PartitionSet]]:
    return [
        plan_answer(answer)
        for answer in oracle.ask(
            plan_question(
                name, group.topics, [(member, None, data) for member, data in sent.items()]
            )
            for group, sent in asked
        )
    ]


def cost(plan: Plan, before: Plan) -> tuple[int, int]:
    """The sum of squared loads, and how many partitions a member of both lost."""
    lost = sum(len(before[member] - plan[member]) for member in plan if member in before)
    return sum(len(each) ** 2 for each in plan.values()), lost


@pytest.mark.parametrize("assignor", [STICKY, COOPERATIVE], ids=lambda each: each.name)
def test_whoever_leads_next_moves_nothing(
    oracle: Oracle, drawn: list[DrawnGroup], assignor: Assignor
) -> None:
    groups = [alike(group) for group in drawn]
    fresh = [(group, joining(assignor, group, {})) for group in groups]
    our_first = [dict(ours(assignor, *each)) for each in fresh]
    their_first = kafkas(oracle, assignor.name, fresh)

    def next_of(plans: Sequence[Plan]) -> list[tuple[DrawnGroup, Bytes]]:
        pairs = zip(groups, plans, strict=True)
        return [(group, joining(assignor, group, plan)) for group, plan in pairs]

    assert kafkas(oracle, assignor.name, next_of(our_first)) == our_first
    assert [ours(assignor, *each) for each in next_of(their_first)] == their_first


def test_after_a_change_ours_is_as_balanced_and_moves_no_more(
    oracle: Oracle, drawn: list[DrawnGroup]
) -> None:
    """Any subscriptions; the first member is gone and those that are left go on."""
    groups = [group for group in drawn if len(group.members) > 1]
    before = kafkas(oracle, "sticky", [(each, joining(STICKY, each, {})) for each in groups])
    left = [replace(group, members=group.members[1:]) for group in groups]
    sent = [joining(STICKY, *each) for each in zip(left, before, strict=True)]
    better = 0
    theirs = kafkas(oracle, "sticky", list(zip(left, sent, strict=True)))
    for group, data, plan, kafka in zip(left, sent, before, theirs, strict=True):
        our_cost, their_cost = cost(ours(STICKY, group, data), plan), cost(kafka, plan)
        assert our_cost <= their_cost, group
        better += our_cost < their_cost

    assert better > 0  # else the groups say nothing


def handed_over(group: DrawnGroup, plan: Plan, held: Plan) -> set[tuple[str, int]]:
    """What a plan gives to one member while another, who is alive, still holds it."""
    live = [each.id for each in group.members]
    return {
        partition
        for member in live
        for other in live
        if other != member
        for partition in plan[member] & held.get(other, PartitionSet())
    }


def test_leaders_of_both_kinds_hand_over_to_each_other(
    oracle: Oracle, drawn: list[DrawnGroup]
) -> None:
    """Cooperative: one member is gone, one is new; each leads for as long as it takes."""
    groups = [replace(group, members=(*group.members[1:], _NEWCOMER)) for group in drawn]
    now = kafkas(oracle, "sticky", [(each, joining(STICKY, each, {})) for each in drawn])

    def lead(by_kafka: bool) -> list[dict[str, PartitionSet]]:
        asked = [
            (group, joining(COOPERATIVE, group, plan))
            for group, plan in zip(groups, now, strict=True)
        ]
        if by_kafka:
            plans = kafkas(oracle, COOPERATIVE.name, asked)
        else:
            plans = [dict(ours(COOPERATIVE, *each)) for each in asked]
        for group, plan, held in zip(groups, plans, now, strict=True):
            assert not handed_over(group, plan, held), group
        return plans

    for by_kafka in (True, True, False, False):  # two rounds: one to revoke, one to assign
        now = lead(by_kafka)
    for group, plan in zip(groups, now, strict=True):
        best = ours(STICKY, group, joining(STICKY, group, {}))
        assert cost(plan, {})[0] == cost(best, {})[0], group
        assert sum(map(len, plan.values())) == sum(map(len, best.values())), group
    assert lead(by_kafka=True) == now
    assert lead(by_kafka=False) == now


def test_kafka_gives_partitions_to_a_member_that_subscribes_to_nothing(oracle: Oracle) -> None:
    """A defect of Kafka 4.4.0: it takes all subscriptions for equal if the first are empty.

    (A pattern that matches no topic yet is an empty subscription.)
    """
    group = DrawnGroup(
        topics={"a": ((),) * 4},
        members=(DrawnMember(id="m1", topics=()), DrawnMember(id="m2", topics=("a",))),
    )
    sent = joining(STICKY, group, {})

    (kafka,) = kafkas(oracle, "sticky", [(group, sent)])
    plan = ours(STICKY, group, sent)

    assert len(kafka["m1"]) == 2
    assert len(plan["m1"]) == 0
    assert len(plan["m2"]) == 4
