"""Days of churn in virtual time leave nothing behind: O05, O10, J05, J14, H06, P04 all together.

The week is a command of its own: python -m benchmarks.churn.
"""

from __future__ import annotations

import pytest

from benchmarks.churn import churn
from benchmarks.load.churners import commit_in_transaction
from benchmarks.load.churning import PARTITIONS, ChurnedBroker
from rebalance.protocol.java_hash import partition_of


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_o10_two_days_of_churn_leave_nothing_behind(seed: int) -> None:
    outcome = churn(days=2, groups=250, seed=seed)
    assert outcome.groups == 250
    assert outcome.requests > 20_000
    assert all(day["groups"] > 50 for day in outcome.days), "there was something to forget"
    assert outcome.left == dict.fromkeys(outcome.left, 0)
    assert outcome.compacted_bytes == 0
    assert outcome.problems == []


@pytest.mark.parametrize("number", range(4))
def test_o07_a_transaction_whose_group_moved_leaves_nothing_behind(number: int) -> None:
    """Its offsets wait in the log, so the next coordinator has them until their end comes."""
    broker = ChurnedBroker(seed=number)
    broker.appends_fail = False
    commit_in_transaction(broker, "g", producer_id=1)
    assert broker.held()["groups in transactions"] == 1
    broker.move(partition_of("g", PARTITIONS))
    assert broker.held()["producers in transactions"] == 1
    broker.run_until(broker.now_ms + 60_001)  # its end has come
    assert broker.held()["producers in transactions"] == 0
    assert broker.held()["groups in transactions"] == 0


def test_the_same_seed_is_the_same_churn() -> None:
    assert churn(days=1, groups=40, seed=7) == churn(days=1, groups=40, seed=7)
