"""The guard alone: who answers, in which thread, what is said. Nothing here waits for a time."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from assignors import (
    ClusterMetadata,
    CooperativeStickyAssignor,
    InvalidPlanError,
    PartitionSet,
    RangeAssignor,
    RebalanceProtocol,
    StickyAssignor,
    Subscription,
)
from assignors.errors import AssignorFailedError
from rebalance.clients.guard import Guard, Replacement, Run, Worker
from tests.clients.slow import Held

CLUSTER = ClusterMetadata({"t": 4})
HELD = PartitionSet({"t": [1, 3]})
MEMBERS = {
    "a": Subscription(topics=["t"]),
    "b": Subscription(topics=["t"], owned=HELD, generation_id=3),
}
COOPERATING = (RebalanceProtocol.COOPERATIVE, RebalanceProtocol.EAGER)


@pytest.fixture
def held() -> Iterator[Held]:
    assignor = Held()
    yield assignor
    assignor.let_go.set()


class Told(list[Replacement]):
    """A worker's words."""

    def worker(self) -> Worker:
        return Worker(self.append)


def begun(worker: Worker, assignor: Any, guard: Guard | None = None) -> Run:
    return worker.begin(guard or Guard(), assignor, CLUSTER, MEMBERS, limit_ms=50.0)


def finished(run: Run) -> Run:
    over = threading.Event()
    run.when_over(over.set)
    assert over.wait(30)
    return run


def test_one_that_is_done_answers_itself() -> None:
    threads: list[threading.Thread] = []

    class Noting(RangeAssignor):
        def assign(self, cluster: Any, members: Any) -> Any:
            threads.append(threading.current_thread())
            return super().assign(cluster, members)

    told = Told()
    run = finished(begun(told.worker(), Noting()))
    assert run.over
    assert run.answer() == RangeAssignor().assign(CLUSTER, MEMBERS)
    assert told == []
    (thread,) = threads
    assert thread is not threading.current_thread()
    assert thread.daemon


def test_one_that_is_late_is_replaced_by_sticky_for_the_same_subscriptions(
    held: Held, caplog: pytest.LogCaptureFixture
) -> None:
    told = Told()
    run = begun(told.worker(), held)
    assert held.called.wait(30)
    plan = run.answer()
    assert plan == StickyAssignor().assign(CLUSTER, MEMBERS)
    assert plan["b"] == HELD
    assert told == [
        Replacement(assignor="held", replaced_by="sticky", reason="it gave no answer within 50 ms")
    ]
    (record,) = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert "'held': it gave no answer within 50 ms; 'sticky' answered" in record.getMessage()


def test_one_that_cooperates_is_replaced_by_cooperative_sticky() -> None:
    told, late = Told(), Held(protocols=COOPERATING)
    members = {
        "a": Subscription(topics=["t"]),
        "b": Subscription(topics=["t"], owned=PartitionSet({"t": range(4)}), generation_id=3),
    }
    run = told.worker().begin(Guard(), late, CLUSTER, members, limit_ms=50)
    plan = run.answer()
    late.let_go.set()
    assert plan == CooperativeStickyAssignor().assign(CLUSTER, members)
    assert not plan["a"]  # what b still owns is withheld
    assert told[0].replaced_by == "cooperative-sticky"


def test_a_fallback_of_ones_own(held: Held) -> None:
    told = Told()
    run = begun(told.worker(), held, Guard(fallback=RangeAssignor()))
    assert run.answer() == RangeAssignor().assign(CLUSTER, MEMBERS)
    assert told[0].replaced_by == "range"


def test_a_fallback_that_breaks_a_rule_is_an_error(held: Held) -> None:
    class Forgetting:
        name = "forgetting"

        def assign(self, cluster: Any, members: Any) -> Any:
            return {}

    run = begun(Told().worker(), held, Guard(fallback=Forgetting()))
    with pytest.raises(InvalidPlanError, match="forgetting"):
        run.answer()


def test_one_that_hangs_costs_one_thread_however_often_it_is_asked(held: Held) -> None:
    told = Told()
    worker = told.worker()
    first = begun(worker, held)
    assert held.called.wait(30)
    first.answer()
    again = [begun(worker, held) for _ in range(3)]
    assert all(each.over for each in again)  # nothing to wait for
    for each in again:
        assert each.answer() == StickyAssignor().assign(CLUSTER, MEMBERS)
    assert held.calls == 1
    assert [each.reason for each in told[1:]] == [
        "it is still at work on an earlier generation"
    ] * 3
    held.let_go.set()
    finished(first)
    finished(begun(worker, held)).answer()  # it came back: it is asked again
    assert held.calls == 2
    assert len(told) == 4


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), SystemExit(3)])
def test_one_that_raises(error: BaseException) -> None:
    class Raising:
        name = "raising"

        def assign(self, cluster: Any, members: Any) -> Any:
            raise error

    told = Told()
    run = finished(begun(told.worker(), Raising()))
    with pytest.raises(AssignorFailedError, match="'raising' raised") as caught:
        run.answer()
    assert caught.value.__cause__ is error
    assert told == []  # M08: nobody answers for it, unless

    run = finished(begun(told.worker(), Raising(), Guard(on_failure="fall back")))
    assert run.answer() == StickyAssignor().assign(CLUSTER, MEMBERS)
    assert told[0].reason.startswith("it failed: assignor 'raising' raised")


def test_an_invalid_plan_is_a_failure() -> None:
    class Forgetting:
        name = "forgetting"

        def assign(self, cluster: Any, members: Any) -> Any:
            return {}

    with pytest.raises(InvalidPlanError):
        finished(begun(Told().worker(), Forgetting())).answer()


def test_the_limit() -> None:
    assert Guard().limit_of(45_000, 300_000) == 15_000
    assert Guard().limit_of(45_000, 6_000) == 2_000
    assert Guard(limit_ms=70).limit_of(45_000, 6_000) == 70


@pytest.mark.parametrize("wrong", [{"limit_ms": 0}, {"limit_ms": float("nan")}])
def test_a_limit_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Guard(**wrong)
    with pytest.raises(ValueError, match="'leave' or 'fall back'"):
        Guard(on_failure="ignore")  # type: ignore[arg-type]


def test_an_endless_loop_does_not_hold_up_the_end_of_the_process() -> None:
    program = """
from assignors import ClusterMetadata, Subscription
from rebalance.clients.guard import Guard, Worker
from tests.clients.slow import Looping

run = Worker(print).begin(
    Guard(), Looping(), ClusterMetadata({"t": 1}), {"m": Subscription(topics=["t"])}, limit_ms=1
)
print(run.answer())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert "GroupAssignment" in done.stdout
