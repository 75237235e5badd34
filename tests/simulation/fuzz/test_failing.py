"""M08: whoever fails for good does so for a reason that the story gives, or it is a violation."""

from collections.abc import Iterable
from types import ModuleType

import pytest

from assignors.range import RangeAssignor
from rebalance.coordinator import append_errors, heartbeat, join, offsets, sync
from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.protocol.errors import ErrorCode
from rebalance.simulation.fuzz import play

STAGE = """
set group.min.session.timeout.ms=1000 group.max.size=2
topic orders partitions=4
members A B C topics=orders assignors=range
members S topics=orders assignors=range instance=s
members T topics=orders assignors=range instance=s
members R topics=orders assignors=roundrobin
members X topics=orders assignors=range session.timeout.ms=500 heartbeat.interval.ms=100
start A
run until stable
"""


@pytest.mark.parametrize(
    "story",
    [
        "start B\nrun until stable\nstart C\nrun for 9s\n",
        "start S\nrun until stable\nstart T\nrun for 9s\n",
        "start R\nrun for 9s\n",
        "start X\nrun for 9s\n",
        "raise A assignor\nstart B\nrun for 9s\n",
    ],
    ids=["full", "fenced", "nothing in common", "session out of bounds", "assignor raises"],
)
def test_m08_failures_that_the_story_explains(story: str) -> None:
    assert play(STAGE + story).failures == ()


def _never(self: ClassicGroup, protocol_type: str, names: Iterable[str]) -> bool:
    return not self.members


@pytest.mark.parametrize(
    ("owner", "name", "wrong", "code"),
    [
        (ClassicGroup, "supports", _never, ErrorCode.INCONSISTENT_GROUP_PROTOCOL),
        (join, "has_room", lambda *_: False, ErrorCode.GROUP_MAX_SIZE_REACHED),
    ],
)
def test_m08_a_refusal_out_of_nothing_is_found(
    owner: object, name: str, wrong: object, code: ErrorCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, name, wrong)
    (failure,) = play(f"{STAGE}start B\nrun for 9s\n").failures[:1]
    assert (failure.kind, failure.checker) == ("M08", "FailsForAReason")
    assert code.name in failure.message


def _fences(group: ClassicGroup, member_id: str, instance: str | None) -> ErrorCode | None:
    return None if instance is None else ErrorCode.FENCED_INSTANCE_ID


@pytest.mark.parametrize("request_kind", [heartbeat, offsets, sync])
def test_m08_a_take_over_by_nobody_is_found(
    request_kind: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_kind, "member_error", _fences)
    failures = play(f"{STAGE}start S\nrun for 9s\n").failures
    assert ("M08", "FailsForAReason") in [(each.kind, each.checker) for each in failures]
    assert "FENCED_INSTANCE_ID" in "".join(each.message for each in failures)


REFUSED = """
set group.initial.rebalance.delay.ms=0
topic orders partitions=2
members A topics=orders assignors=range instance=s commit=500ms heartbeat.interval.ms=10000 \
session.timeout.ms=30000 metadata.max.age.ms=4000
members T topics=orders assignors=range instance=s commit=500ms heartbeat.interval.ms=10000 \
session.timeout.ms=30000 metadata.max.age.ms=4000
network delay=150ms
log append=200ms
start A
run until stable
run for 2120ms
log fail=all error=INVALID_FETCH_SIZE for 3s
start T
run for 9s
"""


def test_m08_a_commit_tells_of_a_take_over_that_the_log_refuses() -> None:
    played = play(REFUSED)
    assert played.failures == ()


GONE = """
set group.initial.rebalance.delay.ms=0
topic orders partitions=4
members A topics=orders assignors=range
members B C topics=orders assignors=sticky
start A
run until stable
close A
run for 1s
start B
run for 1s
start C
run for 9s
"""


def test_m08_who_left_before_is_no_reason_to_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert play(GONE).failures == ()
    monkeypatch.setattr(ClassicGroup, "supports", _never)
    first = play(GONE).failures[0]
    assert (first.kind, first.checker) == ("M08", "FailsForAReason")


def test_m08_who_was_there_is_a_reason() -> None:
    assert play(GONE.replace("close A\nrun for 1s\n", "")).failures == ()


def test_m08_a_plan_that_is_none_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RangeAssignor, "assign", lambda self, cluster, members: {"nobody": ()})
    first = play(f"{STAGE}start B\nrun for 9s\n").failures[0]
    assert (first.kind, first.checker) == ("M08", "FailsForAReason")


NOT_WRITTEN = "start B\nlog fail=9 error={error}\nrun for 9s\n"


@pytest.mark.parametrize(
    "error",
    ["MESSAGE_TOO_LARGE", "RECORD_LIST_TOO_LARGE", "INVALID_FETCH_SIZE", "UNKNOWN_SERVER_ERROR"],
)
def test_m08_what_the_log_refuses_for_good_is_a_reason(error: str) -> None:
    played = play(STAGE + NOT_WRITTEN.format(error=error))
    assert played.failures == ()
    assert played.reached["answer", "SyncGroup", "UNKNOWN_SERVER_ERROR"]


def test_m08_a_log_that_may_work_again_is_no_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = dict.fromkeys(append_errors._ANSWERS, ErrorCode.UNKNOWN_SERVER_ERROR)
    monkeypatch.setattr(append_errors, "_ANSWERS", unknown)
    first = play(STAGE + NOT_WRITTEN.format(error="NOT_ENOUGH_REPLICAS")).failures[0]
    assert (first.kind, first.checker) == ("M08", "FailsForAReason")


SUCCESSOR = """
set group.initial.rebalance.delay.ms=0
topic orders partitions=4
members P topics=orders assignors=range,sticky instance=s
members Q topics=orders assignors=sticky instance=s
members C topics=orders assignors=range
start P
run until stable
start Q
run until stable
start C
run for 9s
"""


def test_m08_who_took_a_static_member_s_place_is_a_reason() -> None:
    assert play(SUCCESSOR).failures == ()
