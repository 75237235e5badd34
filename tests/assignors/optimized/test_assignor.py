"""The assignor as a leader uses it: claims, bad input, reports, promises, determinism."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assignors.codec import encode_sticky_user_data
from assignors.errors import AssignorError, AssignorFailedError, AssignorNotFoundError
from assignors.interface import Promise, resolve, run_assignor
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from assignors.optimized import (
    Capacity,
    Constraints,
    CooperativeOptimizedAssignor,
    InvalidObjectiveError,
    Objective,
    OptimizedAssignor,
    Solution,
)
from assignors.optimized.member_data import MAGIC, MemberData, decode, encode
from assignors.sticky import StickyAssignor
from tests.assignors.groups import Group, groups, own

from .models import middling
from .oracle import by_partition, few

CLUSTER = ClusterMetadata({"a": 6})
BOTH = {"m1": Subscription(topics=["a"]), "m2": Subscription(topics=["a"])}


def sizes(plan: Any) -> dict[str, int]:
    return {member: len(partitions) for member, partitions in plan.items()}


@settings(few, max_examples=100)
@given(groups())
def test_without_arguments_it_is_as_balanced_as_sticky(group: Group) -> None:
    cluster, members = group
    plan = run_assignor(OptimizedAssignor(), cluster, members)
    sticky = run_assignor(StickyAssignor(), cluster, members)

    assert sorted(sizes(plan).values()) == sorted(sizes(sticky).values())
    assert run_assignor(OptimizedAssignor(), cluster, own(members, plan)) == plan
    assert run_assignor(OptimizedAssignor(), cluster, dict(reversed(members.items()))) == plan


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("work", [0, 3, 20])
def test_never_worse_than_sticky_whatever_the_work(seed: int, work: int) -> None:
    case = middling(seed, constraints={"apart": [{"what": ["a", "b"], "cost": 0.7}]})
    assignor = OptimizedAssignor(
        objective=case.objective, constraints=case.constraints, work_limit=work
    )
    solution = assignor.solve(case.cluster, case.members)
    sticky = by_partition(StickyAssignor().assign(case.cluster, case.members))

    assert solution.objective == pytest.approx(
        float(case.cost(by_partition(solution.assignment))), rel=1e-6
    )
    assert solution.objective < case.cost(sticky)
    assert 0 < solution.bound <= solution.objective
    assert solution.gap == pytest.approx(1 - solution.bound / solution.objective)
    assert solution.floor <= solution.bound
    assert solution.gap <= solution.gap_above_floor <= 1
    assert sum(solution.costs.values()) == pytest.approx(solution.objective)


@pytest.mark.parametrize("seed", range(3))
def test_more_work_never_ends_with_more_cost(seed: int) -> None:
    case = middling(seed, partitions=90, constraints={"max_moves": 15})
    costs = [
        OptimizedAssignor(objective=case.objective, constraints=case.constraints, work_limit=work)
        .solve(case.cluster, case.members)
        .objective
        for work in (0, 5, 200)
    ]

    assert costs == sorted(costs, reverse=True)


def test_capacity_is_what_members_say_and_the_constraints_say_over_it() -> None:
    large = OptimizedAssignor(capacity=2, labels={"size": "large"})
    data = large.user_data(["a"], PartitionSet(), -1)
    members = {**BOTH, "m1": replace(BOTH["m1"], user_data=data)}

    assert sizes(OptimizedAssignor().assign(CLUSTER, members)) == {"m1": 4, "m2": 2}
    limit = {"capacity": [{"who": {"label": {"size": "large"}}, "max_partitions": 1}]}
    plan = OptimizedAssignor(constraints=Constraints.from_data(limit)).assign(CLUSTER, members)
    assert sizes(plan) == {"m1": 1, "m2": 5}


def test_eager_members_say_what_they_hold_in_the_user_data() -> None:
    held = {"m1": PartitionSet({"a": [1, 3, 5]}), "m2": PartitionSet({"a": [0, 2, 4], "b": [1]})}
    assignor = OptimizedAssignor()
    members = {
        m: replace(each, user_data=assignor.user_data(each.topics, held[m], 7))
        for m, each in BOTH.items()
    }
    solution = assignor.solve(CLUSTER, members)

    assert solution.moves == 0
    assert solution.assignment == {"m1": held["m1"], "m2": PartitionSet({"a": [0, 2, 4]})}
    said = decode(members["m2"].user_data)
    assert said is not None
    assert said.held == PartitionSet({"a": [0, 2, 4]}), "what it no longer wants is not claimed"


def test_a_newer_claim_wins_and_a_conflict_is_nobodys() -> None:
    def claims(generation: int) -> bytes:
        held = PartitionSet({"a": range(3)})
        return OptimizedAssignor().user_data(["a"], held, generation)

    members = {
        "m1": replace(BOTH["m1"], user_data=claims(3)),
        "m2": replace(BOTH["m2"], user_data=claims(4)),
    }
    plan = OptimizedAssignor().assign(CLUSTER, members)
    assert plan["m2"] == PartitionSet({"a": [0, 1, 2]})
    members["m1"] = replace(BOTH["m1"], user_data=claims(4))
    assert OptimizedAssignor().solve(CLUSTER, members).moves == 0


def test_claims_in_stickys_user_data_are_read_in_a_mixed_rollout() -> None:
    held = PartitionSet({"a": [1, 3, 5]})
    members = {**BOTH, "m2": replace(BOTH["m2"], user_data=encode_sticky_user_data(held, 2))}

    assert OptimizedAssignor().assign(CLUSTER, members)["m2"] == held


@few
@given(st.lists(st.binary(max_size=60) | st.binary(max_size=60).map(MAGIC.__add__), max_size=4))
def test_any_user_data_gives_a_valid_plan(data: list[bytes]) -> None:
    members = {
        f"m{number}": Subscription(topics=["a"], user_data=each)
        for number, each in enumerate(data)
        if (said := decode(each)) is None or said.capacity == Capacity()
    }
    run_assignor(OptimizedAssignor(), CLUSTER, members)


def test_the_leader_names_members_that_are_configured_otherwise() -> None:
    mine = OptimizedAssignor(objective=Objective(rack=1))
    other = OptimizedAssignor(objective=Objective(rack=2))
    members = {
        "m1": replace(BOTH["m1"], user_data=mine.user_data(["a"], PartitionSet(), -1)),
        "m2": replace(BOTH["m2"], user_data=other.user_data(["a"], PartitionSet(), -1)),
        "m3": Subscription(topics=["a"]),
    }
    solution = mine.solve(CLUSTER, members)

    assert solution.mismatched == ("m2", "m3")
    assert "configured otherwise: m2, m3" in solution.describe()
    same = OptimizedAssignor(objective=Objective(rack=1), capacity=3, work_limit=9)
    assert same.fingerprint == mine.fingerprint, "what a member is differs from what it wants"


@pytest.mark.parametrize(
    ("cluster", "members", "plan"),
    [
        ({"a": 3}, {}, {}),
        ({}, {"m1": ["a"]}, {"m1": 0}),
        ({"a": 0}, {"m1": ["a"]}, {"m1": 0}),
        ({"a": 2, "b": 9}, {"m1": ["a"], "m2": []}, {"m1": 2, "m2": 0}),
        ({"a": 2}, {"m1": ["a", "gone"], "m2": ["gone"]}, {"m1": 2, "m2": 0}),
    ],
    ids=["no members", "no topics", "no partitions", "no subscriber", "no such topic"],
)
@pytest.mark.parametrize(
    "arguments",
    [{}, {"objective": {"weights": {"a": [2, 1], "b": 3}}, "constraints": {"max_moves": 1}}],
    ids=["plain", "with weights"],
)
def test_empty_groups_have_plans(
    cluster: dict[str, int], members: dict[str, list[str]], plan: dict[str, int], arguments: Any
) -> None:
    group = {member: Subscription(topics=topics) for member, topics in members.items()}
    solution = OptimizedAssignor(**arguments).solve(ClusterMetadata(cluster), group)

    assert sizes(solution.assignment) == plan
    assert solution.proven


def test_weights_of_zero_are_no_weight() -> None:
    solution = OptimizedAssignor(objective={"weights": {"a": 0}}).solve(CLUSTER, BOTH)
    assert solution.objective == 0
    assert sum(sizes(solution.assignment).values()) == 6
    some = OptimizedAssignor(objective={"weights": {"a": [0, 0, 0, 0, 5, 5]}}).solve(CLUSTER, BOTH)
    assert {len({4, 5} & set(p.by_topic["a"].tolist())) for p in some.assignment.values()} == {1}


NAMES_WHAT_IS_NOT_THERE = {
    "pins": [{"what": {"topic": "later", "partitions": [3]}, "who": "m1"}],
    "bans": [{"what": {"topic": "a", "partitions": [0, 99]}, "who": "m9"}],
}


def test_what_is_not_there_is_a_note_or_with_strict_an_error() -> None:
    assignor = OptimizedAssignor(constraints=Constraints.from_data(NAMES_WHAT_IS_NOT_THERE))
    solution = assignor.solve(CLUSTER, BOTH)

    assert list(solution.notes) == [
        "pin later[3] to m1: the topic 'later' has no partitions in this group",
        "ban a[0,99] from m9: the topic 'a' has 6 partitions only",
        "ban a[0,99] from m9: no member is m9 now",
    ]
    with pytest.raises(InvalidObjectiveError, match="'later' has no partitions in this group; ban"):
        assignor.solve(CLUSTER, BOTH, strict=True)


def test_a_pin_holds_while_its_member_is_there() -> None:
    pins = {"pins": [{"what": {"topic": "a", "partitions": [0]}, "who": "i9"}]}
    assignor = OptimizedAssignor(constraints=Constraints.from_data(pins))
    solution = assignor.solve(CLUSTER, BOTH)
    assert "no such member subscribes to it now, so it does not hold" in "".join(solution.notes)
    there = {**BOTH, "m2": replace(BOTH["m2"], group_instance_id="i9")}
    assert ("a", 0) in assignor.assign(CLUSTER, there)["m2"]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"objective": {"racks": 1}}, InvalidObjectiveError, "unknown key 'racks'"),
        ({"objective": 5}, InvalidObjectiveError, "objective is 5"),
        ({"constraints": ["a"]}, InvalidObjectiveError, "constraints is"),
        ({"capacity": 0}, InvalidObjectiveError, "share is 0"),
        ({"labels": "x"}, InvalidObjectiveError, "labels are 'x'"),
        ({"rack": ""}, InvalidObjectiveError, "the rack is ''"),
        ({"work_limit": -1}, InvalidObjectiveError, "the work limit is -1"),
        ({"work_limit": 0.5}, InvalidObjectiveError, "the work limit is 0.5"),
        ({"fallback": "nobody"}, AssignorNotFoundError, "no assignor is called 'nobody'"),
    ],
)
def test_arguments_without_sense_are_one_line(
    arguments: Any, error: type[AssignorError], words: str
) -> None:
    with pytest.raises(error) as caught:
        OptimizedAssignor(**arguments)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_coefficients_too_far_apart_are_refused_not_rounded_away() -> None:
    apart = OptimizedAssignor(objective=Objective(balance=1e-6, rack=1e15))
    with pytest.raises(InvalidObjectiveError, match="too far apart"):
        apart.solve(CLUSTER, BOTH)


def test_a_weight_function_that_fails_is_the_assignors_failure() -> None:
    assignor = OptimizedAssignor(objective=Objective(weights=lambda *_: -1))  # type: ignore[arg-type]
    with pytest.raises(AssignorFailedError, match="the weight of a-0 is -1"):
        run_assignor(assignor, CLUSTER, BOTH)


def test_each_assignment_is_reported_once() -> None:
    seen: list[Solution] = []
    assignor = OptimizedAssignor(report=seen.append)
    plan = assignor.assign(CLUSTER, BOTH)
    assignor.solve(CLUSTER, BOTH)

    assert [each.assignment for each in seen] == [plan]


def test_promises_are_those_that_hold_of_the_instance() -> None:
    always = {Promise.VALID, Promise.DETERMINISTIC, Promise.CONFLICT_PROOF}

    assert OptimizedAssignor().promises == always | {Promise.IDEMPOTENT}
    pinned = {"pins": [{"what": "a", "who": "m1"}]}
    assert Promise.IDEMPOTENT in OptimizedAssignor(constraints=pinned).promises  # type: ignore[arg-type]
    for arguments in (
        {"objective": {"weights": {"a": 2}}},
        {"constraints": {"max_moves": 3}},
        {"constraints": {"apart": [["a", "b"]]}},
    ):
        assert OptimizedAssignor(**arguments).promises == always  # type: ignore[arg-type]
    assert resolve("optimized") == OptimizedAssignor()


PROGRAM = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from assignors.codec import encode_assignment
from assignors.optimized import CooperativeOptimizedAssignor, OptimizedAssignor
from tests.assignors.optimized.models import middling
digest = hashlib.sha256()
for seed, constraints in enumerate((
    {},
    {"max_moves": 9},
    {"together": [{"what": ["a", "b"], "by_number": True, "cost": 2}]},
    {"apart": [{"what": ["a", "c"], "cost": 1}], "capacity": [{"who": "m01", "share": 2}]},
)):
    case = middling(seed, constraints=constraints)
    backwards = dict(reversed(case.members.items()))
    for kind in (OptimizedAssignor, CooperativeOptimizedAssignor):
        assignor = kind(objective=case.objective, constraints=case.constraints, work_limit=6)
        for members in (case.members, backwards):
            plan = assignor.assign(case.cluster, members)
            each = b"".join(encode_assignment(plan[member]) for member in sorted(plan))
            print(hashlib.sha256(each).hexdigest())
"""


