"""A walk with kafka-python's KafkaAdminClient."""

from __future__ import annotations

from typing import Any

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

from tests.admin.walks import Ground, Walk
from tests.clients.kafka_python.group import close


def walk(servers: str, ground: Ground) -> dict[str, Any]:
    """Topics, then groups, then the cluster."""
    walk, admin = Walk(), KafkaAdminClient(bootstrap_servers=servers)
    _topics(walk, admin, ground)
    _configs(walk, admin, ground)
    _groups(walk, admin, ground)
    any_pattern = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    acls = ACLFilter(None, "*", ACLOperation.ANY, ACLPermissionType.ANY, any_pattern)
    walk.step("cluster", lambda: admin.describe_cluster()["brokers"])
    walk.step("moves", admin.list_partition_reassignments)
    walk.step("acls", lambda: admin.describe_acls(acls))
    walk.step("delete topic", lambda: admin.delete_topics([ground.new_topic]))
    close(admin)
    return walk.came


def _topics(walk: Walk, admin: Any, ground: Ground) -> None:
    new, part = ground.new_topic, TopicPartition(ground.topic, 0)
    wanted = [NewTopic(name=new, num_partitions=2, replication_factor=1)]
    walk.step("create", lambda: admin.create_topics(wanted, wait_for_metadata=True))
    walk.step("create again", lambda: admin.create_topics(wanted))
    walk.step("shrink", lambda: admin.create_partitions({new: NewPartitions(total_count=1)}))
    walk.step("grow", lambda: admin.create_partitions({new: NewPartitions(total_count=3)}))
    walk.step("topics", lambda: admin.describe_topics([ground.topic, ground.missing]))
    walk.step("pages", lambda: admin.describe_topic_partitions([ground.topic]))
    walk.step("delete records", lambda: admin.delete_records({part: 2}))
    walk.step("ends", lambda: admin.list_partition_offsets({part: OffsetSpec.LATEST}))
    walk.step("starts", lambda: admin.list_partition_offsets({part: OffsetSpec.EARLIEST}))


def _configs(walk: Walk, admin: Any, ground: Ground) -> None:
    resource = ConfigResource(ConfigResourceType.TOPIC, ground.topic)
    changed = ConfigResource(ConfigResourceType.TOPIC, ground.topic, configs={"retention.ms": "7"})
    walk.step("configs", lambda: admin.describe_configs([resource], config_filter="all"))
    walk.step("alter", lambda: admin.alter_configs([changed]))
    walk.step("reset", lambda: admin.reset_configs([changed]))


def _groups(walk: Walk, admin: Any, ground: Ground) -> None:
    simple, group = ground.simple_group, ground.group
    committed = {TopicPartition(ground.topic, 0): OffsetAndMetadata(3, "note", -1)}
    one = [MemberToRemove(member_id="", group_instance_id="one")]
    walk.step("group", lambda: admin.describe_groups([group, ground.missing]))
    walk.step("commit", lambda: admin.alter_group_offsets(simple, committed))
    walk.step("offsets", lambda: admin.list_group_offsets([simple, group]))
    walk.step("remove", lambda: admin.remove_group_members(group, one))
    walk.step("delete groups", lambda: admin.delete_groups([simple, ground.missing, group]))
