"""In which order the partitions of a group's offsets are answered, on both brokers.

Some of them the broker refuses by itself, the rest is the coordinator's; clients that pair answers
with what they asked by position find both where they are on Kafka.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from kio.schema.errors import ErrorCode

from tests.admin.twin import Side, Twin

NONE, ABSENT = ErrorCode.none, ErrorCode.unknown_topic_or_partition
NO_ID = ErrorCode.unknown_topic_id

Asked = list[tuple[str, list[int]]]
Told = list[tuple[str, list[tuple[int, ErrorCode]]]]

ORDERS: dict[str, tuple[Asked, Told]] = {
    "all exist": ([("t", [1, 0]), ("u", [0])], [("t", [(1, NONE), (0, NONE)]), ("u", [(0, NONE)])]),
    "a partition is missing": (
        [("t", [1, 7, 0]), ("u", [0])],
        [("t", [(7, ABSENT), (1, NONE), (0, NONE)]), ("u", [(0, NONE)])],
    ),
    "a topic is missing": (
        [("t", [1]), ("x", [0, 3]), ("u", [0, 9])],
        [
            ("x", [(0, ABSENT), (3, ABSENT)]),
            ("u", [(9, ABSENT), (0, NONE)]),
            ("t", [(1, NONE)]),
        ],
    ),
    "nothing of a topic": ([("t", []), ("u", [0])], [("u", [(0, NONE)])]),
    "nothing of one that is missing": ([("t", [1]), ("x", [])], [("x", []), ("t", [(1, NONE)])]),
    "nothing exists": ([("x", [0]), ("t", [7])], [("x", [(0, ABSENT)]), ("t", [(7, ABSENT)])]),
}


class Offsets:
    """Both brokers with the topics "t" and "u", and a group with offsets of both."""

    def __init__(self, twin: Twin, unique: Callable[[str], str]) -> None:
        self.sides = (twin.embedded, twin.kafka)
        self.group = unique("group")
        self.names = {"x": unique("absent")}
        for each, partitions in {"t": 2, "u": 1}.items():
            self.names[each] = twin.create(unique("topic"), partitions)

    def entry(self, side: Side, topic: str, partitions: list[int]) -> dict[str, Any]:
        """A topic as a request names it, by both of name and id."""
        parts = [
            {
                "partition_index": index,
                "committed_offset": 3,
                "committed_leader_epoch": -1,
                "committed_metadata": "",
            }
            for index in partitions
        ]
        name = self.names[topic]
        ids = {text: topic_id for topic_id, text in side.ids.items()}
        topic_id = ids.get(f"(id of {name})", uuid.UUID(int=7))
        return {"name": name, "topic_id": topic_id, "partitions": parts}

    def ask(self, side: Side, api: str, version: int, asked: Asked) -> Told:
        """The answer in its own order."""
        topics = [self.entry(side, *each) for each in asked]
        group = {"group_id": self.group, "generation_id_or_member_epoch": -1, "member_id": ""}
        answer = side.connection.ask(api, version, {**group, "topics": topics})
        short = {entry["name"]: topic for entry, (topic, _) in zip(topics, asked, strict=True)}
        short |= {entry["topic_id"]: short[entry["name"]] for entry in topics}
        return [
            (
                short[topic.topic_id if version == 10 else topic.name],
                [(part.partition_index, part.error_code) for part in topic.partitions],
            )
            for topic in answer.topics
        ]


@pytest.mark.parametrize("what", ORDERS)
def test_o03_what_is_missing_is_answered_first(
    twin: Twin, unique: Callable[[str], str], what: str
) -> None:
    offsets = Offsets(twin, unique)
    asked, told = ORDERS[what]
    by_id = [
        (topic, [(index, NO_ID if topic == "x" else code) for index, code in parts])
        for topic, parts in told
    ]
    for side in offsets.sides:
        for version in (2, 9):
            assert offsets.ask(side, "offset_commit", version, asked) == told
        assert offsets.ask(side, "offset_commit", 10, asked) == by_id


@pytest.mark.parametrize("what", ORDERS)
def test_a04_what_is_missing_is_answered_first(
    twin: Twin, unique: Callable[[str], str], what: str
) -> None:
    offsets = Offsets(twin, unique)
    asked, told = ORDERS[what]
    for side in offsets.sides:
        offsets.ask(side, "offset_commit", 9, [("t", [0, 1]), ("u", [0])])
        assert offsets.ask(side, "offset_delete", 0, asked) == told


def test_o04_topics_of_ids_that_nobody_has_are_answered_last(
    twin: Twin, unique: Callable[[str], str]
) -> None:
    offsets = Offsets(twin, unique)
    for side in offsets.sides:
        offsets.ask(side, "offset_commit", 9, [("t", [0, 1])])
        ids = [offsets.entry(side, topic, [])["topic_id"] for topic in ("x", "t", "u")]
        asked = [{"topic_id": topic_id, "partition_indexes": [1, 0]} for topic_id in ids]
        for group in (offsets.group, unique("unknown")):
            wanted = {"group_id": group, "member_id": None, "member_epoch": -1, "topics": asked}
            answer = side.connection.ask("offset_fetch", 10, {"groups": [wanted]})
            topics = answer.groups[0].topics
            assert [topic.topic_id for topic in topics] == [ids[1], ids[2], ids[0]]
            assert {part.error_code for part in topics[2].partitions} == {NO_ID}
            assert [part.partition_index for part in topics[0].partitions] == [1, 0]