def test_the_same_bytes_in_any_order_and_under_any_hash_seed() -> None:
    from pathlib import Path

    root = str(Path(__file__).parents[3])
    answers = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM, root],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": root},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for seed in ("0", "4242")
    ]

    assert answers[0] == answers[1]
    assert answers[0][::2] == answers[0][1::2], "the members' order makes no difference"
    assert len(set(answers[0])) > 4


def test_a_member_says_capacity_labels_and_rack() -> None:
    assignor = OptimizedAssignor(
        capacity=Capacity(share=3, max_partitions=9), labels={"zone": "x"}, rack="r2"
    )
    said = decode(assignor.user_data(["a"], PartitionSet(), -1))

    assert said == MemberData(
        fingerprint=assignor.fingerprint,
        capacity=Capacity(share=3, max_partitions=9),
        labels={"zone": "x"},
        rack="r2",
    )
    assert encode(said) == assignor.user_data(["a"], PartitionSet(), -1)


@pytest.mark.parametrize("share", [1e6, 1e4, 1e-4, 1e-6])
def test_what_one_member_says_of_its_size_stops_nobody(share: float) -> None:
    weights = {"a": [0.1 + at / 7 for at in range(30)]}
    members = {
        f"m{at}": Subscription(
            topics=("a",),
            user_data=OptimizedAssignor(capacity=share if at == 0 else 1).user_data(
                ("a",), PartitionSet(), -1
            ),
        )
        for at in range(5)
    }
    solution = OptimizedAssignor(objective={"weights": weights}).solve(
        ClusterMetadata({"a": 30}), members
    )
    assert any("the least that is told apart" in note for note in solution.notes)
    assert sum(map(len, solution.assignment.values())) == 30


