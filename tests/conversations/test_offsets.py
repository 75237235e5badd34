"""Offsets, with both brokers (O01-O04, H03)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conversations.talk import MARGIN_MS, NEVER, Talk, begin_group, form_group

VERSIONS = range(2, 10)
NOTHING = (-1, -1, "", "NONE")


@pytest.mark.parametrize("version", VERSIONS)
def test_o01_unknown_group(talk: Talk, version: int) -> None:
    a = talk.speaker("A")
    a.member_id = "x"
    for generation in (0, 5):
        error = a.commit(
            version=version, generation_id_or_member_epoch=generation, generation_id=generation
        )
        assert error == ("GROUP_ID_NOT_FOUND" if version >= 9 else "ILLEGAL_GENERATION")
    assert a.fetch() == NOTHING
    assert a.commit_from_outside(version) == "NONE"
    assert a.fetch() == (1, -1, "", "NONE")


@pytest.mark.parametrize(
    ("state", "good"),
    [
        ("Empty", "UNKNOWN_MEMBER_ID"),
        ("Preparing", "NONE"),
        ("Completing", "REBALANCE_IN_PROGRESS"),
        ("Stable", "NONE"),
    ],
)
def test_o02_in_each_state(talk: Talk, state: str, good: str) -> None:
    a, s = talk.speaker("A"), talk.speaker("S", instance="s")
    (begin_group if state == "Completing" else form_group)(a, s)
    if state == "Preparing":
        a.park_join()
    if state == "Empty":
        a.leave(s)
    empty = state == "Empty"
    table: list[tuple[dict[str, Any], str]] = [
        ({}, good),
        ({"member_id": ""}, "UNKNOWN_MEMBER_ID"),
        ({"member_id": "x"}, "UNKNOWN_MEMBER_ID"),
        ({"group_instance_id": "t"}, "UNKNOWN_MEMBER_ID"),
        ({"group_instance_id": "s"}, "UNKNOWN_MEMBER_ID" if empty else "FENCED_INSTANCE_ID"),
        (
            {"generation_id_or_member_epoch": NEVER},
            "UNKNOWN_MEMBER_ID" if empty else "ILLEGAL_GENERATION",
        ),
        ({"generation_id_or_member_epoch": -1}, "NONE" if empty else "ILLEGAL_GENERATION"),
        (
            {"generation_id_or_member_epoch": -1, "member_id": "", "group_instance_id": "s"},
            "NONE" if empty else "FENCED_INSTANCE_ID",
        ),
    ]
    for changes, error in table:
        assert a.commit(**changes) == error, changes
    assert s.commit() == good
    assert a.commit_from_outside() == ("NONE" if empty else "UNKNOWN_MEMBER_ID")


def test_o02_a_pending_id_does_not_keep_others_out(talk: Talk) -> None:
    p = talk.speaker("P")
    p.get_id()
    assert p.commit_from_outside() == "NONE"
    assert p.commit(generation_id_or_member_epoch=0) == "UNKNOWN_MEMBER_ID"


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ("x" * 4096, "NONE"),
        ("x" * 4097, "OFFSET_METADATA_TOO_LARGE"),
        ("ä" * 4096, "NONE"),
        ("😀" * 2048, "NONE"),
        ("😀" * 2049, "OFFSET_METADATA_TOO_LARGE"),
    ],
)
def test_o03_metadata(talk: Talk, metadata: str, error: str) -> None:
    a = talk.speaker("A")
    form_group(a)
    assert a.commit(5, metadata=metadata) == error
    assert a.fetch() == ((5, -1, metadata, "NONE") if error == "NONE" else NOTHING)


def test_o03_unknown_topic_and_partition(talk: Talk) -> None:
    a = talk.speaker("A")
    form_group(a)
    partition = {"committed_offset": 1, "committed_leader_epoch": -1, "committed_metadata": ""}
    for topic, index in (("no-such-topic", 0), (talk.topic, 7)):
        topics = [{"name": topic, "partitions": [partition | {"partition_index": index}]}]
        assert a.commit(topics=topics) == "UNKNOWN_TOPIC_OR_PARTITION"


def test_o04_unknown_group_and_topic(talk: Talk) -> None:
    a = talk.speaker("A")
    assert a.fetch() == NOTHING
    assert a.fetch("no-such-topic") == NOTHING


def test_h03_a_commit_keeps_the_session(talk: Talk) -> None:
    a, c = talk.speaker("A", session=MARGIN_MS), talk.speaker("C")
    b = talk.speaker("B", session=MARGIN_MS + 300)
    form_group(c, a, b)
    answers = set()

    def commit_while_b_lives() -> str:
        answers.add(a.commit())
        return b.beat(generation=NEVER)

    talk.until(commit_while_b_lives, "UNKNOWN_MEMBER_ID")
    assert answers == {"NONE"}
    assert a.beat(generation=NEVER) == "ILLEGAL_GENERATION"


def test_h03_and_j08_a_commit_while_preparing_ends_the_five_minutes_of_a_new_member(
    talk: Talk,
) -> None:
    a, b = talk.speaker("A"), talk.speaker("B", session=200)
    form_group(a)
    b.get_id()
    b.park_join()
    talk.pass_time(500)
    assert b.beat(generation=NEVER) == "ILLEGAL_GENERATION", "it is new"
    assert b.commit(generation_id_or_member_epoch=a.generation) == "NONE"
    assert b.joined().error == "UNKNOWN_MEMBER_ID", "its session began with the commit"


def test_o08_a_deleted_topic_takes_its_offsets_along(
    talk: Talk, unique: Callable[[str], str]
) -> None:
    a = talk.speaker("A", protocols=(("range", b"\0\0\0\0\0\0\xff\xff\xff\xff"),))
    form_group(a)
    admin, topic = talk.connect("admin"), unique("topic")
    wanted = {"name": topic, "num_partitions": 1, "replication_factor": 1}
    admin.ask("create_topics", 5, {"topics": [wanted], "timeout": 30_000})
    partition = {"partition_index": 0, "committed_offset": 5, "committed_leader_epoch": -1}
    topics = [{"name": topic, "partitions": [partition | {"committed_metadata": ""}]}]
    talk.until(lambda: a.commit(topics=topics), "NONE")
    assert a.commit(7) == "NONE"
    assert a.fetch(topic) == (5, -1, "", "NONE")
    admin.ask("delete_topics", 5, {"topic_names": [topic], "timeout": 30_000})
    talk.until(lambda: a.fetch(topic), NOTHING)
    assert a.fetch() == (7, -1, "", "NONE")
