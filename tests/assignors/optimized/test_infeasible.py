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
    cpsat,
)
from assignors.optimized.cuts import shortages
from assignors.optimized.draw import graph, svg
from assignors.optimized.infeasible import _of_parts, _parts
from assignors.optimized.solve import UNIT

from .oracle import Case, cases, few

CLUSTER = ClusterMetadata({"a": 25, "b": 15, "c": 5})
MEMBERS = {
    "m1": Subscription(topics=["a", "b"]),
    "m2": Subscription(topics=["a", "b", "c"]),
    "m3": Subscription(topics=["c"]),
}
TWO = {"m1": Subscription(topics=list("xyz")), "m2": Subscription(topics=list("xyz"))}
IN_PAIRS = [["x", "y"], ["y", "z"], ["x", "z"]]
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
            "apart each: a[0,1,2,3,4]: 5 partitions need as many members, but there are only 2 "
            "that may take them (m1, m2)",
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
def test_without_or_tools_things_with_too_few_places_are_still_found() -> None:
    cluster = ClusterMetadata({"a": 100})
    members = {f"m{at:02}": Subscription(topics=["a"]) for at in range(90)}
    apart = {"apart": [{"what": ["a"], "each": True}]}
    assignor = OptimizedAssignor(constraints=Constraints.from_data(apart), work_limit=1)

    with pytest.raises(Infeasible, match=r"100 partitions need as many members, .* only 90 that"):
        assignor.assign(cluster, members)


@pytest.mark.usefixtures("without_or_tools")
def test_what_else_shuts_the_places_is_named_though_perhaps_not_all_of_it_is_needed() -> None:
    conflict = {
        "apart": [["a", "b"], ["b", "c"]],
        "bans": [{"what": "c", "who": "m3"}, {"what": "b", "who": "m1"}],
    }
    (cause,) = refused(conflict).causes

    assert cause.constraints == ("apart: b, c", "ban c from m3", "ban b from m1")
    assert not cause.minimal


@pytest.mark.usefixtures("without_or_tools")
def test_without_or_tools_a_conflict_stays_open() -> None:
    """Three topics that exclude each other in pairs, and two members."""
    assignor = OptimizedAssignor(constraints=Constraints.from_data({"apart": IN_PAIRS}))

    with pytest.raises(UndecidedError, match=r"pip install 'kafka-rebalance\[optimize\]'"):
        assignor.assign(ClusterMetadata(dict.fromkeys("xyz", 1)), TWO)


def test_things_apart_by_label_need_a_value_each() -> None:
    from assignors.optimized.member_data import MemberData, encode

    members = {
        f"m{at}": Subscription(
            topics=["a"], user_data=encode(MemberData(labels={"zone": "xy"[at % 2]}))
        )
        for at in range(5)
    }
    apart = {"apart": [{"what": ["a"], "each": True, "label": "zone"}]}
    assignor = OptimizedAssignor(constraints=Constraints.from_data(apart))

    with pytest.raises(Infeasible, match=r"3 partitions need as many values of zone, .* \(x, y\)"):
        assignor.assign(ClusterMetadata({"a": 3}), members)
    without = members | {"m9": Subscription(topics=["a"])}
    assert len(assignor.assign(ClusterMetadata({"a": 3}), without)) == 6, "no label, no limit"


class Asked:
    """CP-SAT's answers, and how much they were allowed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.limits: list[float] = []
        self._solve = cpsat.solve
        monkeypatch.setattr(cpsat, "solve", self._listening)

    def _listening(self, model: Any, to: Any, **more: Any) -> Any:
        if to is None:
            self.limits.append(more["limit"])
        return self._solve(model, to, **more)


def test_a_conflict_is_looked_for_with_what_is_left_of_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = Asked(monkeypatch)
    cluster = ClusterMetadata(dict.fromkeys("xyz", 1))
    for work, most in ((0, 0.0), (60, 60 * UNIT / 250_000_000), (600, 600 * UNIT / 250_000_000)):
        asked.limits.clear()
        assignor = OptimizedAssignor(
            constraints=Constraints.from_data({"apart": IN_PAIRS}), work_limit=work
        )
        with pytest.raises((Infeasible, UndecidedError)):
            assignor.assign(cluster, TWO)
        assert bool(asked.limits) == bool(work)
        assert all(limit < most for limit in asked.limits)


def test_a_fallback_does_not_wait_for_an_explanation(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch)
    assignor = OptimizedAssignor(
        constraints=Constraints.from_data({"apart": IN_PAIRS}), fallback="sticky"
    )
    solution = assignor.solve(ClusterMetadata(dict.fromkeys("xyz", 1)), TWO)

    assert solution.method == "fallback sticky"
    assert not asked.limits
    (cause,) = solution.causes
    assert "was not asked: a fallback answers" in str(cause)


def test_a_minimal_cut_among_many_topics_of_their_own() -> None:
    """A chain of topics, each next to two members: none can be left out, but for those beside."""
    chain, beside = 300, 50
    allowed = np.zeros((chain + beside, chain + beside - 1), dtype=bool)
    at = np.arange(chain - 1)
    allowed[at, at] = allowed[at + 1, at] = True
    more = np.arange(beside)
    allowed[chain + more, chain - 1 + more] = True
    room = np.ones(chain + beside - 1, dtype=np.int64)
    (found,) = shortages(np.ones(chain + beside, dtype=np.int64), allowed, room)

    assert found.tolist() == list(range(chain))


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
