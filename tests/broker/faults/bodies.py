"""A request of every API that names something to be answered, as plain values."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

_ID = uuid.UUID(int=77)
_TXN = {"transactional_id": "t", "producer_id": 1, "producer_epoch": 0}
_PARTITIONS = [
    {"index": p, "partition": p, "partition_index": p, "offset": 1, "committed_offset": 1}
    for p in (4, 2)
]
_TOPICS = [
    {"name": name, "topic": name, "topic_id": topic_id, "partitions": _PARTITIONS}
    for name, topic_id in (("a", _ID), ("b", uuid.UUID(int=78)))
]
_BARE = [
    {"name": name, "topic": name, "partitions": [4, 2], "partition_indexes": [4, 2]}
    for name in ("a", "b")
]
_BY_ID = [{**_BARE[0], "topic_id": _ID}]
_RESOURCES = [{"resource_type": 2, "resource_name": name, "configs": []} for name in ("a", "b")]

BODIES: Mapping[str, Mapping[str, Any]] = {
    "produce": {
        "acks": -1,
        "topic_data": [{"name": "a", "topic_id": _ID, "partition_data": _PARTITIONS}],
    },
    "fetch": {"replica_id": -1, "topics": _TOPICS},
    "list_offsets": {"replica_id": -1, "topics": _TOPICS},
    "metadata": {"topics": [{"name": "a"}, {"name": "b"}]},
    "offset_commit": {"group_id": "g", "topics": _TOPICS},
    "offset_fetch": {
        "group_id": "g",
        "topics": _BY_ID,
        "groups": [{"group_id": group, "topics": _BY_ID} for group in ("g", "h")],
    },
    "find_coordinator": {"key": "g", "key_type": 0, "coordinator_keys": ["g", "h"]},
    "join_group": {"group_id": "g", "member_id": "m", "protocol_type": "consumer"},
    "heartbeat": {"group_id": "g", "member_id": "m"},
    "leave_group": {
        "group_id": "g",
        "member_id": "m",
        "members": [{"member_id": "m"}, {"member_id": "", "group_instance_id": "i"}],
    },
    "sync_group": {"group_id": "g", "member_id": "m"},
    "describe_groups": {"groups": ["g", "h"]},
    "list_groups": {},
    "api_versions": {"client_software_name": "raw", "client_software_version": "1"},
    "create_topics": {"topics": [{"name": "a"}, {"name": "b"}]},
    "delete_topics": {"topic_names": ["a", "b"], "topics": [{"name": "a"}, {"name": "b"}]},
    "delete_records": {"topics": _TOPICS},
    "init_producer_id": {"transactional_id": "t", "producer_id": 9},
    "offset_for_leader_epoch": {"replica_id": -1, "topics": _TOPICS},
    "add_partitions_to_txn": {
        "v3_and_below_transactional_id": "t",
        "v3_and_below_topics": _BARE,
        "transactions": [{**_TXN, "verify_only": False, "topics": _BARE}],
    },
    "add_offsets_to_txn": {**_TXN, "group_id": "g"},
    "end_txn": {**_TXN, "committed": True},
    "txn_offset_commit": {**_TXN, "group_id": "g", "topics": _TOPICS},
    "describe_acls": {},
    "create_acls": {"creations": [{"resource_name": "a"}, {"resource_name": "b"}]},
    "delete_acls": {"filters": [{"resource_name_filter": "a"}, {}]},
    "describe_configs": {"resources": _RESOURCES},
    "alter_configs": {"resources": _RESOURCES},
    "describe_log_dirs": {"topics": _BARE},
    "create_partitions": {"topics": [{"name": "a", "count": 9}, {"name": "b", "count": 9}]},
    "delete_groups": {"groups_names": ["g", "h"]},
    "incremental_alter_configs": {"resources": _RESOURCES},
    "list_partition_reassignments": {"topics": _BARE},
    "offset_delete": {"group_id": "g", "topics": _TOPICS},
    "describe_cluster": {},
    "list_config_resources": {},
    "describe_topic_partitions": {"topics": [{"name": "a"}, {"name": "b"}]},
}
