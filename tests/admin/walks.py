"""What a user of each Python admin client does, call after call, and what came of it.

A walk is a list of named calls. What each gives is made plain, so that two brokers can be compared:
containers in no order, anything else as it prints, without the ids and ports that a broker made up.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.clients.kafka_python.group import close

DEADLINE_S = 30.0

_MADE_UP = (
    (re.compile(r"\b(one|two)-[0-9a-f-]{36}"), r"\1"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}"), "(uuid)"),
    (re.compile(r"(127\.0\.0\.1[^0-9]{1,10})\d+"), r"\1(port)"),
    (re.compile(r"('?port'?[=:] ?)\d+"), r"\1(port)"),
    (re.compile(r" at 0x[0-9a-f]+"), ""),
)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Names that a walk may use: a topic of 2 partitions with 5 records, a group that is Stable."""

    topic: str
    group: str
    new_topic: str
    simple_group: str
    missing: str


@dataclass
class Walk:
    """Calls and what came of them."""

    came: dict[str, Any] = field(default_factory=dict)

    def step(self, name: str, call: Callable[[], Any]) -> None:
        """Make a call; an exception is what came of it."""
        try:
            result = call()
        except Exception as error:
            result = f"{type(error).__name__}: {error}"
        self.came[name] = normal(result)


