"""Which APIs are served, and in which versions.

What is advertised is what is served: rule A05 closes the connection on anything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from rebalance.protocol.errors import ErrorCode

if TYPE_CHECKING:
    from rebalance.broker.wire.codec import Message

__all__ = ["APIS", "API_VERSIONS_KEY", "Api", "advertised", "unsupported"]

API_VERSIONS_KEY = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One API: versions served, both ends included; `name` is kio's package and our module."""

    key: int
    name: str
    oldest: int
    newest: int
    advertised_oldest: int | None = None
    """Kafka 4 says 0 for Produce, for old librdkafka's sake, and serves 3 and newer."""

    @property
    def advertised(self) -> tuple[int, int]:
        """The range that ApiVersions names."""
        least = self.oldest if self.advertised_oldest is None else self.advertised_oldest
        return least, self.newest


APIS: Mapping[int, Api] = MappingProxyType(
    {
        api.key: api
        for api in (
            Api(key=0, name="produce", oldest=3, newest=13, advertised_oldest=0),
            Api(key=1, name="fetch", oldest=4, newest=18),
            Api(key=2, name="list_offsets", oldest=1, newest=11),
            Api(key=3, name="metadata", oldest=0, newest=13),
            Api(key=8, name="offset_commit", oldest=2, newest=10),
            Api(key=9, name="offset_fetch", oldest=1, newest=10),
            Api(key=10, name="find_coordinator", oldest=0, newest=6),
            Api(key=11, name="join_group", oldest=0, newest=9),
            Api(key=12, name="heartbeat", oldest=0, newest=4),
            Api(key=13, name="leave_group", oldest=0, newest=5),
            Api(key=14, name="sync_group", oldest=0, newest=5),
            Api(key=15, name="describe_groups", oldest=0, newest=6),
            Api(key=16, name="list_groups", oldest=0, newest=5),
            Api(key=18, name="api_versions", oldest=0, newest=5),
            Api(key=19, name="create_topics", oldest=2, newest=7),
            Api(key=20, name="delete_topics", oldest=1, newest=6),
            Api(key=21, name="delete_records", oldest=0, newest=2),
            Api(key=22, name="init_producer_id", oldest=0, newest=5),
            Api(key=23, name="offset_for_leader_epoch", oldest=2, newest=4),
            Api(key=24, name="add_partitions_to_txn", oldest=0, newest=5),
            Api(key=25, name="add_offsets_to_txn", oldest=0, newest=4),
            Api(key=26, name="end_txn", oldest=0, newest=5),
            Api(key=28, name="txn_offset_commit", oldest=0, newest=6),
            Api(key=29, name="describe_acls", oldest=1, newest=3),
            Api(key=30, name="create_acls", oldest=1, newest=3),
            Api(key=31, name="delete_acls", oldest=1, newest=3),
            Api(key=32, name="describe_configs", oldest=1, newest=4),
            Api(key=33, name="alter_configs", oldest=0, newest=2),
            Api(key=35, name="describe_log_dirs", oldest=1, newest=5),
            Api(key=37, name="create_partitions", oldest=0, newest=3),
            Api(key=42, name="delete_groups", oldest=0, newest=3),
            Api(key=44, name="incremental_alter_configs", oldest=0, newest=1),
            Api(key=46, name="list_partition_reassignments", oldest=0, newest=0),
            Api(key=47, name="offset_delete", oldest=0, newest=0),
            Api(key=60, name="describe_cluster", oldest=0, newest=2),
            Api(key=74, name="list_config_resources", oldest=0, newest=1),
            Api(key=75, name="describe_topic_partitions", oldest=0, newest=0),
        )
    }
)


def unsupported() -> Message:
    """The answer to a version of ApiVersions that is not served; goes out in the v0 layout."""
    return {
        "error_code": ErrorCode.UNSUPPORTED_VERSION,
        "api_keys": [advertised(APIS[API_VERSIONS_KEY])],
    }


def advertised(api: Api) -> Message:
    """An API's entry in the answer of ApiVersions."""
    least, most = api.advertised
    return {"api_key": api.key, "min_version": least, "max_version": most}
