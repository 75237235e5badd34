"""The instances of the optimisation benchmark are what they are said to be."""

from __future__ import annotations

import pytest

from benchmarks.optimized import INSTANCES, RACKS, made, promises


@pytest.mark.parametrize("name", ["300x20", "3000x100"])
def test_an_instance(name: str) -> None:
    instance = INSTANCES[name]
    group = made(instance)
    again = made(instance)
    assert (group.cluster, group.members) == (again.cluster, again.members)
    assert sum(group.cluster.partitions.values()) == instance.partitions
    assert len(group.members) == instance.members
    owned = [partition for each in group.members.values() for partition in each.owned]
    assert len(owned) == len(set(owned)) == instance.partitions
    assert {each.rack_id for each in group.members.values()} == set(RACKS)
    weights = group.objective.to_data()["weights"]
    flat = [weight for topic in weights for weight in weights[topic]]
    assert (len(flat), min(flat), max(flat)) == (instance.partitions, 1, 100)
    assert group.constraints.max_moves == instance.partitions // 10
    assert len(group.constraints.capacity) == instance.members


def test_promises_are_kept_or_missed() -> None:
    found = {
        "seconds": 9.0,
        "peak_kib": 1024,
        "objective": 10.0,
        "bound": 9.0,
        "gap": 0.1,
        "proven": False,
        "hint": 10.0,
    }
    kept = dict(promises(INSTANCES["300x20"], found))
    assert kept == {
        "within 10 s": True,
        "under 4 GiB": True,
        "no worse than the hint": True,
        "proven, or within 0.1%": False,
    }
    assert dict(promises(INSTANCES["10000x1000"], found))["better than the hint"] is False
