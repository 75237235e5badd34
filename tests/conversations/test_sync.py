"""SyncGroup, with both brokers (S01-S05, J17)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conversations.talk import (
    MARGIN_MS,
    NEVER,
    Synced,
    Talk,
    begin_group,
    form_group,
    let_arrive,
)

VERSIONS = range(6)


def given(assignment: bytes, version: int = 5) -> Synced:
    """A good answer; type and protocol are said from v5 on."""
    said = ("consumer", "range") if version >= 5 else (None, None)
    return Synced("NONE", assignment, *said)


@pytest.mark.parametrize("version", VERSIONS)
def test_s01_checks_of_the_request_alone(talk: Talk, version: int) -> None:
    a = talk.speaker("A")
    a.member_id = "x"
    inconsistent = Synced("INCONSISTENT_GROUP_PROTOCOL")
    unnamed: list[dict[str, Any]] = [{"protocol_type": None}, {"protocol_name": None}]
    for changes in unnamed:
        for group in ("", talk.group):
            answer = a.sync(version=version, group_id=group, **changes)
            old = Synced("INVALID_GROUP_ID" if group == "" else "UNKNOWN_MEMBER_ID")
            assert answer == (inconsistent if version == 5 else old)
    assert a.sync(version=version, group_id="") == Synced("INVALID_GROUP_ID")
    assert a.sync(version=version) == Synced("UNKNOWN_MEMBER_ID")


@pytest.mark.parametrize("state", ["Completing", "Stable", "Preparing"])
def test_s01_order_of_the_checks(talk: Talk, state: str) -> None:
    a, s, x = talk.speaker("A"), talk.speaker("S", instance="s"), talk.speaker("X")
    (begin_group if state == "Completing" else form_group)(a, s)
    if state == "Preparing":
        a.park_join()
    x.member_id, x.generation = a.member_id, a.generation
    stranger = {"member_id": "x", "generation_id": 99}
    table: list[tuple[dict[str, Any], str]] = [
        (stranger, "UNKNOWN_MEMBER_ID"),
        (stranger | {"group_instance_id": "t"}, "UNKNOWN_MEMBER_ID"),
        (stranger | {"group_instance_id": "s"}, "FENCED_INSTANCE_ID"),
        ({"generation_id": 99, "protocol_name": "sticky"}, "ILLEGAL_GENERATION"),
        ({"generation_id": -1}, "ILLEGAL_GENERATION"),
        ({"protocol_name": "sticky"}, "INCONSISTENT_GROUP_PROTOCOL"),
        ({"protocol_type": "connect"}, "INCONSISTENT_GROUP_PROTOCOL"),
    ]
    for changes, error in table:
        assert x.sync(**changes) == Synced(error), changes
    if state == "Preparing":
        assert x.sync() == Synced("REBALANCE_IN_PROGRESS")


def test_s01_empty(talk: Talk) -> None:
    a = talk.speaker("A")
    form_group(a)
    a.leave()
    assert a.sync() == Synced("UNKNOWN_MEMBER_ID")


@pytest.mark.parametrize("version", VERSIONS)
def test_s02_the_leaders_word(talk: Talk, version: int) -> None:
    a, b, c = (talk.speaker(name) for name in "ABC")
    begin_group(a, b, c)
    b.start_sync(version=version)
    let_arrive(a)
    assert not b.connection.has_answer
    stranger = talk.speaker("X")
    stranger.member_id = "x"
    answer = a.sync({a: b"to A", b: b"to B", stranger: b"to X"}, version=version)
    assert answer == given(b"to A", version)
    assert b.synced() == given(b"to B", version)
    assert c.sync(version=version) == given(b"", version)


def test_s03_stable_answers_at_once(talk: Talk) -> None:
    a, b = talk.speaker("A"), talk.speaker("B")
    form_group(a, b)
    assert b.sync({a: b"x", b: b"x"}) == given(b"B")
    assert a.sync({a: b"x", b: b"x"}) == given(b"A")
    assert b.beat() == "NONE"


@pytest.mark.parametrize("leader_syncs", [True, False])
def test_s04_who_does_not_sync_is_out(talk: Talk, leader_syncs: bool) -> None:
    a, b = talk.speaker("A", rebalance=MARGIN_MS), talk.speaker("B", rebalance=MARGIN_MS)
    begin_group(a, b)
    if leader_syncs:
        assert a.sync({}) == given(b"")
        talk.until(a.beat, "REBALANCE_IN_PROGRESS")
        assert b.beat() == "UNKNOWN_MEMBER_ID"
    else:
        b.start_sync()
        assert b.synced() == Synced("REBALANCE_IN_PROGRESS")
        assert a.beat() == "UNKNOWN_MEMBER_ID"


def test_s05_a_parked_member_outlives_its_session(talk: Talk) -> None:
    a, b = talk.speaker("A"), talk.speaker("B", session=MARGIN_MS)
    c = talk.speaker("C", session=MARGIN_MS + 300)
    begin_group(a, b, c)
    b.start_sync()
    talk.until(lambda: c.beat(generation=NEVER), "UNKNOWN_MEMBER_ID")
    assert b.synced() == Synced("REBALANCE_IN_PROGRESS"), "C's expiry, not B's own"


def test_j17_a_second_sync_replaces_the_parked_one(talk: Talk) -> None:
    a, b = talk.speaker("A"), talk.speaker("B")
    begin_group(a, b)
    b.start_sync()
    let_arrive(a)
    b.reconnect()
    b.start_sync()
    let_arrive(a)
    assert a.sync({b: b"to B"}) == given(b"")
    assert b.synced() == given(b"to B")
    let_arrive(a)
    assert b.former is not None
    assert not b.former.has_answer
