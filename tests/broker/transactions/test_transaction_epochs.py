"""Where the epochs of a producer end: a new id, claimed by the last one of the old (KIP-360)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from rebalance.broker.clock import VirtualClock
from rebalance.broker.storage import MemoryStorage
from rebalance.broker.transactions.kept_commits import KeptCommits
from rebalance.broker.transactions.transaction_ends import TransactionEnds
from rebalance.broker.transactions.transactions import (
    LAST_EPOCH,
    Identity,
    TransactionError,
    Transactions,
)
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.records import Producer

TIMEOUT_MS = 60_000
ID = 50
"""The first that is given out."""
NEW = Identity(producer_id=ID + 1, epoch=0)
LAST = Identity(producer_id=ID, epoch=LAST_EPOCH)


class _Bench:
    """Transactions whose groups note what they are told."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.told: list[tuple[Producer, bool]] = []
        ends = TransactionEnds(self._tell, KeptCommits(MemoryStorage()), self.clock)
        ids = count(ID)
        self.transactions = Transactions(lambda: next(ids), len, ends, self.clock)

    def _tell(self, partition: int, producer: Producer, committed: bool) -> ErrorCode:
        self.told.append((producer, committed))
        return ErrorCode.NONE

    def begin(self, claimed: Identity = Identity()) -> Identity:  # noqa: B008  # frozen
        """The next incarnation."""
        return self.transactions.begin("t", TIMEOUT_MS, claimed)


def _at_the_last_epoch() -> _Bench:
    bench = _Bench()
    while bench.begin() != LAST:
        pass
    return bench


async def test_o07_who_claims_the_last_epoch_is_told_the_same_new_id_each_time() -> None:
    bench = _at_the_last_epoch()
    assert [bench.begin(LAST), bench.begin(LAST)] == [NEW, NEW]
    assert bench.begin(NEW) == Identity(producer_id=ID + 1, epoch=1)
    with pytest.raises(TransactionError, match="PRODUCER_FENCED"):
        bench.begin(LAST)


def _end(bench: _Bench) -> None:
    ended = bench.transactions.end("t", LAST, committed=True, bumps=True)
    assert ended == NEW


def _fence(bench: _Bench) -> None:
    with pytest.raises(TransactionError, match="CONCURRENT_TRANSACTIONS"):
        bench.begin()


@pytest.mark.parametrize(("end", "committed"), [(_end, True), (_fence, False)])
async def test_o07_a_transaction_of_the_last_epoch_ends_with_one_more_in_its_marker(
    end: Callable[[_Bench], None], committed: bool
) -> None:
    bench = _at_the_last_epoch()
    bench.transactions.add_group("t", LAST, "g")
    end(bench)
    assert bench.told == [(Producer(producer_id=ID, epoch=LAST_EPOCH + 1), committed)]
    assert bench.begin(LAST) == NEW
