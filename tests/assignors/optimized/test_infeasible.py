"""Why there is no plan: every cause is true by itself, and none says more than it must."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assignors.model import ClusterMetadata, Subscription
from assignors.optimized import (
    Constraints,
    Infeasible,
    Objective,
    OptimizedAssignor,
    UndecidedError,
)
from assignors.optimized.cuts import shortages
from assignors.optimized.draw import graph, svg
from assignors.optimized.infeasible import _of_parts, _parts

from .oracle import Case, cases, few

CLUSTER = ClusterMetadata({"a": 25, "b": 15, "c": 5})
MEMBERS = {
    "m1": Subscription(topics=["a", "b"]),
    "m2": Subscription(topics=["a", "b", "c"]),
    "m3": Subscription(topics=["c"]),
}
SIXTEEN = [{"who": "m1", "max_partitions": 16}, {"who": "m2", "max_partitions": 16}]


def refused(constraints: Mapping[str, Any], **more: Any) -> Infeasible:
    assignor = OptimizedAssignor(constraints=Constraints.from_data(constraints), **more)
    with pytest.raises(Infeasible) as caught:
        assignor.solve(CLUSTER, MEMBERS)
    assert "\n" not in str(caught.value)
    return caught.value


def test_too_little_room_is_named_with_amounts() -> None:
    (cause,) = refused({"capacity": SIXTEEN}).causes

    assert str(cause) == (
        "topics a, b: 40 partitions, but their only subscribers m1, m2 have room for 32"
    )
    assert cause.members == ("m1", "m2")
    assert (cause.need, cause.room, dict(cause.rooms)) == (40, 32, {"m1": 16, "m2": 16})
    assert cause.partitions.topics == ("a", "b")
    assert cause.minimal


def test_too_little_room_by_weight() -> None:
    limits = [{"who": "m2", "max_weight": 4}, {"who": "m3", "max_weight": 10}]
    objective = {"weights": {"c": [2, 3, 4, 3, 4.5]}}
    (cause,) = refused({"capacity": limits}, objective=objective).causes

    assert str(cause) == (
        "topic c: 5 partitions of weight 16.5, but their only subscribers m2, m3 have room for 14"
    )
    assert (cause.need, cause.room, cause.unit) == (16.5, 14, "weight")


@pytest.mark.parametrize(
    ("constraints", "text"),
    [
        (
            {"bans": [{"what": "c", "who": "m2"}, {"what": "c", "who": "m3"}]},
            "none of its subscribers (m2, m3) may take topic c (ban c from m2; ban c from m3)",
        ),
        (
            {"pins": [{"what": {"topic": "a", "partitions": [3]}, "who": "m9", "must": True}]},
            "none of its subscribers (m1, m2) may take a[3] (pin a[3] to m9 (must))",
        ),
        (
            {"together": [["b", "c"]], "bans": [{"what": "b", "who": "m2"}]},
            "none of its subscribers (m2) may take topics b, c (ban b from m2; together: b, c)",
        ),
        (
            {"capacity": SIXTEEN[:1], "pins": [{"what": "a", "who": "m1"}]},
            "topic a: 25 partitions, but their only takers m1 have room for 16 (pin a to m1)",
        ),
        (
            {"apart": [{"what": [{"topic": "a", "partitions": "0-4"}], "each": True}]},
            "these cannot all hold: apart each: a[0,1,2,3,4]",
        ),
        (
            {
                "apart": [["a", "b"], ["b", "c"]],
                "pins": [{"what": {"topic": "b", "partitions": [0]}, "who": "m2"}],
                "bans": [{"what": "c", "who": "m3"}],
                "max_moves": 30,
            },
            "these cannot all hold: pin b[0] to m2; ban c from m3; apart: b, c",
        ),
    ],
    ids=["bans", "pin", "together", "pin and room", "apart", "conflict"],
)
def test_causes_say_what_and_why(constraints: dict[str, Any], text: str) -> None:
    assert [str(each) for each in refused(constraints).causes] == [text]


def test_what_members_say_of_themselves_is_a_cause_too() -> None:
    from assignors.optimized import Capacity
    from assignors.optimized.member_data import MemberData, encode

    small = encode(MemberData(capacity=Capacity(max_partitions=2)))
    members = {m: Subscription(topics=["c"], user_data=small) for m in ("m1", "m2")}
    with pytest.raises(Infeasible, match=r"topic c: 5 partitions, but .* m1, m2 have room for 4"):
        OptimizedAssignor().solve(CLUSTER, members)


@settings(few, max_examples=200)
@given(cases())
def test_every_cause_is_true_and_minimal(case: Case) -> None:
    assignor = OptimizedAssignor(objective=case.objective, constraints=case.constraints)
    try:
        assignor.solve(case.cluster, case.members)
    except Infeasible as error:
        for cause in error.causes:
            assert cause.minimal
            if cause.need is not None and cause.members:
                check_amounts(case, cause.partitions, cause.rooms, cause.need, cause.unit)
            elif cause.need is not None:
                assert not any(
                    all(case.may(p, member) for p in cause.partitions) for member in case.members
                )
            else:
                check_conflict(case, cause.constraints)


def check_amounts(
    case: Case, partitions: Any, rooms: Mapping[str, float], need: float, unit: str
) -> None:
    """Nobody else may take any of them, and they need more than those have."""
    for partition in partitions:
        bundle = {partition}
        for each in case.constraints.together:
            if each.cost is None:
                bundle.update(*(b for b in case.bundles(each) if partition in b))
        takers = {m for m in case.members if all(case.may(p, m) for p in bundle)}
        assert takers <= set(rooms)
    whole = sum(case.weights[p] for p in partitions) if unit == "weight" else len(partitions)
    assert float(whole) == pytest.approx(need)
    assert need > sum(rooms.values())


def check_conflict(case: Case, names: tuple[str, ...]) -> None:
    """Infeasible with these constraints alone, feasible without any one of them."""
    said = [(k, v) for k, v in _parts(named_limits(case)) if label(k, v) in names]
    alone = {label(k, v): (k, v) for k, v in said}
    assert set(alone) == set(names)
    parts = list(alone.values())
    assert with_parts(case, parts).best() is None
    for left_out in parts:
        assert with_parts(case, [p for p in parts if p is not left_out]).best() is not None


def label(key: str, value: object) -> str:
    return f"max_moves {value}" if key == "max_moves" else str(value)


def named_limits(case: Case) -> Constraints:
    from dataclasses import replace

    from assignors.optimized import Limit, Who

    limits = tuple(Limit(who=Who(member=m), capacity=case.capacity(m)) for m in case.members)
    return replace(case.constraints, capacity=limits)


def with_parts(case: Case, parts: list[tuple[str, object]]) -> Case:
    """The same group, with these hard constraints and no member's own limits."""
    from dataclasses import replace

    from assignors.optimized import Capacity
    from assignors.optimized.member_data import decode, encode

    members = {}
    for member, each in case.members.items():
        own = decode(each.user_data)
        data = encode(replace(own, capacity=Capacity())) if own is not None else b""
        members[member] = replace(each, user_data=data)
    return Case(
        case.cluster,
        members,
        Objective(weights=case.objective.weights, default_weight=case.objective.default_weight),
        _of_parts(parts),
    )


