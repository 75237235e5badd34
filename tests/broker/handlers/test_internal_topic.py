"""`__consumer_offsets` as clients see it: made for the first group, gone with all groups.

Kafka answers who looks first COORDINATOR_NOT_AVAILABLE (A06); here the answer is good at once.
"""

from __future__ import annotations

import re
from typing import Any

from rebalance.broker import EmbeddedBroker
from tests.broker.handlers.test_groups import join_of, joined
from tests.broker.nodes.asking import of_group
from tests.broker.raw import RawConnection, connected, create_topic, run
from tests.support.brokers import SETTINGS, KafkaBroker

OFFSETS = "__consumer_offsets"


async def _described(client: RawConnection, **more: Any) -> Any:
    asked = {"topics": [{"name": OFFSETS, "topic_id": None}], **more}
    (topic,) = (await client.ask("metadata", 12, asked)).topics
    return topic


async def test_it_is_an_internal_topic_that_metadata_shows(kafka_broker: KafkaBroker) -> None:
    async with connected(kafka_broker) as client:
        while (await client.ask("find_coordinator", 3, {"key": "g"})).error_code.value:
            pass
        topic = await _described(client)
        assert (topic.error_code.value, topic.is_internal) == (0, True)
        all_topics = (await client.ask("metadata", 12, {"topics": None})).topics
        assert OFFSETS in {each.name for each in all_topics}


def test_it_is_made_with_the_first_question_about_a_group_and_not_before() -> None:
    async def main() -> None:
        async with EmbeddedBroker(SETTINGS) as broker, connected(broker) as client:
            absent = await _described(client, allow_auto_topic_creation=False)
            assert absent.error_code.value == 3
            assert (await client.ask("metadata", 12, {"topics": None})).topics == ()
            await client.ask("find_coordinator", 3, {"key": "t", "key_type": 1})
            assert (await _described(client, allow_auto_topic_creation=False)).error_code.value == 3
            await client.ask("find_coordinator", 3, {"key": "g"})
            assert len((await _described(client)).partitions) == 50
        async with EmbeddedBroker(SETTINGS) as broker, connected(broker) as client:
            await joined(client, "g", 3)  # somebody who does not ask where
            assert len((await _described(client)).partitions) == 50

    run(main())


async def test_whatever_the_first_question_about_a_group_is_its_answer_is_good() -> None:
    for asked in of_group("g", "orders"):
        async with EmbeddedBroker(SETTINGS) as broker, connected(broker) as client:
            await create_topic(client, "orders")
            told = re.findall(r"\d+", repr(await asked.by(client)))
            assert "16" not in told, f"{asked.api} v{asked.version} is told NOT_COORDINATOR"


def test_its_partitions_can_be_set() -> None:
    async def main() -> None:
        settings = {**SETTINGS, "offsets.topic.num.partitions": "3"}
        async with EmbeddedBroker(settings) as broker, connected(broker) as client:
            await _described(client)  # who looks first has it made
            assert len((await _described(client)).partitions) == 3, "automatic creation as well"

    run(main())


def test_who_deletes_it_deletes_all_groups_and_it_comes_back_empty() -> None:
    async def main() -> None:
        async with EmbeddedBroker(SETTINGS) as broker, connected(broker) as client:
            member = await joined(client, "g", 3)
            async with connected(broker) as parked:
                parked.send("join_group", 3, join_of("g"))
                while (group := broker.group("g")) is None or len(group.members) < 2:
                    await client.ask("metadata", 1, {"topics": None})
                before = (await _described(client)).topic_id
                topics = {"topic_names": [OFFSETS], "timeout": 1000}
                await client.ask("delete_topics", 5, topics)
                beat = {"group_id": "g", "generation_id": 1, "member_id": member.member_id}
                assert (await client.ask("heartbeat", 0, beat)).error_code.value == 25
                assert (await parked.receive("join_group", 3)).error_code.value == 16
            assert broker.group("g") is None
            await _described(client)
            assert (await _described(client)).topic_id not in (None, before)

    run(main())


def test_nobody_deletes_the_records_that_groups_stand_on() -> None:
    async def main() -> None:
        async with EmbeddedBroker(SETTINGS) as broker, connected(broker) as client:
            await joined(client, "g", 3)
            parts = [{"partition_index": index, "offset": -1} for index in range(50)]
            asked = {"topics": [{"name": OFFSETS, "partitions": parts}], "timeout": 1000}
            (topic,) = (await client.ask("delete_records", 2, asked)).topics
            assert {part.error_code.value for part in topic.partitions} == {17}
            assert {part.low_watermark for part in topic.partitions} == {-1}

    run(main())
