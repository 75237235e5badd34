"""group.max.size, with both brokers (J03); here a group has room for two."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conversations.talk import (
    NEVER,
    Joined,
    Speaker,
    Talk,
    begin_group,
    form_group,
    let_arrive,
)


def full(version: int = 9) -> Joined:
    """What is answered to whoever is too many."""
    return Joined("GROUP_MAX_SIZE_REACHED", protocol=None if version >= 7 else "")


@pytest.mark.parametrize("version", range(10))
@pytest.mark.parametrize("state", ["Completing", "Stable"])
def test_j03_a_newcomer_hears_it_before_it_gets_an_id(
    narrow: Talk, state: str, version: int
) -> None:
    a, b, c = (narrow.speaker(name) for name in "ABC")
    (begin_group if state == "Completing" else form_group)(a, b)
    assert c.join(version=version) == full(version)
    assert a.beat() == b.beat() == "NONE"


@pytest.mark.parametrize(
    "changes", [{"protocol_type": "connect"}, {"protocols": []}, {"member_id": "stranger"}]
)
def test_j03_before_every_other_check_of_the_group(narrow: Talk, changes: dict[str, Any]) -> None:
    a, b, c = (narrow.speaker(name) for name in "ABC")
    form_group(a, b)
    assert c.join(**changes) == full()


def test_j03_a_member_may_always_come_again(narrow: Talk) -> None:
    a, b = narrow.speaker("A"), narrow.speaker("B")
    form_group(a, b)
    assert b.join().error == "NONE", "unchanged, so that it is answered at once"
    begin_again(a, b)


def begin_again(leader: Speaker, other: Speaker) -> None:
    """The leader rejoins, the other follows."""
    leader.park_join()
    other.start_join()
    assert {answer.error for answer in leader.talk.joined(leader, other)} == {"NONE"}


def test_j03_pending_ids_do_not_count_and_are_forgotten(narrow: Talk) -> None:
    a = narrow.speaker("A")
    form_group(a)
    p, q, r = (narrow.speaker(name) for name in "PQR")
    for speaker in (p, q, r):
        speaker.get_id()
    p.park_join()
    a.start_join()
    let_arrive(p)
    assert q.join() == full(), "two are parked"
    assert r.join() == full()
    assert q.leave().members[0][2] == "UNKNOWN_MEMBER_ID"
    let_arrive(p)
    assert not a.connection.has_answer, "nobody looks whether all have joined now"
    a.reconnect()
    a.start_join()
    assert {answer.error for answer in narrow.joined(a, p)} == {"NONE"}


@pytest.mark.parametrize("instance", [None, "s"])
def test_j03_newcomers_turn_an_old_member_away(narrow: Talk, instance: str | None) -> None:
    a, s = narrow.speaker("A"), narrow.speaker("S", instance=instance)
    form_group(a, s)
    n, m = narrow.speaker("N", version=3), narrow.speaker("M", version=3)
    a.park_join()
    n.start_join()
    let_arrive(a)
    assert m.join() == full(3), "two are parked"
    old = s.member_id
    assert s.join() == full()
    assert s.beat(member_id=old, generation=NEVER) == "UNKNOWN_MEMBER_ID"
    let_arrive(a)
    assert not a.connection.has_answer, "nobody looks whether all have joined now"
    a.reconnect()
    a.start_join()
    assert {answer.error for answer in narrow.joined(a, n)} == {"NONE"}
    assert s.join() == full(), "it is a stranger by now"


def test_j03_a_parked_member_may_ask_again(narrow: Talk) -> None:
    a, b, n = narrow.speaker("A"), narrow.speaker("B"), narrow.speaker("N", version=3)
    form_group(a, b)
    a.park_join()
    n.start_join()
    let_arrive(a)
    a.reconnect()
    a.start_join()
    let_arrive(b)
    assert not a.connection.has_answer
    b.leave()
    assert {answer.error for answer in narrow.joined(a, n)} == {"NONE"}


def test_j03_a_static_member_cannot_come_back_to_a_full_group(narrow: Talk) -> None:
    a, s = narrow.speaker("A"), narrow.speaker("S", instance="s")
    form_group(a, s)
    old = s.member_id
    s.restart()
    assert s.join() == full()
    assert s.beat(member_id=old, generation=2) == "NONE", "its old id goes on"
    assert a.beat() == "NONE"


def test_j03_an_empty_group_hands_out_any_number_of_ids(narrow: Talk) -> None:
    speakers = [narrow.speaker(name) for name in "ABCD"]
    for speaker in speakers:
        speaker.get_id()
    assert speakers[0].join().error == "NONE"
