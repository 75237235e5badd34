"""The Python admin clients on both brokers: every call of a walk has the same outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.admin import walk_aiokafka, walk_confluent, walk_kafka_python
from tests.admin.twin import differences
from tests.admin.walks import Ground

Unique = Callable[[str], str]

WALKS: dict[str, Callable[[str, Ground], dict[str, Any]]] = {
    "kafka_python": walk_kafka_python.walk,
    "confluent": walk_confluent.walk,
    "aiokafka": walk_aiokafka.walk,
}
FAILING = {
    "kafka_python": {"create again", "shrink", "acls"},
    # librdkafka answers SECURITY_DISABLED to DescribeAcls with an empty list.
    "confluent": {"create again", "shrink", "delete group"},
    # aiokafka's answers of an error are no exceptions. A group with members it is not asked to
    # describe: its codec cannot read one (0.14).
    "aiokafka": {"shrink"},
}
"""What has to fail: names that are taken, fewer partitions, no authorizer, a group with members."""


@pytest.mark.parametrize("client", WALKS)
def test_a00_a_walk_with_an_admin_client(
    twin_brokers: tuple[str, str], topic: str, group: str, unique: Unique, client: str
) -> None:
    ground = Ground(
        topic=topic,
        group=group,
        new_topic=unique("new"),
        simple_group=unique("simple"),
        missing=unique("missing"),
    )
    ours, kafkas = (WALKS[client](servers, ground) for servers in twin_brokers)
    assert ours == kafkas, "\n".join(differences(ours, kafkas))
    assert {name for name, came in ours.items() if _failed(came)} == FAILING[client], ours


def _failed(came: object) -> bool:
    return isinstance(came, str) and came.split(":")[0].endswith(("Error", "Exception"))
