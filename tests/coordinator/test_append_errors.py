"""What is written and when (P02, P06), and what a client hears of a log that refuses."""

import pytest

from rebalance.coordinator.append_errors import client_error
from rebalance.protocol.effects import Append
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.records import GroupMetadata, GroupMetadataValue, Record
from tests.coordinator.support import COMPLETING, EMPTY, STABLE, Bench, at_state


def written(bench: Bench) -> list[Record]:
    """The records of the last call."""
    return [record for append in bench.told(Append) for record in append.records]


def value(bench: Bench) -> GroupMetadataValue:
    """The one group record of the last call."""
    (record,) = written(bench)
    assert isinstance(record, GroupMetadata)
    assert record.value is not None
    return record.value


def test_p06_the_records_of_a_life() -> None:
    bench = Bench()
    bench.join("A")
    made = value(bench)
    assert (made.protocol_type, made.generation_id, made.members) == ("", 0, ())
    bench.join("A")
    assert written(bench) == []
    bench.advance()
    assert written(bench) == [], "a join phase leaves no trace"
    bench.sync("A", {"A": b"a"})
    assigned = value(bench)
    assert (assigned.generation_id, assigned.protocol_name, assigned.leader) == (1, "range", "A-1")
    assert [member.assignment for member in assigned.members] == [b"a"]
    bench.beat("A")
    bench.sync("A")
    assert written(bench) == []
    bench.leave("A")
    emptied = value(bench)
    assert (emptied.protocol_type, emptied.generation_id) == ("consumer", 2)
    assert (emptied.protocol_name, emptied.leader, emptied.members) == (None, None, ())


def test_p02_the_timestamp_is_that_of_the_state() -> None:
    bench = Bench()
    bench.completing("A")
    bench.advance(1_000)
    bench.sync("A", {})
    assert value(bench).current_state_timestamp_ms == 0
    bench.advance(1_000)
    bench.leave("A")
    assert value(bench).current_state_timestamp_ms == 2_000


def test_p02_a_simple_group_writes_no_group_record() -> None:
    bench = Bench()
    bench.commit()
    assert not [record for record in written(bench) if isinstance(record, GroupMetadata)]
    bench.join("A")
    assert written(bench) == []


def test_p02_an_empty_generation_that_cannot_be_written_stays_empty() -> None:
    bench = at_state(STABLE, "A")
    bench.hold_appends = True
    bench.leave("A")
    assert bench.appended(ErrorCode.NOT_ENOUGH_REPLICAS) == ()
    assert (bench.state, bench.generation) == (EMPTY, 2)


def test_p02_a_follower_writes_nothing() -> None:
    bench = at_state(COMPLETING, "A", "B")
    bench.sync("B")
    assert written(bench) == []


@pytest.mark.parametrize("error", list(ErrorCode))
def test_every_error_of_the_log_has_an_answer(error: ErrorCode) -> None:
    storage = {
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode.NOT_ENOUGH_REPLICAS,
        ErrorCode.REQUEST_TIMED_OUT,
        ErrorCode.NOT_LEADER_OR_FOLLOWER,
        ErrorCode.KAFKA_STORAGE_ERROR,
        ErrorCode.MESSAGE_TOO_LARGE,
        ErrorCode.RECORD_LIST_TOO_LARGE,
        ErrorCode.INVALID_FETCH_SIZE,
    }
    assert (client_error(error) is error) == (error not in storage)