@given(st.integers(1, 4), st.integers(1, 4), st.data())
def test_cuts_are_shortages_and_minimal(rows: int, members: int, data: st.DataObject) -> None:
    supply = np.array([data.draw(st.integers(0, 6)) for _ in range(rows)], dtype=np.int64)
    room = np.array([data.draw(st.integers(0, 6)) for _ in range(members)], dtype=np.int64)
    allowed = np.array(
        [[data.draw(st.booleans()) for _ in range(members)] for _ in range(rows)], dtype=bool
    )

    def short(some: tuple[int, ...]) -> bool:
        who = allowed[list(some)].any(axis=0)
        return int(supply[list(some)].sum()) > int(room[who].sum())

    found = [tuple(each.tolist()) for each in shortages(supply, allowed, room)]
    assert bool(found) == any(short(some) for some in subsets(rows)), "Hall's theorem"
    for some in found:
        assert short(some)
        assert not any(short(tuple(r for r in some if r != row)) for row in some if len(some) > 1)
    assert len({row for some in found for row in some}) == sum(map(len, found)), "disjoint"


def subsets(rows: int) -> Iterator[tuple[int, ...]]:
    for bits in range(1, 2**rows):
        yield tuple(row for row in range(rows) if bits >> row & 1)


def test_a_fallback_answers_and_the_causes_are_reported() -> None:
    reported: list[Any] = []
    assignor = OptimizedAssignor(
        constraints=Constraints.from_data({"capacity": SIXTEEN}),
        fallback="sticky",
        report=reported.append,
    )
    plan = assignor.assign(CLUSTER, MEMBERS)
    (solution,) = reported

    assert {member: len(each) for member, each in plan.items()} == {"m1": 20, "m2": 20, "m3": 5}
    assert solution.assignment == plan
    assert [str(cause) for cause in solution.causes] == [
        "topics a, b: 40 partitions, but their only subscribers m1, m2 have room for 32"
    ]
    assert solution.method == "fallback sticky"
    assert "no feasible plan, fallback sticky answered" in solution.describe()


@pytest.fixture
def without_or_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [name for name in sys.modules if name.partition(".")[0] == "ortools"]
    for name in {"ortools", *names}:
        monkeypatch.setitem(sys.modules, name, None)  # type: ignore[arg-type]


@pytest.mark.usefixtures("without_or_tools")
def test_without_or_tools_a_shortage_is_still_found() -> None:
    assert "have room for 32" in str(refused({"capacity": SIXTEEN}))


@pytest.mark.usefixtures("without_or_tools")
def test_without_or_tools_a_conflict_stays_open() -> None:
    apart = {"apart": [{"what": [{"topic": "a", "partitions": "0-4"}], "each": True}]}
    assignor = OptimizedAssignor(constraints=Constraints.from_data(apart))

    with pytest.raises(UndecidedError, match=r"pip install 'kafka-rebalance\[optimize\]'"):
        assignor.assign(CLUSTER, MEMBERS)


def test_pictures_show_what_the_causes_say() -> None:
    error = refused({"capacity": SIXTEEN})
    drawn = graph(error)
    labels = {label for _, label in drawn.nodes(data="label")}

    assert labels == {"a: 25 partitions", "b: 15 partitions", "m1: room for 16", "m2: room for 16"}
    assert drawn.number_of_edges() == 4
    assert labels <= {each.text for each in ElementTree.fromstring(svg(error)).iter()}
    apart = {"apart": [{"what": [{"topic": "a", "partitions": "0-4"}], "each": True}]}
    assert "cannot all hold" in svg(refused(apart))
    nobody = refused({"bans": [{"what": "c", "who": "m2"}, {"what": "c", "who": "m3"}]})
    assert "nobody" in svg(nobody)
