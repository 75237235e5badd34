"""The columns that say how good a plan is, on plans of which it is known."""

from __future__ import annotations

import numpy as np
import pytest

from assignors import ClusterMetadata, PartitionSet, Subscription
from benchmarks.assignors.handover import Handed, Owned
from benchmarks.assignors.verdicts import Judge

CLUSTER = ClusterMetadata({"a": 4, "b": 2})
MEMBERS = {
    "m": Subscription(topics=["a", "b"], owned=PartitionSet({"a": range(4)}), generation_id=1),
    "n": Subscription(topics=["a"]),
    "o": Subscription(topics=["b"], owned=PartitionSet({"b": range(2)}), generation_id=1),
}
GROUP = Handed(cluster=CLUSTER, members=MEMBERS)


def written(**plan: list[tuple[str, list[int]]]) -> dict[str, Owned]:
    return {
        member: [(topic, np.array(ids, dtype=np.int32)) for topic, ids in columns]
        for member, columns in plan.items()
    }


def test_the_best_plan() -> None:
    best = written(m=[("a", [0, 1])], n=[("a", [2, 3])], o=[("b", [0, 1])])
    said = Judge(GROUP).verdict(best)
    assert (said.fault, said.balanced) == ("", True)
    assert (said.imbalance, said.least_imbalance, said.largest_load) == (12, 12, 2)
    assert (said.moves, said.least_moves) == (2, 2)


def test_as_balanced_but_moving_more() -> None:
    members = {
        "m": Subscription(topics=["a"], owned=PartitionSet({"a": [0, 1]}), generation_id=1),
        "n": Subscription(topics=["a"], owned=PartitionSet({"a": [2, 3]}), generation_id=1),
    }
    judge = Judge(Handed(cluster=ClusterMetadata({"a": 4}), members=members))
    said = judge.verdict(written(m=[("a", [0, 2])], n=[("a", [1, 3])]))
    assert (said.fault, said.balanced) == ("", True)
    assert (said.moves, said.least_moves) == (2, 0)


def test_what_is_given_to_nobody() -> None:
    said = Judge(GROUP).verdict(written(m=[("b", [0]), ("a", [0, 1, 2])], n=[("a", [3])], o=[]))
    assert "b" in said.fault


def test_worse_balance_is_seen() -> None:
    kept = written(m=[("a", [0, 1, 2, 3])], n=[], o=[("b", [0, 1])])
    said = Judge(GROUP).verdict(kept)
    assert (said.fault, said.balanced, said.imbalance, said.moves) == ("", False, 20, 0)


@pytest.mark.parametrize(
    ("plan", "fault"),
    [
        (written(m=[("a", [0, 1, 1])], n=[("a", [2, 3])], o=[("b", [0, 1])]), "twice"),
        (written(m=[("a", [0, 1])], n=[("a", [1, 2, 3])], o=[("b", [0, 1])]), "a"),
        (written(m=[("a", [0, 1]), ("b", [0])], n=[("a", [2, 3]), ("b", [1])], o=[]), "n"),
        (written(m=[("a", [0, 1]), ("a", [2])], n=[("a", [3, 2])], o=[("b", [0, 1])]), "a"),
        (written(m=[("a", [0, 1])], n=[("a", [2, 9])], o=[("b", [0, 1])]), "9"),
    ],
)
def test_what_is_invalid(plan: dict[str, Owned], fault: str) -> None:
    assert fault in Judge(GROUP).verdict(plan).fault
