"""Heartbeat, LeaveGroup and expiry, with both brokers (H01-H06)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conversations.talk import MARGIN_MS, NEVER, Left, Talk, begin_group, form_group


@pytest.mark.parametrize("version", range(5))
def test_h01_nobody_and_nowhere(talk: Talk, version: int) -> None:
    a = talk.speaker("A")
    a.member_id = "x"
    assert a.beat(version=version, group_id="") == "INVALID_GROUP_ID"
    assert a.beat(version=version) == "UNKNOWN_MEMBER_ID"
    form_group(b := talk.speaker("B"))
    assert a.beat(version=version, generation=b.generation) == "UNKNOWN_MEMBER_ID"
    b.leave()
    assert b.beat(version=version) == "UNKNOWN_MEMBER_ID", "Empty"


@pytest.mark.parametrize("version", range(5))
@pytest.mark.parametrize(
    ("state", "good"),
    [("Completing", "NONE"), ("Stable", "NONE"), ("Preparing", "REBALANCE_IN_PROGRESS")],
)
def test_h01_in_each_state(talk: Talk, version: int, state: str, good: str) -> None:
    a, s = talk.speaker("A"), talk.speaker("S", instance="s")
    (begin_group if state == "Completing" else form_group)(a, s)
    if state == "Preparing":
        a.park_join()
    assert a.beat(version=version) == good
    assert s.beat(version=version) == good
    assert s.beat(version=version, group_instance_id=None) == good
    assert a.beat(version=version, generation=NEVER) == "ILLEGAL_GENERATION"
    assert a.beat(version=version, generation=-1) == "ILLEGAL_GENERATION"
    if version >= 3:
        wrong: list[tuple[dict[str, Any], str]] = [
            ({"group_instance_id": "s"}, "FENCED_INSTANCE_ID"),
            ({"group_instance_id": "t"}, "UNKNOWN_MEMBER_ID"),
        ]
        for changes, error in wrong:
            assert a.beat(version=version, generation=NEVER, **changes) == error


def test_h02_a_pending_id(talk: Talk) -> None:
    a, p = talk.speaker("A"), talk.speaker("P")
    p.get_id()
    assert p.beat(generation=0) == "UNKNOWN_MEMBER_ID"
    form_group(a)
    assert p.beat(generation=a.generation) == "UNKNOWN_MEMBER_ID"


@pytest.mark.parametrize("version", range(6))
def test_h04_one_member(talk: Talk, version: int) -> None:
    a, x = talk.speaker("A"), talk.speaker("X")
    x.member_id = "x"
    talk.names["x"] = "X"
    each = (("X", None, "UNKNOWN_MEMBER_ID"),) if version >= 3 else ()
    unknown = Left("NONE" if version >= 3 else "UNKNOWN_MEMBER_ID", each)
    assert x.leave(version=version) == unknown
    assert x.leave(version=version, group_id="") == Left("INVALID_GROUP_ID")
    form_group(a)
    assert x.leave(version=version) == unknown
    good = (("A", None, "NONE"),) if version >= 3 else ()
    assert a.leave(version=version) == Left("NONE", good)
    assert a.beat() == "UNKNOWN_MEMBER_ID"


@pytest.mark.parametrize("version", [3, 4, 5])
def test_h04_a_batch(talk: Talk, version: int) -> None:
    a, b, p = talk.speaker("A"), talk.speaker("B"), talk.speaker("P")
    s, t = talk.speaker("S", instance="s"), talk.speaker("T", instance="t")
    form_group(a, b, s, t)
    p.get_id()

    def entry(member_id: str, instance: str | None = None) -> Any:
        stranger = talk.speaker("X", instance=instance)
        stranger.member_id = member_id
        return stranger

    answer = p.leave(
        entry(""),
        entry("", "unmapped"),
        entry(b.member_id, "s"),
        entry(b.member_id, "unmapped"),
        entry("", "s"),
        t,
        t,
        version=version,
    )
    assert answer == Left(
        "NONE",
        (
            ("P", None, "NONE"),
            ("", None, "UNKNOWN_MEMBER_ID"),
            ("", "unmapped", "UNKNOWN_MEMBER_ID"),
            ("B", "s", "FENCED_INSTANCE_ID"),
            ("B", "unmapped", "UNKNOWN_MEMBER_ID"),
            ("", "s", "NONE"),
            ("T", "t", "NONE"),
            ("T", "t", "UNKNOWN_MEMBER_ID"),
        ),
    )
    assert a.beat() == "REBALANCE_IN_PROGRESS"
    a.park_join()
    b.start_join()
    first, _ = talk.joined(a, b)
    assert first.members == {"A", "B"}


def test_h04_nothing_removed_no_rebalance(talk: Talk) -> None:
    a, x = talk.speaker("A"), talk.speaker("X")
    form_group(a)
    x.member_id = "x"
    x.leave()
    assert a.beat() == "NONE"


def test_h04_a_pending_id_that_leaves_a_stable_group_rebalances_it(talk: Talk) -> None:
    a, p = talk.speaker("A"), talk.speaker("P")
    form_group(a)
    p.get_id()
    assert a.beat() == "NONE"
    p.leave()
    assert a.beat() == "REBALANCE_IN_PROGRESS"


def test_h05_a_pending_id_that_leaves_lets_the_rebalance_end(talk: Talk) -> None:
    a, p = talk.speaker("A"), talk.speaker("P")
    form_group(a)
    p.get_id()
    a.park_join()
    p.leave()
    assert a.joined().members == {"A"}


@pytest.mark.parametrize("state", ["Completing", "Stable", "Preparing"])
def test_h06_expiry(talk: Talk, state: str) -> None:
    # Only in Stable must B have said something, its SyncGroup, before its session ends.
    a, b = talk.speaker("A"), talk.speaker("B", session=MARGIN_MS if state == "Stable" else 300)
    (form_group if state == "Stable" else begin_group)(a, b)
    if state == "Preparing":
        a.protocols = (("range", b"new"),)
        assert a.join().members == {"A"}
    else:
        talk.until(a.beat, "REBALANCE_IN_PROGRESS")
    assert b.beat() == "UNKNOWN_MEMBER_ID"


def test_h06_static_members_expire_too(talk: Talk) -> None:
    a, s = talk.speaker("A"), talk.speaker("S", instance="s")
    form_group(a, s)
    s.come_back(session=300)
    s.beat()  # its session, short from now on, begins anew
    talk.until(a.beat, "REBALANCE_IN_PROGRESS")
    assert s.beat() == "UNKNOWN_MEMBER_ID"


def test_h06_a_pending_id_expires_without_a_rebalance(talk: Talk) -> None:
    a, p = talk.speaker("A"), talk.speaker("P")
    form_group(a)
    p.get_id(session=200)
    talk.pass_time(500)
    assert a.beat() == "NONE"
    assert a.join().members == {"A"}, "P is not waited for"
    assert p.join().error == "UNKNOWN_MEMBER_ID"
