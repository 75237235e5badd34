"""A walk with confluent-kafka's AdminClient: librdkafka's."""

from __future__ import annotations

from typing import Any

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

from tests.admin.walks import DEADLINE_S, Ground, Walk


def walk(servers: str, ground: Ground) -> dict[str, Any]:
    """Topics, then groups, then the cluster."""
    walk, admin = Walk(), AdminClient({"bootstrap.servers": servers})
    _topics(walk, admin, ground)
    _configs(walk, admin, ground)
    _groups(walk, admin, ground)
    acls = AclBindingFilter(
        ResourceType.ANY,
        None,
        ResourcePatternType.ANY,
        None,
        None,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    walk.step("nodes", lambda: len(_one(admin.describe_cluster()).nodes))
    walk.step("acls", lambda: _one(admin.describe_acls(acls)))
    walk.step("delete topic", lambda: _one(admin.delete_topics([ground.new_topic])))
    return walk.came


def _one(futures: Any) -> Any:
    (future,) = futures.values() if isinstance(futures, dict) else (futures,)
    return future.result(DEADLINE_S)


def _topics(walk: Walk, admin: Any, ground: Ground) -> None:
    new, part = ground.new_topic, TopicPartition(ground.topic, 0)
    topics, records = TopicCollection([ground.topic]), [TopicPartition(ground.topic, 0, 2)]
    walk.step("create", lambda: _one(admin.create_topics([NewTopic(new, 2, 1)])))
    walk.step("create again", lambda: _one(admin.create_topics([NewTopic(new, 2, 1)])))
    walk.step("grow", lambda: _one(admin.create_partitions([NewPartitions(new, 3)])))
    walk.step("shrink", lambda: _one(admin.create_partitions([NewPartitions(new, 1)])))
    walk.step("topic", lambda: len(_one(admin.describe_topics(topics)).partitions))
    walk.step("delete records", lambda: _one(admin.delete_records(records)).low_watermark)
    walk.step("end", lambda: _one(admin.list_offsets({part: OffsetSpec.latest()})).offset)
    walk.step("start", lambda: _one(admin.list_offsets({part: OffsetSpec.earliest()})).offset)


def _configs(walk: Walk, admin: Any, ground: Ground) -> None:
    topic = ConfigResource.Type.TOPIC
    resource = ConfigResource(topic, ground.topic)
    entry = ConfigEntry("retention.ms", "7", incremental_operation=AlterConfigOpType.SET)
    changed = ConfigResource(topic, ground.topic, incremental_configs=[entry])
    replaced = ConfigResource(topic, ground.topic, set_config={"retention.bytes": "9"})

    def configs() -> Any:
        return {
            name: (each.value, each.source, each.is_read_only, each.is_default)
            for name, each in _one(admin.describe_configs([resource])).items()
        }

    walk.step("configs", configs)
    walk.step("alter", lambda: _one(admin.incremental_alter_configs([changed])))
    walk.step("replace", lambda: _one(admin.alter_configs([replaced])))


def _groups(walk: Walk, admin: Any, ground: Ground) -> None:
    simple, group = ground.simple_group, ground.group
    wanted = [ConsumerGroupTopicPartitions(simple, [TopicPartition(ground.topic, 0, 3)])]
    asked = [ConsumerGroupTopicPartitions(simple)]

    def offsets() -> Any:
        found = _one(admin.list_consumer_group_offsets(asked)).topic_partitions
        return [(each.topic, each.partition, each.offset, str(each.error)) for each in found]

    walk.step("commit", lambda: _one(admin.alter_consumer_group_offsets(wanted)).group_id)
    walk.step("offsets", offsets)
    walk.step("groups", lambda: _listed(admin, group, simple))
    walk.step("group", lambda: _described(_one(admin.describe_consumer_groups([group]))))
    walk.step("delete group", lambda: _one(admin.delete_consumer_groups([group])))
    walk.step("delete simple group", lambda: _one(admin.delete_consumer_groups([simple])))


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
