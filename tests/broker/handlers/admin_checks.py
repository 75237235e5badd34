"""What each admin API must do at least, in any version, with the topic "orders" of 3 partitions.

`test_every_version.py` calls these by the API's name; whether the answers are Kafka's, field by
field, is tests/admin's to say.
"""

from __future__ import annotations

from typing import Any

from tests.broker.batch_maker import batch
from tests.broker.raw import RawConnection

TOPIC = 2
DISABLED = 54


async def delete_records(client: RawConnection, version: int) -> None:
    data = [{"name": "orders", "partition_data": [{"index": 1, "records": batch(b"a", b"b")}]}]
    await client.ask("produce", 9, {"acks": -1, "timeout": 1000, "topic_data": data})
    parts = [{"partition_index": 1, "offset": 1}]
    asked = {"topics": [{"name": "orders", "partitions": parts}], "timeout": 1000}
    answer = await client.ask("delete_records", version, asked)
    (part,) = answer.topics[0].partitions
    assert (part.error_code.value, part.low_watermark) == (0, 1)


async def offset_for_leader_epoch(client: RawConnection, version: int) -> None:
    parts = [{"partition": 1, "current_leader_epoch": -1, "leader_epoch": 0}]
    asked = {"replica_id": -1, "topics": [{"topic": "orders", "partitions": parts}]}
    answer = await client.ask("offset_for_leader_epoch", version, asked)
    (part,) = answer.topics[0].partitions
    assert (part.error_code.value, part.leader_epoch, part.end_offset) == (0, 0, 0)


async def describe_acls(client: RawConnection, version: int) -> None:
    assert (await client.ask("describe_acls", version)).error_code.value == DISABLED


async def create_acls(client: RawConnection, version: int) -> None:
    answer = await client.ask("create_acls", version, {"creations": [{"resource_name": "x"}]})
    assert [result.error_code.value for result in answer.results] == [DISABLED]


async def delete_acls(client: RawConnection, version: int) -> None:
    answer = await client.ask("delete_acls", version, {"filters": [{"operation": 1}]})
    assert [result.error_code.value for result in answer.filter_results] == [DISABLED]


async def _retention(client: RawConnection, version: int) -> Any:
    resource = {"resource_type": TOPIC, "resource_name": "orders"}
    asked = {"resources": [{**resource, "configuration_keys": ["retention.bytes"]}]}
    answer = await client.ask("describe_configs", version, asked)
    (config,) = answer.results[0].configs
    return config.value, config.config_source


async def describe_configs(client: RawConnection, version: int) -> None:
    assert await _retention(client, version) == (str(64 * 2**20), 5)


async def alter_configs(client: RawConnection, version: int) -> None:
    configs = [{"name": "retention.bytes", "value": "7"}]
    resource = {"resource_type": TOPIC, "resource_name": "orders", "configs": configs}
    answer = await client.ask("alter_configs", version, {"resources": [resource]})
    assert answer.responses[0].error_code.value == 0
    assert await _retention(client, 4) == ("7", 1)


async def incremental_alter_configs(client: RawConnection, version: int) -> None:
    configs = [{"name": "retention.bytes", "config_operation": 0, "value": "7"}]
    resource = {"resource_type": TOPIC, "resource_name": "orders", "configs": configs}
    answer = await client.ask("incremental_alter_configs", version, {"resources": [resource]})
    assert answer.responses[0].error_code.value == 0
    assert await _retention(client, 4) == ("7", 1)


async def describe_log_dirs(client: RawConnection, version: int) -> None:
    asked = {"topics": [{"topic": "orders", "partitions": [0, 2, 3]}]}
    (result,) = (await client.ask("describe_log_dirs", version, asked)).results
    (topic,) = result.topics
    assert [part.partition_index for part in topic.partitions] == [0, 2]
    (result,) = (await client.ask("describe_log_dirs", version, {"topics": None})).results
    assert [len(topic.partitions) for topic in result.topics] == [3]


async def create_partitions(client: RawConnection, version: int) -> None:
    asked = {"topics": [{"name": "orders", "count": 5, "assignments": None}], "timeout": 1000}
    (result,) = (await client.ask("create_partitions", version, asked)).results
    assert (result.name, result.error_code.value) == ("orders", 0)
    (topic,) = (await client.ask("metadata", 9, {"topics": [{"name": "orders"}]})).topics
    assert len(topic.partitions) == 5


async def list_partition_reassignments(client: RawConnection, version: int) -> None:
    answer = await client.ask("list_partition_reassignments", version, {"topics": None})
    assert (answer.error_code.value, answer.topics) == (0, ())


async def describe_cluster(client: RawConnection, version: int) -> None:
    answer = await client.ask("describe_cluster", version, {"endpoint_type": 1})
    assert [(node.broker_id, node.host) for node in answer.brokers] == [(1, "127.0.0.1")]
    assert (answer.error_code.value, answer.controller_id) == (0, 1)


async def list_config_resources(client: RawConnection, version: int) -> None:
    asked = {"resource_types": [TOPIC]}
    answer = await client.ask("list_config_resources", version, asked)
    names = [resource.resource_name for resource in answer.config_resources]
    assert names == (["orders"] if version >= 1 else [])


async def describe_topic_partitions(client: RawConnection, version: int) -> None:
    asked = {"topics": [], "response_partition_limit": 2}
    answer = await client.ask("describe_topic_partitions", version, asked)
    (topic,) = answer.topics
    assert [part.partition_index for part in topic.partitions] == [0, 1]
    assert (answer.next_cursor.topic_name, answer.next_cursor.partition_index) == ("orders", 2)
