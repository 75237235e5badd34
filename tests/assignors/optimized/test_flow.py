"""Where partitions are alike the flow's answer is the best, with OR-tools or without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from assignors.optimized import convex, cpsat, flow
from assignors.optimized.evaluate import evaluate
from assignors.optimized.flow import flow_plan, is_flow
from assignors.own_flow import OwnFlows

from .models import middling, model_of

ALIKE = {"weights": {}, "movement": 0.3}
CONSTRAINTS: dict[str, dict[str, Any]] = {
    "none": {},
    "limits": {"capacity": [{"who": "m01", "max_partitions": 2}, {"who": "m02", "share": 3}]},
    "weight": {"capacity": [{"who": "m01", "max_weight": 3}]},
    "pins": {"pins": [{"what": "b", "who": {"rack": "x"}}], "bans": [{"what": "a", "who": "m04"}]},
}


@pytest.mark.parametrize("constraints", CONSTRAINTS.values(), ids=CONSTRAINTS)
@pytest.mark.parametrize("seed", range(4))
def test_flow_and_cp_sat_agree(
    seed: int, constraints: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = model_of(
        middling(seed, partitions=24, members=5, objective=ALIKE, constraints=constraints)
    )
    assert is_flow(model)
    plan, certain = flow_plan(model)
    answer = cpsat.solve(model, None, limit=30)

    assert plan is not None
    assert certain
    value = evaluate(model, plan)
    assert value.broken == 0
    assert answer.optimal
    assert answer.bound == value.cost

    monkeypatch.setattr(flow, "kernel", OwnFlows)
    own, certain = flow_plan(model)
    assert own is not None
    assert certain
    assert evaluate(model, own).cost == value.cost


@pytest.mark.parametrize("seed", range(3))
def test_still_moves_least_and_then_costs_least(seed: int) -> None:
    model = model_of(middling(seed, partitions=24, members=4, objective=ALIKE))
    plan, _ = flow_plan(model, still=True)

    assert plan is not None
    assert evaluate(model, plan).moves == 0


def test_no_room_is_no_plan() -> None:
    limits = [{"who": f"m0{n}", "max_partitions": 3} for n in range(4)]
    model = model_of(
        middling(1, partitions=24, members=4, objective=ALIKE, constraints={"capacity": limits})
    )

    assert flow_plan(model) == (None, True)


def test_a_polygon_is_refined_until_its_corners_are_one_apart() -> None:
    curve = np.array([3, 5], dtype=np.int64)
    polygons = convex.Polygons(curve, np.array([1000, 40], dtype=np.int64), 1000)
    loads = np.array([437, 40], dtype=np.int64)

    assert polygons.refine(loads)
    assert not polygons.refine(loads)
    member, room, cost = polygons.arcs()
    for number, load in enumerate(loads.tolist()):
        mine = member == number
        ends = np.cumsum(room[mine])
        here = int(np.flatnonzero(ends == load)[0])
        assert int((room[mine] * cost[mine])[: here + 1].sum()) == int(curve[number]) * load**2
        assert (np.diff(cost[mine]) > 0).all(), "convex"
