"""What a broker forgets by itself, with both brokers (O05, O10).

An id that was handed out does not outlive a check here, so members join with version 3, which
needs none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conversations.talk import Speaker, Talk

NOTHING = (-1, -1, "", "NONE")


def until_gone(talk: Talk) -> None:
    """Nobody has heard of the group."""
    asker = talk.speaker("asker")
    asked = {"generation_id_or_member_epoch": 5, "member_id": "x"}
    talk.until(lambda: asker.commit(**asked), "GROUP_ID_NOT_FOUND")


def is_there(talk: Talk) -> bool:
    """Somebody has."""
    asked = {"generation_id_or_member_epoch": 5, "member_id": "x"}
    return talk.speaker("asker").commit(**asked) != "GROUP_ID_NOT_FOUND"


def subscribed(talk: Talk, *topics: str, **settings: Any) -> Speaker:
    """The one member of a Stable group."""
    names = b"".join(len(topic).to_bytes(2, "big") + topic.encode() for topic in topics)
    data = b"\0\0" + len(topics).to_bytes(4, "big") + names + b"\xff\xff\xff\xff"
    a = talk.speaker("A", protocols=(("range", data),), version=3, **settings)
    assert a.join().error == "NONE"
    assert a.sync({a: b"all"}).error == "NONE"
    return a


@pytest.fixture
def other(forgetful: Talk, unique: Callable[[str], str]) -> str:
    """Another topic, that can be committed to."""
    topic, admin, x = unique("topic"), forgetful.connect("admin"), forgetful.speaker("X")
    wanted = {"name": topic, "num_partitions": 1, "replication_factor": 1}
    admin.ask("create_topics", 5, {"topics": [wanted], "timeout": 30_000})
    committing = {"topics": committed(topic), "group_id": f"{forgetful.group}-first"}
    forgetful.until(lambda: x.commit(**committing), "NONE")
    return topic


def committed(topic: str) -> list[dict[str, Any]]:
    """An offset of another topic, in an OffsetCommit."""
    partition = {"partition_index": 0, "committed_offset": 3, "committed_leader_epoch": -1}
    return [{"name": topic, "partitions": [partition | {"committed_metadata": ""}]}]


@pytest.mark.parametrize("version", [2, 3, 4])
@pytest.mark.parametrize("retention_time", [-2, 0, 1])
def test_o10_an_offset_for_a_while_and_its_simple_group(
    forgetful: Talk, retention_time: int, version: int
) -> None:
    x = forgetful.speaker("X")
    assert x.commit(version=version, retention_time=retention_time) == "NONE"
    until_gone(forgetful)
    assert x.fetch() == NOTHING


def test_o10_a_later_commit_without_takes_it_back(forgetful: Talk) -> None:
    x = forgetful.speaker("X")
    assert x.commit(version=4, retention_time=60_000) == "NONE"
    assert x.commit(version=4, retention_time=-1) == "NONE"
    forgetful.pass_time(1_000)
    assert x.fetch() == (1, -1, "", "NONE")


def test_o10_an_emptied_group(forgetful: Talk) -> None:
    a = subscribed(forgetful, forgetful.topic)
    assert a.commit(version=2, retention_time=1) == "NONE"
    forgetful.pass_time(1_000)
    assert a.fetch() == (1, -1, "", "NONE"), "subscribed"
    a.leave()
    until_gone(forgetful)
    assert a.fetch() == NOTHING


def test_o05_a_live_group_of_consumers_keeps_what_it_subscribes_to(
    forgetful: Talk, other: str
) -> None:
    a = subscribed(forgetful, forgetful.topic)
    assert a.commit(version=2, retention_time=1) == "NONE"
    assert a.commit(version=2, retention_time=1, topics=committed(other)) == "NONE"
    forgetful.until(lambda: a.fetch(other), NOTHING)
    assert a.fetch() == (1, -1, "", "NONE")
    assert a.beat() == "NONE"


def test_o05_a_live_group_of_another_type_keeps_everything(forgetful: Talk) -> None:
    a = subscribed(forgetful, type="connect")
    assert a.commit(version=2, retention_time=1) == "NONE"
    forgetful.pass_time(1_000)
    assert a.fetch() == (1, -1, "", "NONE")


def test_o05_metadata_that_cannot_be_read_keeps_everything(forgetful: Talk) -> None:
    a = forgetful.speaker("A", protocols=(("range", b"?"),), version=3)
    assert a.join().error == "NONE"
    assert a.sync({a: b"all"}).error == "NONE"
    assert a.commit(version=2, retention_time=1) == "NONE"
    forgetful.pass_time(1_000)
    assert a.fetch() == (1, -1, "", "NONE")


def test_o10_an_empty_group_without_offsets(forgetful: Talk) -> None:
    a = subscribed(forgetful)
    forgetful.pass_time(1_000)
    assert a.beat() == "NONE"
    a.leave()
    until_gone(forgetful)


def test_o10_even_with_a_pending_id(forgetful: Talk) -> None:
    p = forgetful.speaker("P")
    p.get_id()
    until_gone(forgetful)
    assert p.join().error == "UNKNOWN_MEMBER_ID"
    assert not is_there(forgetful)
