"""The Python admin clients on both brokers: every call of a walk has the same outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.admin import walks
from tests.admin.twin import differences

Unique = Callable[[str], str]

FAILING = {
    "kafka_python": {"create again", "shrink", "acls"},
    # librdkafka answers SECURITY_DISABLED to DescribeAcls with an empty list.
    "confluent": {"create again", "shrink", "delete group"},
    # aiokafka's answers of an error are no exceptions. A group with members it is not asked to
    # describe: its codec cannot read one (0.14).
    "aiokafka": {"shrink"},
}
"""What has to fail: names that are taken, fewer partitions, no authorizer, a group with members."""


@pytest.mark.parametrize("client", FAILING)
def test_a00_a_walk_with_an_admin_client(
    twin_brokers: tuple[str, str], topic: str, group: str, unique: Unique, client: str
) -> None:
    ground = walks.Ground(
        topic=topic,
        group=group,
        new_topic=unique("new"),
        simple_group=unique("simple"),
        missing=unique("missing"),
    )
    walk: Callable[[str, walks.Ground], dict[str, Any]] = getattr(walks, client)
    ours, kafkas = (walk(servers, ground) for servers in twin_brokers)
    assert ours == kafkas, "\n".join(differences(ours, kafkas))
    assert {name for name, came in ours.items() if _failed(came)} == FAILING[client], ours


def _failed(came: object) -> bool:
    return isinstance(came, str) and came.split(":")[0].endswith(("Error", "Exception"))