@pytest.mark.parametrize("kind", [OptimizedAssignor, CooperativeOptimizedAssignor])
def test_a_fallback_knows_what_eager_members_hold(kind: Any) -> None:
    infeasible = {"capacity": [{"who": {"member": "m1"}, "max_partitions": 0}]}
    assignor = kind(constraints=infeasible, fallback="sticky")
    held = {"m1": PartitionSet({"a": range(6, 12)}), "m2": PartitionSet({"b": range(6)})}
    members = {
        name: Subscription(topics=(topic,), user_data=assignor.user_data((topic,), held[name], 3))
        for name, topic in (("m1", "a"), ("m2", "b"))
    }
    members["m3"] = Subscription(topics=("b",))
    cluster = ClusterMetadata({"a": 12, "b": 12})
    solution = assignor.solve(cluster, members)
    assert solution.causes
    assert held["m2"] <= solution.assignment["m2"]
    assert not held["m2"] & solution.assignment["m3"]


class Odd:
    """A source of weights that keeps none of the rules."""

    def __init__(self, weight: float) -> None:
        self._weight = weight

    def of(self, index: Any, default: float) -> tuple[list[float], tuple[str, ...]]:
        return [1.0] * (index.size - 1) + [self._weight], ()

    def to_data(self) -> Any:
        return "odd"

    def describe(self) -> str:
        return "odd"


