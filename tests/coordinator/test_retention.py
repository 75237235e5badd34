"""How long offsets and empty groups are kept (O05, O10, P06)."""

from __future__ import annotations

from typing import Any

import pytest

from assignors.codec import encode_subscription
from assignors.model import Subscription, TopicPartition
from rebalance.protocol.effects import Append
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.notices import StateChanged
from rebalance.protocol.records import GroupMetadata, OffsetCommit
from rebalance.protocol.requests import OffsetFetchRequest, OffsetToCommit
from rebalance.protocol.responses import OffsetFetchResponse
from rebalance.protocol.timers import TimerKind
from tests.coordinator.support import (
    COMPLETING,
    DEAD,
    EMPTY,
    GROUP,
    MEMBER_ID_REQUIRED,
    NONE,
    P0,
    PREPARING,
    STABLE,
    UNKNOWN_MEMBER_ID,
    Bench,
    offers,
)

MINUTE = 60_000
CHECK = 1_000
LONG = 1_800_000
"""A session that no test here sees the end of."""

OTHER = TopicPartition("other", 0)


def bench(**config: Any) -> Bench:
    """Offsets are kept for a minute, and every second somebody looks."""
    return Bench(offsets_retention_minutes=1, offsets_retention_check_interval_ms=CHECK, **config)


def reads(*topics: str) -> dict[str, Any]:
    """Fields of a JoinGroup that subscribes to these, for a member that does not expire."""
    data = encode_subscription(Subscription(topics=topics))
    return {"protocols": offers(range=data), "session_timeout_ms": LONG}


def kept(bench: Bench, group_id: str = GROUP) -> list[TopicPartition]:
    """Partitions with an offset."""
    asked = OffsetFetchRequest(group_id=group_id, partitions=None)
    return [entry.partition for entry in bench.ask(asked, OffsetFetchResponse).offsets]


def commit_both(bench: Bench, name: str = "", **changes: Any) -> None:
    """Offsets of "t" and of "other"."""
    offsets = tuple(OffsetToCommit(partition=p, offset=1) for p in (P0, OTHER))
    assert bench.commit(name, offsets=offsets, **changes) is NONE


def is_there(bench: Bench) -> bool:
    """The coordinator knows the group."""
    return bench.coordinator.group(GROUP) is not None


def test_o05_a_simple_group_keeps_an_offset_from_its_commit_on() -> None:
    b = bench()
    b.commit()
    b.advance(MINUTE - 1)
    assert kept(b) == [P0]
    b.advance(1)
    assert kept(b) == []
    assert not is_there(b)


def test_o05_each_commit_begins_anew() -> None:
    b = bench()
    commit_both(b)
    b.advance(MINUTE // 2)
    b.commit()
    b.advance(MINUTE // 2)
    assert kept(b) == [P0]
    assert is_there(b)
    b.advance(MINUTE // 2)
    assert not is_there(b)


def test_o05_a_group_that_was_emptied_keeps_its_offsets_from_then_on() -> None:
    b = bench()
    b.stable("A", **reads("t", "other"))
    commit_both(b, "A")
    b.advance(2 * MINUTE)
    assert kept(b) == [OTHER, P0], "both are subscribed"
    b.leave("A")
    b.advance(MINUTE - 1)
    assert kept(b) == [OTHER, P0]
    b.advance(1)
    assert not is_there(b)


def test_o05_a_commit_to_an_emptied_group_changes_nothing() -> None:
    b = bench()
    b.stable("A", **reads("t"))
    b.leave("A")
    b.commit()
    b.advance(MINUTE - 1)
    b.commit()
    assert kept(b) == [P0]
    b.advance(1)
    assert kept(b) == []


def test_o05_a_stable_group_of_consumers_keeps_what_it_subscribes_to() -> None:
    b = bench()
    b.stable("A", **reads("t"))
    commit_both(b, "A")
    b.advance(MINUTE - 1)
    assert kept(b) == [OTHER, P0]
    b.advance(1)
    assert kept(b) == [P0]
    assert b.state is STABLE


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"protocols": offers(range=b"unreadable")}, STABLE),
        ({}, PREPARING),
        ({}, COMPLETING),
    ],
)
def test_o05_other_live_groups_keep_everything(fields: dict[str, Any], state: Any) -> None:
    b = bench()
    b.stable("A", "B", **reads("t") | {"rebalance_timeout_ms": LONG} | fields)
    commit_both(b, "A", retention_time_ms=1)
    if state is not STABLE:
        b.join("A", **reads("t") | {"rebalance_timeout_ms": LONG})
    if state is COMPLETING:
        b.join("B", **reads("t") | {"rebalance_timeout_ms": LONG})
    assert b.state is state
    b.advance(2 * MINUTE)
    assert b.state is state
    assert kept(b) == [OTHER, P0]


def test_o05_so_does_a_live_group_of_another_type() -> None:
    b = bench()
    b.enter("A", protocol_type="connect", session_timeout_ms=LONG)
    b.advance()
    b.sync("A", {}, protocol_type="connect")
    commit_both(b, "A", retention_time_ms=1)
    b.advance(2 * MINUTE)
    assert (b.state, kept(b)) == (STABLE, [OTHER, P0])


