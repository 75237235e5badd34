"""What an optimized assignor reports is logged, and the user's object stays what it was."""

from __future__ import annotations

from typing import Any

import pytest

from assignors import ClusterMetadata, PartitionSet, StickyAssignor, Subscription
from assignors.optimized import CooperativeOptimizedAssignor, Objective, OptimizedAssignor
from rebalance.clients.guard import Guard, Worker
from rebalance.clients.reporting import reporting

CLUSTER = ClusterMetadata({"t": 4})


def subscription(assignor: Any) -> Subscription:
    return Subscription(topics=["t"], user_data=assignor.user_data(["t"], PartitionSet(), -1))


@pytest.mark.parametrize("kind", [OptimizedAssignor, CooperativeOptimizedAssignor])
def test_members_that_are_configured_otherwise(kind: Any, caplog: pytest.LogCaptureFixture) -> None:
    told: list[Any] = []
    mine = kind(report=told.append)
    other = kind(objective=Objective(weights={"t": 3}))
    members = {"a": subscription(mine), "b": subscription(other)}
    logging = reporting(mine)
    assert logging.name == mine.name
    plan = logging.assign(CLUSTER, members)
    assert plan == mine.assign(CLUSTER, members)
    (record,) = [each for each in caplog.records if "objective" in each.getMessage()]
    assert record.levelname == "WARNING"
    assert record.getMessage().endswith("whose count: b")
    assert len(told) == 2  # the user's own report, both times


def test_any_other_assignor_is_itself() -> None:
    sticky = StickyAssignor()
    assert reporting(sticky) is sticky


def test_the_guards_fallback_keeps_what_eager_members_of_optimized_hold() -> None:
    import threading

    class Slow(OptimizedAssignor):
        def assign(self, cluster: Any, members: Any) -> Any:
            let_go.wait()
            return super().assign(cluster, members)

    let_go = threading.Event()
    slow = Slow()
    held = {"a": PartitionSet({"t": [1, 3]}), "b": PartitionSet({"t": [0, 2]})}
    members = {
        name: Subscription(topics=["t"], user_data=slow.user_data(["t"], each, 5))
        for name, each in held.items()
    }
    run = Worker(lambda _: None).begin(Guard(), slow, CLUSTER, members, limit_ms=1)
    try:
        assert run.answer() == held
    finally:
        let_go.set()