def normal(value: Any) -> Any:
    """A result in words that any broker would use."""
    if isinstance(value, Mapping):
        return {
            str(normal(key)): "(port)" if key == "port" else normal(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return sorted(map(normal, value), key=repr)
    if value is None or isinstance(value, bool | int):
        return value
    text = value if isinstance(value, str) else repr(value)
    for pattern, replacement in _MADE_UP:
        text = pattern.sub(replacement, text)
    return text


def kafka_python(servers: str, ground: Ground) -> dict[str, Any]:
    """kafka-python's KafkaAdminClient."""
    from kafka import TopicPartition
    from kafka.admin import (
        ACLFilter,
        ACLOperation,
        ACLPermissionType,
        ACLResourcePatternType,
        ConfigResource,
        ConfigResourceType,
        KafkaAdminClient,
        MemberToRemove,
        NewPartitions,
        NewTopic,
        OffsetSpec,
        ResourcePatternFilter,
        ResourceType,
    )
    from kafka.structs import OffsetAndMetadata

    walk, admin = Walk(), KafkaAdminClient(bootstrap_servers=servers)
    new, part = ground.new_topic, TopicPartition(ground.topic, 0)
    wanted = [NewTopic(name=new, num_partitions=2, replication_factor=1)]
    resource = ConfigResource(ConfigResourceType.TOPIC, ground.topic)
    changed = ConfigResource(ConfigResourceType.TOPIC, ground.topic, configs={"retention.ms": "7"})
    any_pattern = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    acls = ACLFilter(None, "*", ACLOperation.ANY, ACLPermissionType.ANY, any_pattern)
    committed = {part: OffsetAndMetadata(3, "note", -1)}
    walk.step("create", lambda: admin.create_topics(wanted, wait_for_metadata=True))
    walk.step("create again", lambda: admin.create_topics(wanted))
    walk.step("shrink", lambda: admin.create_partitions({new: NewPartitions(total_count=1)}))
    walk.step("grow", lambda: admin.create_partitions({new: NewPartitions(total_count=3)}))
    walk.step("topics", lambda: admin.describe_topics([ground.topic, ground.missing]))
    walk.step("pages", lambda: admin.describe_topic_partitions([ground.topic]))
    walk.step("configs", lambda: admin.describe_configs([resource], config_filter="all"))
    walk.step("alter", lambda: admin.alter_configs([changed]))
    walk.step("reset", lambda: admin.reset_configs([changed]))
    walk.step("delete records", lambda: admin.delete_records({part: 2}))
    walk.step("ends", lambda: admin.list_partition_offsets({part: OffsetSpec.LATEST}))
    walk.step("starts", lambda: admin.list_partition_offsets({part: OffsetSpec.EARLIEST}))
    walk.step("group", lambda: admin.describe_groups([ground.group, ground.missing]))
    walk.step("commit", lambda: admin.alter_group_offsets(ground.simple_group, committed))
    walk.step("offsets", lambda: admin.list_group_offsets([ground.simple_group, ground.group]))
    one = [MemberToRemove(member_id="", group_instance_id="one")]
    walk.step("remove", lambda: admin.remove_group_members(ground.group, one))
    names = [ground.simple_group, ground.missing, ground.group]
    walk.step("delete groups", lambda: admin.delete_groups(names))
    walk.step("cluster", lambda: admin.describe_cluster()["brokers"])
    walk.step("moves", admin.list_partition_reassignments)
    walk.step("acls", lambda: admin.describe_acls(acls))
    walk.step("delete topic", lambda: admin.delete_topics([new]))
    close(admin)
    return walk.came


def confluent(servers: str, ground: Ground) -> dict[str, Any]:
    """confluent-kafka's AdminClient: librdkafka's."""
    from confluent_kafka import ConsumerGroupTopicPartitions, TopicCollection, TopicPartition
    from confluent_kafka.admin import (
        AclBindingFilter,
        AclOperation,
        AclPermissionType,
        AdminClient,
        AlterConfigOpType,
        ConfigEntry,
        ConfigResource,
        NewPartitions,
        NewTopic,
        OffsetSpec,
        ResourcePatternType,
        ResourceType,
    )

    walk, admin = Walk(), AdminClient({"bootstrap.servers": servers})
    new, part = ground.new_topic, TopicPartition(ground.topic, 0)

    def one(futures: Any) -> Any:
        (future,) = futures.values() if isinstance(futures, dict) else (futures,)
        return future.result(DEADLINE_S)

    resource = ConfigResource(ConfigResource.Type.TOPIC, ground.topic)
    entry = ConfigEntry("retention.ms", "7", incremental_operation=AlterConfigOpType.SET)
    changed = ConfigResource(ConfigResource.Type.TOPIC, ground.topic, incremental_configs=[entry])
    replaced = ConfigResource(
        ConfigResource.Type.TOPIC, ground.topic, set_config={"retention.bytes": "9"}
    )
    acls = AclBindingFilter(
        ResourceType.ANY,
        None,
        ResourcePatternType.ANY,
        None,
        None,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    committed = [
        ConsumerGroupTopicPartitions(ground.simple_group, [TopicPartition(ground.topic, 0, 3)])
    ]
    asked = [ConsumerGroupTopicPartitions(ground.simple_group)]
    topics = TopicCollection([ground.topic])
    walk.step("create", lambda: one(admin.create_topics([NewTopic(new, 2, 1)])))
    walk.step("create again", lambda: one(admin.create_topics([NewTopic(new, 2, 1)])))
    walk.step("grow", lambda: one(admin.create_partitions([NewPartitions(new, 3)])))
    walk.step("shrink", lambda: one(admin.create_partitions([NewPartitions(new, 1)])))
    walk.step("topic", lambda: len(one(admin.describe_topics(topics)).partitions))
    walk.step(
        "configs",
        lambda: {
            name: (each.value, each.source, each.is_read_only, each.is_default)
            for name, each in one(admin.describe_configs([resource])).items()
        },
    )
    walk.step("alter", lambda: one(admin.incremental_alter_configs([changed])))
    walk.step("replace", lambda: one(admin.alter_configs([replaced])))
    records = [TopicPartition(ground.topic, 0, 2)]
    walk.step("delete records", lambda: one(admin.delete_records(records)).low_watermark)
    walk.step("end", lambda: one(admin.list_offsets({part: OffsetSpec.latest()})).offset)
    walk.step("start", lambda: one(admin.list_offsets({part: OffsetSpec.earliest()})).offset)
    walk.step("commit", lambda: one(admin.alter_consumer_group_offsets(committed)).group_id)
    walk.step(
        "offsets",
        lambda: [
            (each.topic, each.partition, each.offset, str(each.error))
            for each in one(admin.list_consumer_group_offsets(asked)).topic_partitions
        ],
    )
    walk.step("groups", lambda: _listed(admin, ground.group, ground.simple_group))
    group = admin.describe_consumer_groups([ground.group])
    walk.step("group", lambda: _described(one(group)))
    gone = admin.delete_consumer_groups([ground.group])
    walk.step("delete group", lambda: one(gone))
    gone_too = admin.delete_consumer_groups([ground.simple_group])
    walk.step("delete simple group", lambda: one(gone_too))
    walk.step("nodes", lambda: len(one(admin.describe_cluster()).nodes))
    walk.step("acls", lambda: one(admin.describe_acls(acls)))
    walk.step("delete topic", lambda: one(admin.delete_topics([new])))
    return walk.came


def _listed(admin: Any, *names: str) -> Any:
    found = admin.list_consumer_groups().result(DEADLINE_S)
    return [
        (each.group_id, str(each.state), each.is_simple_consumer_group)
        for each in found.valid
        if each.group_id in names
    ]


def _described(group: Any) -> Any:
    members = [
        (
            member.member_id,
            member.client_id,
            member.host,
            [(each.topic, each.partition) for each in member.assignment.topic_partitions],
        )
        for member in group.members
    ]
    return group.group_id, str(group.state), group.partition_assignor, members


def aiokafka(servers: str, ground: Ground) -> dict[str, Any]:
    """aiokafka's AIOKafkaAdminClient."""
    return asyncio.run(_aiokafka(servers, ground))


async def _aiokafka(servers: str, ground: Ground) -> dict[str, Any]:
    from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
    from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
    from aiokafka.structs import TopicPartition

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
