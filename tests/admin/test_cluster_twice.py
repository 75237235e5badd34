"""What surrounds the admin APIs: versions, the cluster, ACLs, groups: Kafka's and ours."""

from __future__ import annotations

from typing import Any

import pytest

from rebalance.broker.apis import APIS
from tests.admin.twin import Side, Twin

RAW = {"client_software_name": "raw", "client_software_version": "1"}

FEATURES = ("supported_features", "finalized_features_epoch", "finalized_features")
"""Kafka tells what its cluster can be upgraded to; here nothing is ever upgraded."""


@pytest.mark.parametrize("version", range(6))
def test_a00_what_is_served_is_advertised_as_kafka_does(twin: Twin, version: int) -> None:
    ours, kafkas = (
        {each["api_key"]: each for each in answer["api_keys"]}
        for answer in twin.both("api_versions", version, RAW)
    )
    assert set(ours) == set(APIS)
    assert ours == {key: kafkas[key] for key in ours}


def test_a08_whom_a_client_means(twin: Twin) -> None:
    own = object()

    def asked(side: Side, cluster: object, node: int) -> dict[str, Any]:
        described = side.connection.ask("describe_cluster", 0, {})
        cluster_id = described.cluster_id if cluster is own else cluster
        return {**RAW, "cluster_id": cluster_id, "node_id": node}

    def told(cluster: object, node: int) -> str:
        ignoring = (*FEATURES, "api_keys")
        answer = twin.ask(
            "api_versions", 5, lambda side: asked(side, cluster, node), ignoring=ignoring
        )
        return str(answer["error_code"])

    assert told(own, 1) == told(None, -1) == "none"
    assert told("x", 1) == told("", 1) == told(own, 2) == "rebootstrap_required"
    assert told(None, 1) == told(own, -1) == told("x", -1) == "invalid_request"


@pytest.mark.parametrize("name", ["", "-x", "a b", "x-", "ä", "a" * 300])
@pytest.mark.parametrize("version", range(3, 6))
def test_a08_a_name_that_is_none(twin: Twin, name: str, version: int) -> None:
    for field in RAW:
        twin.ask("api_versions", version, RAW | {field: name}, ignoring=(*FEATURES, "api_keys"))


@pytest.mark.parametrize("version", range(3))
def test_a00_describe_cluster(twin: Twin, version: int) -> None:
    for operations in (False, True):
        for endpoint in (1, 2, 3) if version >= 1 else (1,):
            asked = {
                "include_cluster_authorized_operations": operations,
                "endpoint_type": endpoint,
                "include_fenced_brokers": True,
            }
            twin.ask("describe_cluster", version, asked)


ACL = {
    "resource_type": 2,
    "resource_name": "x",
    "resource_pattern_type": 3,
    "principal": "User:a",
    "host": "*",
    "operation": 2,
    "permission_type": 3,
}
FILTER = {
    "resource_type_filter": 2,
    "resource_name_filter": None,
    "pattern_type_filter": 3,
    "principal_filter": None,
    "host_filter": None,
    "operation": 1,
    "permission_type": 1,
}


@pytest.mark.parametrize("version", range(1, 4))
def test_a00_acls_of_a_broker_without_authorizer(twin: Twin, version: int) -> None:
    told = twin.ask("describe_acls", version, FILTER)
    assert told["error_code"] == "security_disabled"
    for times in (0, 1, 2):
        twin.ask("create_acls", version, {"creations": [ACL] * times})
        twin.ask("delete_acls", version, {"filters": [FILTER] * times})


@pytest.mark.parametrize("version", range(4))
def test_a03_groups_that_nobody_knows(twin: Twin, version: int) -> None:
    answer = twin.ask("delete_groups", version, {"groups_names": ["missing", "", "missing"]})
    assert {each["error_code"] for each in answer["results"]} == {"group_id_not_found"}
    twin.ask("delete_groups", version, {"groups_names": []})