@pytest.mark.parametrize("weight", [-1, float("nan"), float("inf"), 1e300])
def test_weights_of_any_source_are_looked_at(weight: float) -> None:
    assignor = OptimizedAssignor(objective=Objective(weights=Odd(weight)))
    with pytest.raises(InvalidObjectiveError, match=r"the weight of a-5 is"):
        assignor.solve(CLUSTER, BOTH)


@pytest.mark.parametrize(
    "constraints",
    [
        {"bans": [{"what": "a", "who": "zz"}]},
        {"capacity": [{"who": "zz", "max_partitions": 1}]},
        {"apart": [{"what": ["a"], "each": True, "label": "zoen"}]},
        {"pins": [{"what": "gone", "who": "m1"}]},
    ],
)
def test_what_is_not_there_is_noted_and_an_error_if_that_is_asked_for(
    constraints: dict[str, Any],
) -> None:
    assignor = OptimizedAssignor(constraints=constraints)
    notes = assignor.solve(CLUSTER, BOTH).notes
    assert any("zz" in note or "zoen" in note or "gone" in note for note in notes)
    with pytest.raises(InvalidObjectiveError, match=r"zz|zoen|gone"):
        assignor.solve(CLUSTER, BOTH, strict=True)


def test_a_fallback_after_an_open_question_tells_no_numbers() -> None:
    solution = Solution(assignment=GroupAssignment({}), fell_back=True, notes=("it is open",))
    assert solution.describe() == "no feasible plan,  answered instead:\n  it is open"