@pytest.mark.parametrize(
    ("retention_time_ms", "lasts_ms"),
    [(-2, CHECK), (0, CHECK), (1, CHECK), (CHECK + 1, 2 * CHECK), (-1, MINUTE), (MINUTE * 2,) * 2],
)
@pytest.mark.parametrize("version", [2, 3, 4])
def test_o10_a_request_may_say_how_long(
    version: int, retention_time_ms: int, lasts_ms: int
) -> None:
    b = bench()
    b.commit(version=version, retention_time_ms=retention_time_ms)
    b.advance(lasts_ms - 1)
    assert kept(b) == [P0]
    b.advance(1)
    assert kept(b) == []


def test_o10_also_in_an_emptied_group_and_in_a_live_one_for_what_nobody_reads() -> None:
    b = bench()
    b.stable("A", **reads("t"))
    commit_both(b, "A", version=2, retention_time_ms=1)
    b.advance(CHECK)
    assert kept(b) == [P0]
    b.leave("A")
    b.advance(CHECK)
    assert not is_there(b)


def test_o10_a_later_commit_without_takes_it_back() -> None:
    b = bench()
    b.commit(version=2, retention_time_ms=1)
    b.commit(version=9)
    b.advance(MINUTE - 1)
    assert kept(b) == [P0]


@pytest.mark.parametrize("pending", [0, 2])
def test_o10_an_empty_group_without_offsets_goes_even_with_a_pending_id(pending: int) -> None:
    b = bench()
    b.stable("A", **reads())
    b.leave("A")
    for number in range(pending):
        assert b.joined(f"P{number}", session_timeout_ms=LONG).error is MEMBER_ID_REQUIRED
    b.advance(CHECK)
    assert not is_there(b)
    assert b.timers == {}, "the sessions of the pending ids are over"
    if pending:
        assert b.joined("P0").error is UNKNOWN_MEMBER_ID


def test_o10_until_the_check_the_group_exists() -> None:
    b = bench()
    b.joined("P", session_timeout_ms=LONG)
    b.advance(CHECK - 1)
    assert is_there(b)
    b.advance(1)
    assert not is_there(b)


def test_o10_a_group_with_members_stays_without_offsets() -> None:
    b = bench()
    b.stable("A", **reads())
    b.advance(CHECK)
    assert b.state is STABLE


def test_o10_the_check_runs_while_there_is_a_group_and_no_longer() -> None:
    b = bench()
    assert b.coordinator.next_deadline() is None
    b.advance(10)
    b.commit(retention_time_ms=CHECK + 1)
    (timer,) = b.coordinator.timers
    assert (timer.kind, str(timer)) == (TimerKind.RETENTION, "retention check")
    assert b.coordinator.next_deadline() == CHECK + 10
    b.advance(CHECK)
    assert b.coordinator.next_deadline() == 2 * CHECK + 10
    b.advance(CHECK)
    assert not is_there(b)
    b.advance(CHECK)
    assert b.coordinator.next_deadline() is None, "once more, and nothing was found"
    b.commit()
    assert b.coordinator.next_deadline() == 4 * CHECK + 10


def test_o10_and_p06_tombstones_of_the_offsets_and_then_of_the_group() -> None:
    b = bench()
    commit_both(b, version=2, retention_time_ms=1)
    b.advance(CHECK)
    (append,) = b.told(Append)
    assert append.records == (
        OffsetCommit(group_id=GROUP, partition=OTHER, value=None),
        OffsetCommit(group_id=GROUP, partition=P0, value=None),
        GroupMetadata(group_id=GROUP, value=None),
    )
    assert [notice.state for notice in b.told(StateChanged)] == [DEAD]


def test_o05_and_p06_of_a_group_that_stays_only_those_of_the_offsets() -> None:
    b = bench()
    b.stable("A", **reads("t"))
    commit_both(b, "A", version=2, retention_time_ms=1)
    b.advance(CHECK)
    (append,) = b.told(Append)
    assert append.records == (OffsetCommit(group_id=GROUP, partition=OTHER, value=None),)


def test_o10_who_is_faster_than_the_tombstones_has_a_group_that_lives_on() -> None:
    b = bench()
    b.joined("P", session_timeout_ms=LONG)
    b.hold_appends = True
    b.advance(CHECK)
    assert b.joined("Q", session_timeout_ms=LONG).error is MEMBER_ID_REQUIRED
    b.appended()
    assert b.pending == (b.ids["P"], b.ids["Q"])


def test_o05_what_cannot_be_written_is_found_again() -> None:
    b = bench()
    b.commit(retention_time_ms=1)
    b.hold_appends = True
    b.advance(CHECK)
    b.appended(ErrorCode.NOT_ENOUGH_REPLICAS)
    assert kept(b) == [P0]
    b.hold_appends = False
    b.advance(CHECK)
    assert not is_there(b)


def test_o05_a_group_with_something_in_flight_waits_for_the_next_check() -> None:
    b = bench()
    b.commit(retention_time_ms=1)
    b.hold_appends = True
    token = b.send(b.commit_request())
    b.advance(CHECK)
    assert len(b.held) == 1, "the commit alone"
    b.appended()
    assert not b.is_parked(token)
    b.hold_appends = False
    b.advance(CHECK)
    assert kept(b) == [P0]
    assert b.state is EMPTY
