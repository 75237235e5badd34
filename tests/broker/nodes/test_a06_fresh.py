"""What is answered while there is no `__consumer_offsets`, by this broker and by Apache Kafka."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from rebalance.broker import EmbeddedBroker
from rebalance.testing.apache_kafka import ApacheKafka
from rebalance.testing.brokers import APACHE_KAFKA, EMBEDDED
from tests.broker.handlers.test_groups import join_of
from tests.broker.nodes.asking import of_group
from tests.broker.raw import connected, create_topic
from tests.support.brokers import SETTINGS, require_apache_kafka

NONE, NOT_AVAILABLE, NOT_COORDINATOR = 0, 15, 16
INVALID_GROUP_ID, INVALID_SESSION_TIMEOUT, INCONSISTENT_GROUP_PROTOCOL = 24, 26, 23


@dataclass(frozen=True)
class _Address:
    bootstrap_servers: str


@asynccontextmanager
async def _fresh(kind: str) -> AsyncIterator[_Address]:
    """A broker that nobody has asked about a group."""
    async with AsyncExitStack() as stack:
        if kind == APACHE_KAFKA:
            require_apache_kafka()
            servers = stack.enter_context(ApacheKafka(SETTINGS)).bootstrap_servers
        else:
            broker = EmbeddedBroker(SETTINGS, offsets_topic_at_once=False)
            servers = (await stack.enter_async_context(broker)).bootstrap_servers
        yield _Address(servers)


@pytest.mark.parametrize("kind", [EMBEDDED, APACHE_KAFKA])
@pytest.mark.deadline(120)
async def test_a06_before_there_is_an_offsets_topic(kind: str) -> None:
    async with _fresh(kind) as broker, connected(broker) as client:
        await create_topic(client, "orders")
        told: list[tuple[str, int, Any]] = [
            (asked.api, asked.version, await asked.by(client)) for asked in of_group("g", "orders")
        ]
        assert told == [
            ("join_group", 2, NOT_COORDINATOR),
            ("join_group", 9, NOT_COORDINATOR),
            ("sync_group", 5, NOT_COORDINATOR),
            ("heartbeat", 4, NOT_COORDINATOR),
            ("leave_group", 2, NOT_COORDINATOR),
            ("leave_group", 5, (NOT_COORDINATOR, 0)),
            ("offset_commit", 2, [NOT_COORDINATOR]),
            ("offset_commit", 9, [NOT_COORDINATOR]),
            ("offset_fetch", 1, [NOT_COORDINATOR]),
            ("offset_fetch", 5, (NOT_COORDINATOR, 0)),
            ("offset_fetch", 8, [(NOT_COORDINATOR, 0)]),
            ("describe_groups", 0, [NOT_COORDINATOR]),
            ("describe_groups", 6, [(NOT_COORDINATOR, "", None, -(2**31))]),
            ("delete_groups", 2, [NOT_COORDINATOR]),
            ("offset_delete", 0, NOT_COORDINATOR),
        ]
        listed = await client.ask("list_groups", 5, {"states_filter": [], "types_filter": []})
        assert (listed.error_code.value, listed.groups) == (NONE, ())
        await _what_is_wrong_in_itself_comes_first(client)
        topics = (await client.ask("metadata", 12, {"topics": None})).topics
        assert [topic.name for topic in topics] == ["orders"], "no question made it"
        old = await client.ask("find_coordinator", 3, {"key": "g", "key_type": 0})
        found = (old.error_code.value, old.node_id, old.host, old.port, old.error_message)
        assert found == (NOT_AVAILABLE, -1, "", -1, "The coordinator is not available.")
        by_then: set[int] = set()
        while NONE not in by_then:
            asked = {"key_type": 0, "coordinator_keys": ["g", "h"]}
            answer = await client.ask("find_coordinator", 4, asked)
            by_then.update(each.error_code.value for each in answer.coordinators)
        assert by_then <= {NONE, NOT_AVAILABLE}
        topics = (await client.ask("metadata", 12, {"topics": None})).topics
        assert sorted(topic.name for topic in topics) == ["__consumer_offsets", "orders"]


async def _what_is_wrong_in_itself_comes_first(client: Any) -> None:
    for api, version, body, error in (
        ("join_group", 9, join_of(""), INVALID_GROUP_ID),
        ("join_group", 9, join_of("g", session_timeout=0), INVALID_SESSION_TIMEOUT),
        ("sync_group", 5, {"group_id": "g"}, INCONSISTENT_GROUP_PROTOCOL),
        ("sync_group", 3, {"group_id": ""}, INVALID_GROUP_ID),
        ("heartbeat", 4, {"group_id": ""}, INVALID_GROUP_ID),
        ("leave_group", 5, {"group_id": ""}, INVALID_GROUP_ID),
        ("offset_delete", 0, {"group_id": ""}, INVALID_GROUP_ID),
    ):
        answer = await client.ask(api, version, body)
        assert answer.error_code.value == error, (api, version)
