"""Transactional ids that nobody uses are forgotten, and there is a bound on their number."""

from __future__ import annotations

from itertools import count

import pytest

from rebalance.broker import EmbeddedBroker
from rebalance.broker.clock import VirtualClock
from rebalance.broker.storage import MemoryStorage
from rebalance.broker.transactions.kept_commits import KeptCommits
from rebalance.broker.transactions.transaction_ends import TransactionEnds
from rebalance.broker.transactions.transactions import (
    Identity,
    TransactionError,
    TransactionLimits,
    Transactions,
)
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.records import Producer
from tests.broker.raw import connected, run

WEEK_MS = 604_800_000
NOBODY = Identity()


class Clock(VirtualClock):
    """Milliseconds that a test sets; what is armed for a time on the way does not come."""

    def __init__(self) -> None:
        super().__init__()
        self.ms = 0

    def now_ms(self) -> int:
        return self.ms


def told(partition: int, producer: Producer, committed: bool) -> ErrorCode:
    """No group has an objection."""
    return ErrorCode.NONE


def transactions(clock: Clock, most_ids: int = 10) -> Transactions:
    numbers = count(1)
    limits = TransactionLimits(id_expiration_ms=WEEK_MS, most_ids=most_ids)
    ends = TransactionEnds(told, KeptCommits(MemoryStorage()), clock)
    return Transactions(lambda: next(numbers), lambda group_id: 0, ends, clock, limits)


def test_an_id_is_forgotten_a_week_after_its_last_change() -> None:
    clock = Clock()
    made = transactions(clock)
    first = made.begin("payments", 1000, NOBODY)
    clock.ms = WEEK_MS - 1
    again = made.begin("payments", 1000, NOBODY)
    assert (again.producer_id, again.epoch) == (first.producer_id, first.epoch + 1)
    clock.ms += WEEK_MS
    other = made.begin("orders", 1000, NOBODY)
    assert made.id_count == 1
    with pytest.raises(TransactionError, match="INVALID_PRODUCER_ID_MAPPING"):
        made.add_group("payments", again, "g")
    new = made.begin("payments", 1000, NOBODY)
    assert new.epoch == 0
    assert len({first.producer_id, other.producer_id, new.producer_id}) == 3


def test_an_id_with_an_open_transaction_is_kept_and_its_week_begins_at_the_end() -> None:
    async def main() -> None:
        clock = Clock()
        made = transactions(clock)
        me = made.begin("payments", 900_000, NOBODY)
        made.add_group("payments", me, "g")
        clock.ms = 3 * WEEK_MS
        assert made.has_group("payments", me, "g")
        made.end("payments", me, committed=True, bumps=False)
        clock.ms += WEEK_MS - 1
        assert not made.has_group("payments", me, "g")
        clock.ms += 1
        with pytest.raises(TransactionError, match="INVALID_PRODUCER_ID_MAPPING"):
            made.has_group("payments", me, "g")
        assert made.id_count == 0
        made.close()

    run(main())


def test_the_ids_of_a_month_are_never_more_than_a_weeks() -> None:
    clock = Clock()
    made = transactions(clock, most_ids=1_000_000)
    most = 0
    for number in range(100_000):
        clock.ms = number * (30 * 86_400_000 // 100_000)
        made.begin(f"id-{number}", 1000, NOBODY)
        most = max(most, made.id_count)
    assert most == pytest.approx(100_000 * 7 / 30, abs=2)


def test_an_id_beyond_the_bound_is_refused_and_those_that_are_there_go_on() -> None:
    async def main() -> None:
        settings = {"max.transactional.ids": "2"}
        async with EmbeddedBroker(settings) as broker, connected(broker) as client:
            codes = []
            for name in ("a", "b", "c", "a"):
                asked = {"transactional_id": name, "transaction_timeout": 1000}
                codes.append((await client.ask("init_producer_id", 4, asked)).error_code.value)
            assert codes == [0, 0, ErrorCode.POLICY_VIOLATION, 0]
            assert broker.usage().transactional_ids == 2

    run(main())
