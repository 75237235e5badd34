"""A walk with aiokafka's AIOKafkaAdminClient."""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.structs import TopicPartition

from tests.admin.walks import DEADLINE_S, Ground, normal


def walk(servers: str, ground: Ground) -> dict[str, Any]:
    """aiokafka's AIOKafkaAdminClient."""
    return asyncio.run(_walk(servers, ground))


async def _walk(servers: str, ground: Ground) -> dict[str, Any]:
    came: dict[str, Any] = {}
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()

    async def step(name: str, call: Any) -> None:
        try:
            result = await asyncio.wait_for(call, DEADLINE_S)
        except Exception as error:
            result = f"{type(error).__name__}: {error}"
        came[name] = normal(result)

    new, part = ground.new_topic, TopicPartition(ground.topic, 0)
    resource = ConfigResource(ConfigResourceType.TOPIC, ground.topic)
    changed = ConfigResource(ConfigResourceType.TOPIC, ground.topic, configs={"retention.ms": "7"})
    await step("create", admin.create_topics([NewTopic(new, 2, 1)]))
    await step("create again", admin.create_topics([NewTopic(new, 2, 1)]))
    await step("grow", admin.create_partitions({new: NewPartitions(3)}))
    await step("shrink", admin.create_partitions({new: NewPartitions(1)}))
    await step("topic", admin.describe_topics([ground.topic]))

    async def configs() -> Any:
        (answer,) = await admin.describe_configs([resource])
        return answer.to_object()

    await step("configs", configs())
    await step("alter", admin.alter_configs([changed]))
    await step("delete records", admin.delete_records({part: RecordsToDelete(2)}))
    await step("group", admin.describe_consumer_groups([ground.missing]))
    await step("coordinator", admin.find_coordinator(ground.group))
    await step("offsets", admin.list_consumer_group_offsets(ground.group))
    await step("delete topic", admin.delete_topics([new]))
    await admin.close()
    return came
