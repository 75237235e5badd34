"""How connections end: the last answers go out, and a peer that never reads holds nothing."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from rebalance.broker import EmbeddedBroker
from rebalance.broker.nodes import node
from tests.broker.batch_maker import batch
from tests.broker.raw import connected, framed, request_body, run, until

_LARGE = 900_000
_REQUESTS = 40
"""So many answers of `_LARGE` bytes are far more than sockets buffer."""

_FETCH = {
    "replica_id": -1,
    "max_wait": 1000,
    "min_bytes": 1,
    "max_bytes": _LARGE,
    "topics": [
        {
            "topic": "orders",
            "partitions": [{"partition": 0, "fetch_offset": 0, "partition_max_bytes": _LARGE}],
        }
    ],
}


def _connections(broker: EmbeddedBroker) -> dict[asyncio.Task[None], asyncio.StreamWriter]:
    """Those that the broker's one node counts."""
    (only,) = broker._nodes.values()
    return only.connections


def _flood() -> bytes:
    """Requests whose answers nobody could buffer."""
    return framed(request_body("fetch", 11, _FETCH)) * _REQUESTS


@asynccontextmanager
async def _broker(settings: Mapping[str, str]) -> AsyncIterator[EmbeddedBroker]:
    """A broker with one large batch in partition 0 of "orders"."""
    async with EmbeddedBroker(settings) as broker:
        broker.create_topic("orders", 1)
        async with connected(broker) as client:
            data = {"index": 0, "records": batch(bytes(_LARGE))}
            asked = {"acks": -1, "topic_data": [{"name": "orders", "partition_data": [data]}]}
            answer = await client.ask("produce", 8, asked)
            assert answer.responses[0].partition_responses[0].error_code.value == 0
        await until(lambda: not _connections(broker))
        yield broker


def _deaf(broker: EmbeddedBroker) -> socket.socket:
    """A peer that asks for much and never reads."""
    peer = socket.create_connection(("127.0.0.1", broker.port))
    peer.sendall(_flood())
    return peer


def _descriptor(writer: asyncio.StreamWriter) -> int:
    """The broker's file descriptor of a connection; -1 once it is given back."""
    found: int = writer.get_extra_info("socket").fileno()
    return found


async def _stuck(broker: EmbeddedBroker, *, and_closing: bool) -> asyncio.StreamWriter:
    """The broker's end of the one connection, once it has more to say than the peer takes."""
    await until(lambda: _connections(broker))
    (writer,) = _connections(broker).values()
    await until(lambda: writer.transport.get_write_buffer_size() > 0)
    if and_closing:
        await until(writer.transport.is_closing)
        await asyncio.sleep(0.05)  # whoever would forget it while it closes has forgotten it
    return writer


def test_a_peer_that_never_reads_counts_until_its_socket_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(node, "LINGER_SECONDS", 1)

    async def main() -> None:
        settings = {"connections.max.idle.ms": "200", "max.connections": "1"}
        async with _broker(settings) as broker:
            with _deaf(broker):
                writer = await _stuck(broker, and_closing=True)
                assert len(_connections(broker)) == 1, "closing, but not closed"
                async with connected(broker) as other:
                    assert await other.is_closed_by_peer(), "max.connections still counts it"
                await until(lambda: not _connections(broker))
                assert _descriptor(writer) == -1
                assert writer.transport.get_write_buffer_size() == 0
                async with connected(broker) as other:
                    assert (await other.ask("metadata", 1, {"topics": None})).brokers

    run(main())


@pytest.mark.parametrize("and_closing", [False, True], ids=["while it answers", "while it closes"])
@pytest.mark.deadline(20)
async def test_stop_aborts_peers_that_never_read(
    and_closing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node, "LINGER_SECONDS", 3600)
    settings = {"connections.max.idle.ms": "100" if and_closing else "3600000"}
    before = asyncio.all_tasks()
    async with _broker(settings) as broker:
        with _deaf(broker):
            writer = await _stuck(broker, and_closing=and_closing)
            await broker.stop()
            assert _descriptor(writer) == -1
            assert asyncio.all_tasks() == before


@pytest.mark.deadline(20)
async def test_a_cancelled_connection_does_not_linger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "LINGER_SECONDS", 3600)
    async with _broker({}) as broker:
        with _deaf(broker):
            writer = await _stuck(broker, and_closing=False)
            (task,) = _connections(broker)
            task.cancel()
            await asyncio.wait((task,))
            assert task.cancelled()
            assert _descriptor(writer) == -1


@pytest.mark.deadline(20)
async def test_a_peer_that_goes_gives_everything_back() -> None:
    async with _broker({}) as broker:
        peer = _deaf(broker)
        writer = await _stuck(broker, and_closing=False)
        peer.close()
        await until(lambda: not _connections(broker))
        assert _descriptor(writer) == -1


@pytest.mark.deadline(20)
async def test_the_last_answers_reach_a_peer_that_reads_late() -> None:
    """It says that it has no more to ask, and reads only then."""
    async with _broker({}) as broker, connected(broker) as client:
        for _ in range(_REQUESTS):
            client.send("fetch", 11, _FETCH)
        client.writer.write_eof()
        await _stuck(broker, and_closing=False)
        for _ in range(_REQUESTS):
            answer = await client.receive("fetch", 11)
            assert len(answer.responses[0].partitions[0].records) > _LARGE
        assert await client.is_closed_by_peer()
