"""Where the demo runs: on the embedded broker, or on a cluster of the user's, left as it was found.

Rule kept: on a real cluster the topic and the group have names of their own, and both are deleted
at the end, however the demo ends.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from rebalance.cli.demonstration.settings import DemoSettings
from rebalance.cli.errors import UsageError
from rebalance.timeline import trace

CONNECT_TIMEOUT_S = 8
"""A bootstrap address nobody listens on must be told within ten seconds."""

_MOST_REPLICAS = 3

TOPIC = "demo"
GROUP = "demo-group"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where to play, and what is real about it."""

    bootstrap_servers: str
    topic: str
    group_id: str
    description: str


@asynccontextmanager
async def embedded(
    settings: DemoSettings, log: trace.Trace, clock: Callable[[], int]
) -> AsyncIterator[Place]:
    """The embedded broker; the trace has the coordinator's own word for every cause."""
    from rebalance.broker import EmbeddedBroker

    properties = {
        "group.initial.rebalance.delay.ms": "100",
        "group.min.session.timeout.ms": "100",
        "auto.create.topics.enable": "false",
    }
    async with EmbeddedBroker(properties, trace=log, trace_clock=clock) as broker:
        broker.create_topic(TOPIC, partitions=settings.partitions)
        yield Place(
            bootstrap_servers=broker.bootstrap_servers,
            topic=TOPIC,
            group_id=GROUP,
            description="embedded broker in this process",
        )


@asynccontextmanager
async def cluster(
    settings: DemoSettings, log: trace.Trace, clock: Callable[[], int]
) -> AsyncIterator[Place]:
    """A running cluster; causes are the script's own word, for a client is told none."""
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic

    servers = settings.bootstrap_servers or ""
    suffix = secrets.token_hex(4)
    topic, group_id = f"rebalance-demo-{suffix}", f"rebalance-demo-{suffix}"
    admin = AIOKafkaAdminClient(bootstrap_servers=servers, **settings.client_arguments)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await admin.start()
    except Exception as error:
        await admin.close()
        raise UsageError(_unreachable(servers, error)) from None
    try:
        brokers = (await admin.describe_cluster())["brokers"]
        new_topic = NewTopic(
            topic,
            num_partitions=settings.partitions,
            # aiokafka cannot ask for the cluster's default (-1).
            replication_factor=min(len(brokers), _MOST_REPLICAS),
        )
        response = await admin.create_topics([new_topic])
        _check_created(topic, response)
        log.add(trace.TopicKnown(t=clock(), topic=topic, partitions=settings.partitions))
        try:
            yield Place(
                bootstrap_servers=servers,
                topic=topic,
                group_id=group_id,
                description=f"cluster at {servers}",
            )
        finally:
            await _clean_up(admin, topic, group_id)
    finally:
        await admin.close()


def _unreachable(servers: str, error: BaseException) -> str:
    from aiokafka.errors import KafkaConnectionError

    if isinstance(error, TimeoutError):
        why = "no answer"
    elif isinstance(error, KafkaConnectionError):
        why = "refused, or closed at once"
    else:
        why = str(error) or type(error).__name__
    return (
        f"--bootstrap-server {servers}: cannot connect within {CONNECT_TIMEOUT_S} s ({why}); "
        "is a broker listening there, and does it want --client-config?"
    )


def _check_created(topic: str, response: Any) -> None:
    for _, code, *message in response.topic_errors:
        if code:
            raise UsageError(
                f"cannot create topic {topic}: error {code} {' '.join(map(str, message))}"
            )


async def _clean_up(admin: Any, topic: str, group_id: str) -> None:
    """Delete the topic and the group; a group whose members have just gone needs a moment."""
    from aiokafka.errors import IncompatibleBrokerVersion
    from aiokafka.protocol.admin import DeleteGroupsRequest

    await admin.delete_topics([topic])
    coordinator = await admin.find_coordinator(group_id)
    async with asyncio.timeout(CONNECT_TIMEOUT_S):
        while True:
            try:
                response = await admin._send_request_to_node(
                    coordinator, DeleteGroupsRequest([group_id])
                )
            except IncompatibleBrokerVersion:
                return  # a broker without DeleteGroups (ours, today) forgets groups by itself
            if all(code != _NON_EMPTY_GROUP for _, code in response.results):
                return
            await asyncio.sleep(0.1)


_NON_EMPTY_GROUP = 68
