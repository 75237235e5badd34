"""Where the demo runs: on the embedded broker, or on a cluster of the user's, left as it was found.

Rule kept: on a real cluster the topic and the group have names of their own, and both are deleted
at the end, however the demo ends.
"""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
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


def place(
    settings: DemoSettings,
    log: trace.Trace,
    clock: Callable[[], int],
    warn: Callable[[str], None],
) -> AbstractAsyncContextManager[Place]:
    """Where the settings say: the embedded broker, or a cluster."""
    if settings.bootstrap_servers is None:
        return embedded(settings, log, clock)
    return cluster(settings, log, clock, warn)


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
    settings: DemoSettings,
    log: trace.Trace,
    clock: Callable[[], int],
    warn: Callable[[str], None],
) -> AsyncIterator[Place]:
    """A running cluster; causes are the script's own word, for a client is told none."""
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic

    servers = settings.bootstrap_servers or ""
    _check_addresses(servers)
    suffix = secrets.token_hex(4)
    topic, group_id = f"rebalance-demo-{suffix}", f"rebalance-demo-{suffix}"
    admin = AIOKafkaAdminClient(bootstrap_servers=servers, **settings.client_arguments)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await admin.start()
    except Exception as error:
        await _close(admin)
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
            await _clean_up(admin, topic, group_id, settings.session_timeout_ms, warn)
    finally:
        await _close(admin)


async def _close(admin: Any) -> None:
    with contextlib.suppress(Exception):  # nothing depends on it any more
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await admin.close()


def _check_addresses(servers: str) -> None:
    """A typo in an address is not a broker that does not answer."""
    for address in servers.split(","):
        host, colon, port = address.strip().rpartition(":")
        if not (colon and host and port.isdigit() and 0 < int(port) < 65536):
            raise UsageError(
                f"--bootstrap-server {servers}: {address.strip()!r} is no address; "
                "write HOST:PORT, or several with commas between them"
            )


def _unreachable(servers: str, error: BaseException) -> str:
    from aiokafka.errors import KafkaConnectionError

    if isinstance(error, TimeoutError):
        why = f"no answer within {CONNECT_TIMEOUT_S} s"
    elif isinstance(error, KafkaConnectionError):
        why = "no such host, refused, or closed at once"
    else:
        why = str(error) or type(error).__name__
    return (
        f"--bootstrap-server {servers}: cannot connect ({why}); is a broker listening there, "
        "and do its security settings agree with --client-config?"
    )


def _check_created(topic: str, response: Any) -> None:
    for _, code, *message in response.topic_errors:
        if code:
            raise UsageError(
                f"cannot create topic {topic}: error {code} {' '.join(map(str, message))}"
            )


async def _clean_up(
    admin: Any, topic: str, group_id: str, session_timeout_ms: int, warn: Callable[[str], None]
) -> None:
    """Delete the topic and the group; what cannot be deleted is said, and never hides an error."""
    try:
        # A member that could not say goodbye keeps the group for a session.
        async with asyncio.timeout(CONNECT_TIMEOUT_S + session_timeout_ms / 1000):
            await admin.delete_topics([topic])
            await _delete_group(admin, group_id)
    except Exception as error:
        why = str(error) or type(error).__name__
        warn(
            f"left behind on the cluster: topic {topic} and group {group_id}, or one of them: {why}"
        )


async def _delete_group(admin: Any, group_id: str) -> None:
    from aiokafka.errors import for_code
    from aiokafka.protocol.admin import DeleteGroupsRequest

    coordinator = await admin.find_coordinator(group_id)
    while True:
        request = DeleteGroupsRequest([group_id])
        response = await admin._send_request_to_node(coordinator, request)
        ((_, code),) = response.results
        if code in (_NONE, _GROUP_ID_NOT_FOUND):
            return
        if code != _NON_EMPTY_GROUP:
            raise for_code(code)(f"group {group_id}")
        await asyncio.sleep(0.1)


_NONE, _GROUP_ID_NOT_FOUND = 0, 69
_NON_EMPTY_GROUP = 68
