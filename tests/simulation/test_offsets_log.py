"""What a coordinator that takes over finds: what was durable, the last word on each key."""

from assignors.model import TopicPartition
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.records import OffsetCommit, OffsetCommitValue
from rebalance.simulation.disk import Disk
from rebalance.simulation.offsets_log import OffsetsLog


def at(partition: int, offset: int | None) -> OffsetCommit:
    value = None
    if offset is not None:
        value = OffsetCommitValue(
            offset=offset, leader_epoch=-1, metadata="", commit_timestamp_ms=0
        )
    return OffsetCommit(group_id="g", partition=TopicPartition("t", partition), value=value)


def test_p02_only_what_is_durable_is_read_and_the_last_of_each_key() -> None:
    log = OffsetsLog()
    for records in ((at(0, 1), at(1, 1)), (at(0, 2),), (at(1, None),)):
        assert log.acknowledge(log.write(7, records)) == records
    log.write(7, (at(0, 9),))
    assert list(log.read(7)) == [at(0, 2)]
    assert list(log.read(8)) == []


def test_p02_a_crash_takes_back_what_was_not_durable() -> None:
    log = OffsetsLog()
    write = log.write(7, (at(0, 1),))
    log.take_back_all(7)
    assert log.acknowledge(write) == ()
    assert list(log.read(7)) == []


def test_p02_a_new_leader_has_all_that_was_written() -> None:
    log = OffsetsLog()
    first, second = log.write(7, (at(0, 1),)), log.write(7, (at(0, 2),))
    log.take_back(first)
    assert log.acknowledge_all(7) == (at(0, 2),)
    assert log.acknowledge(second) == ()
    assert list(log.read(7)) == [at(0, 2)]


def test_a_disk_fails_as_often_as_it_was_told_or_until_it_is_mended() -> None:
    disk = Disk()
    disk.fail_next(1, ErrorCode.KAFKA_STORAGE_ERROR)
    disk.fail_next(1)
    assert [disk.outcome() for _ in range(3)] == [
        ErrorCode.KAFKA_STORAGE_ERROR,
        ErrorCode.NOT_ENOUGH_REPLICAS,
        ErrorCode.NONE,
    ]
    disk.failing = ErrorCode.REQUEST_TIMED_OUT
    assert {disk.outcome() for _ in range(5)} == {ErrorCode.REQUEST_TIMED_OUT}
    disk.fail_next(3)
    disk.mend()
    assert disk.outcome() is ErrorCode.NONE
