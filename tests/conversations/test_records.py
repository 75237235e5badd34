"""What both brokers write to `__consumer_offsets`, record by record (P01, P02, P05, P06).

Kafka's own records are read with our decoder, and ours must be the same.
"""

from __future__ import annotations

import pytest

from tests.conversations.offsets_log import Group, Member, Offset, OffsetsLog
from tests.conversations.talk import Speaker, Talk, begin_group, form_group, join_all, sync_all

NEW_GROUP = Group(version=3)
GONE = Group(None)


def _member(speaker: Speaker, name: str | None = None, **changes: object) -> Member:
    return Member(
        name=name or speaker.name,
        instance=speaker.instance,
        client_id=speaker.name,
        session=speaker.session,
        rebalance=speaker.rebalance,
        subscription=speaker.protocols[0][1],
        assignment=speaker.name.encode(),
    )._replace(**changes)  # type: ignore[arg-type]


def _generation(number: int, leader: Speaker, *others: Speaker) -> Group:
    return Group(
        version=3,
        type="consumer",
        generation=number,
        protocol="range",
        leader=leader.name,
        members=frozenset(_member(speaker) for speaker in (leader, *others)),
    )


def _empty(generation: int) -> Group:
    return Group(version=3, type="consumer", generation=generation)


def test_p06_a_dynamic_groups_life(talk: Talk) -> None:
    log = OffsetsLog(talk)
    a, b = talk.speaker("A", protocols=(("range", b"sub"), ("sticky", b"other"))), talk.speaker("B")
    a.get_id()
    assert log.read() == [NEW_GROUP]
    assert join_all(a)[0].error == "NONE"
    assert log.read() == []
    sync_all(a)
    assert log.read() == [_generation(1, a)]
    b.get_id()
    b.park_join()
    a.start_join()
    assert {answer.error for answer in talk.joined(a, b)} == {"NONE"}
    assert log.read() == [], "joins leave no trace"
    sync_all(a, b)
    assert log.read() == [_generation(2, a, b)], "nor does a follower's sync"
    assert a.beat() == "NONE"
    assert log.read() == []
    a.leave(b)
    assert log.read() == [_empty(3)]
    assert _delete(a) == "NONE"
    assert log.read() == [GONE]


def test_p06_a_first_join_below_version_4_writes_the_same(talk: Talk) -> None:
    log = OffsetsLog(talk)
    a = talk.speaker("A", version=3)
    assert a.join().error == "NONE"
    assert log.read() == [NEW_GROUP]


def test_p06_a_static_members_life(talk: Talk) -> None:
    log = OffsetsLog(talk)
    s, t = talk.speaker("S", instance="s"), talk.speaker("T", instance="t")
    form_group(s, t)
    written = log.read()
    assert (written[0], written[-1]) == (NEW_GROUP, _generation(2, s, t))
    t.restart()
    assert t.join().error == "NONE"
    replaced = _generation(2, s)._replace(
        members=frozenset({_member(s), _member(t, talk.name_of(t.member_id))})
    )
    assert log.read() == [replaced]
    s.leave(t)
    assert log.read() == [_empty(3)]


def test_p02_a_join_without_a_sync_leaves_no_trace(talk: Talk) -> None:
    log = OffsetsLog(talk)
    a, b = talk.speaker("A"), talk.speaker("B")
    begin_group(a, b)
    assert log.read() == [NEW_GROUP]


@pytest.mark.parametrize("version", range(2, 10))
def test_p05_offsets_have_version_4_and_the_topics_id(talk: Talk, version: int) -> None:
    log = OffsetsLog(talk)
    a = talk.speaker("A")
    for metadata in ("é", "", None):
        error = a.commit(
            7,
            version=version,
            metadata=metadata,  # type: ignore[arg-type]
            generation_id_or_member_epoch=-1,
            generation_id=-1,
            member_id="",
        )
        assert error == "NONE"
    expected = Offset(version=4, offset=7, metadata="é", has_topic_id=True)
    assert log.read() == [expected, expected._replace(metadata=""), expected._replace(metadata="")]


@pytest.mark.parametrize("version", [2, 3, 4])
@pytest.mark.parametrize("retention_ms", [0, 1, 60_000, -2])
def test_p05_an_offset_with_a_retention_time_has_version_1(
    talk: Talk, version: int, retention_ms: int
) -> None:
    log = OffsetsLog(talk)
    a = talk.speaker("A")
    outside = {"generation_id_or_member_epoch": -1, "generation_id": -1, "member_id": ""}
    assert a.commit(version=version, retention_time=retention_ms, **outside) == "NONE"
    assert log.read() == [Offset(version=1, offset=1, expires=retention_ms)]


def test_p06_a_simple_group_and_its_deletion(talk: Talk) -> None:
    log = OffsetsLog(talk)
    a = talk.speaker("A")
    assert a.commit_from_outside() == "NONE"
    assert a.commit_from_outside() == "NONE"
    offset = Offset(version=4, offset=1, has_topic_id=True)
    assert log.read() == [offset, offset], "a commit equal to the last is written again"
    assert _delete(a) == "NONE"
    assert log.read() == [Offset(None), GONE]


def test_p06_a_simple_groups_first_join_writes_nothing(talk: Talk) -> None:
    log = OffsetsLog(talk)
    a = talk.speaker("A")
    assert a.commit_from_outside() == "NONE"
    log.read()
    a.get_id()
    assert join_all(a)[0].generation == 1
    assert log.read() == []
    sync_all(a)
    assert log.read() == [_generation(1, a)]


def test_p06_offsets_go_before_their_group(talk: Talk) -> None:
    log = OffsetsLog(talk)
    a = talk.speaker("A")
    form_group(a)
    assert a.commit(5) == "NONE"
    a.leave()
    log.read()
    assert _delete(a) == "NONE"
    assert log.read() == [Offset(None), GONE]


def _delete(speaker: Speaker) -> str:
    asked = {"groups_names": [speaker.talk.group]}
    answer = speaker.talk.connect("admin").ask("delete_groups", 2, asked)
    name: str = answer.results[0].error_code.name.upper()
    return name
