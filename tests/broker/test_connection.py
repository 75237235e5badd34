"""Rule A05, frames that are no frames, and one request at a time."""

from __future__ import annotations

import asyncio
import logging
import random
import struct

import pytest

from rebalance.broker import EmbeddedBroker, connection
from rebalance.broker.apis import APIS
from tests.broker.raw import (
    ALL_VERSIONS,
    KEYS,
    RawConnection,
    connected,
    framed,
    request_body,
    run,
    schema,
)
from tests.support.brokers import KafkaBroker

_SOFTWARE = {"client_software_name": "raw", "client_software_version": "1.0"}


async def _is_alive(client: RawConnection) -> bool:
    answer = await client.ask("metadata", 1, {"topics": None})
    return bool(answer.brokers)


def _header(key: int, version: int) -> bytes:
    return struct.pack(">hhih", key, version, 7, -1)


@pytest.mark.parametrize("version", [6, 99, 32767, -1])
def test_a05_an_unsupported_api_versions_gets_error_35_in_the_layout_of_v0(version: int) -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker, connected(broker) as client:
            tags = b"\0" if version > 0 else b""  # as in the newest version that is served
            client.writer.write(framed(_header(KEYS["api_versions"], version) + tags))
            frame = await client.receive_frame()
            # Header v0: the correlation id only. Body v0: error, one entry (key, min, max).
            assert frame == struct.pack(">ihi", 7, 35, 1) + struct.pack(">hhh", 18, 0, 5)
            assert await _is_alive(client)

    run(main())


def test_a05_an_unsupported_api_versions_without_a_whole_header_closes_the_connection() -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker, connected(broker) as client:
            client.writer.write(framed(_header(KEYS["api_versions"], 6)))
            assert await client.is_closed_by_peer()

    run(main())


def test_a05_the_response_header_of_api_versions_is_always_v0() -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker, connected(broker) as client:
            for version in range(6):
                correlation_id = client.send("api_versions", version, _SOFTWARE)
                frame = await client.receive_frame()
                # No tagged fields between correlation id and error code.
                assert struct.unpack_from(">ih", frame) == (correlation_id, 0)

    run(main())


@pytest.mark.parametrize("key", sorted(set(APIS) - {18}))
def test_a05_an_unsupported_version_of_another_api_closes_the_connection(key: int) -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker, connected(broker) as other:
            for version in (APIS[key].oldest - 1, APIS[key].newest + 1):
                async with connected(broker) as client:
                    client.writer.write(framed(_header(key, version)))
                    assert await client.is_closed_by_peer()
            assert await _is_alive(other)

    run(main())


@pytest.mark.parametrize("key", [-1, 4, 999])
async def test_a05_an_unknown_api_closes_the_connection(
    key: int, kafka_broker: KafkaBroker
) -> None:
    async with connected(kafka_broker) as client:
        client.writer.write(framed(_header(key, 0)))
        assert await client.is_closed_by_peer()


async def test_a05_what_is_advertised_is_within_what_apache_kafka_advertises(
    kafka_broker: KafkaBroker,
) -> None:
    """Each range begins where Kafka's begins and ends no later."""
    async with connected(kafka_broker) as client:
        answer = await client.ask("api_versions", 0)
        theirs = {entry.api_key: entry for entry in answer.api_keys}
        for api in APIS.values():
            least, most = api.advertised
            assert theirs[api.key].min_version == least, api
            assert theirs[api.key].max_version >= most, api


async def test_a05_a_produce_version_that_is_only_advertised_closes_the_connection(
    kafka_broker: KafkaBroker,
) -> None:
    async with connected(kafka_broker) as client:
        client.writer.write(framed(_header(KEYS["produce"], 2) + bytes(10)))
        assert await client.is_closed_by_peer()


@pytest.mark.parametrize(
    ("name", "version", "refused"),
    [
        ("librdkafka", "2.6.0", False),
        ("a", "1", False),
        ("apache-kafka-java", "4.4.0-rc.1", False),
        ("", "1.0", True),
        ("raw", "", True),
        ("my client", "1.0", True),
        ("-raw", "1.0", True),
        ("raw", "-1.0", True),
        ("raw-", "1.0", True),
    ],
)
@pytest.mark.parametrize("api_version", [3, 4])
async def test_a08_the_software_name_is_checked(
    name: str, version: str, refused: bool, api_version: int, kafka_broker: KafkaBroker
) -> None:
    async with connected(kafka_broker) as client:
        software = {"client_software_name": name, "client_software_version": version}
        answer = await client.ask("api_versions", api_version, software)
        assert answer.error_code.value == (42 if refused else 0)
        assert (answer.api_keys == ()) == refused


@pytest.mark.parametrize(
    "sent",
    [
        struct.pack(">i", -1),
        struct.pack(">i", 0),
        struct.pack(">i", 7) + bytes(7),
        struct.pack(">i", 104_857_601),
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
        framed(_header(3, 12)),
        framed(_header(3, 1) + struct.pack(">i", 2**31 - 1)),
        # An array that claims two thousand million entries: kio's reader would end the process.
        framed(_header(3, 12) + b"\x00" + b"\xff\xff\xff\xff\x0f"),
        framed(_header(3, 12) + b"\x00" + b"\xff" * 12),
        framed(_header(11, 5) + struct.pack(">h", 32767)),
        framed(_header(12, 0) + struct.pack(">h", -1)),
    ],
    ids=lambda sent: sent[:12].hex(),
)
def test_what_is_no_request_ends_its_own_connection_quietly(
    sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker, connected(broker) as other:
            async with connected(broker) as client:
                client.writer.write(sent)
                assert await client.is_closed_by_peer()
            assert await _is_alive(other)
            async with connected(broker) as new:
                assert await _is_alive(new)

    caplog.set_level(logging.INFO)
    run(main())
    assert [record for record in caplog.records if record.name == "rebalance.broker"] == []


def test_a_frame_that_breaks_off_ends_quietly(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker:
            whole = framed(request_body("metadata", 1, {"topics": None}))
            for size in range(1, len(whole)):
                async with connected(broker) as client:
                    client.writer.write(whole[:size])
                    client.writer.write_eof()
                    assert await client.is_closed_by_peer()
            async with connected(broker) as client:
                assert await _is_alive(client)

    caplog.set_level(logging.INFO)
    run(main())
    assert [record for record in caplog.records if record.name == "rebalance.broker"] == []


def test_the_largest_frame_is_a_setting() -> None:
    async def main() -> None:
        settings = {"socket.request.max.bytes": "100"}
        async with EmbeddedBroker(settings) as broker, connected(broker) as client:
            assert await _is_alive(client)
            client.writer.write(struct.pack(">i", 101))
            assert await client.is_closed_by_peer()

    run(main())


@pytest.mark.parametrize("seed", range(4))
def test_random_bytes_after_a_good_header_never_fail_the_broker(
    seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Every API and version, bodies of chance: an answer or a closed connection, no traceback."""

    async def main() -> None:
        chance = random.Random(seed)
        async with EmbeddedBroker() as broker:
            for name, version in ALL_VERSIONS:
                header = _header(KEYS[name], version)
                if schema(name, version, "request").__flexible__:
                    header += b"\x00"
                body = bytes(
                    chance.choice((0, 0, 0, 1, 2, 255, chance.randrange(256)))
                    for _ in range(chance.randrange(60))
                )
                async with connected(broker) as client:
                    client.writer.write(framed(header + body))
                    client.writer.write_eof()
                    await client.reader.read(1)
            async with connected(broker) as client:
                assert await _is_alive(client)

    caplog.set_level(logging.INFO)
    run(main())
    assert [record for record in caplog.records if record.name == "rebalance.broker"] == []


def test_an_unknown_tagged_field_is_skipped_in_header_and_body() -> None:
    async def main() -> None:
        tags = b"\x02" + b"\x63\x03abc" + b"\x64\x00"
        async with EmbeddedBroker() as broker, connected(broker) as client:
            header = struct.pack(">hhih", KEYS["metadata"], 12, 7, -1) + tags
            topic = bytes(16) + b"\x07orders" + tags
            client.writer.write(framed(header + b"\x02" + topic + b"\x01\x00" + tags))
            answer = client.read("metadata", 12, await client.receive_frame(), 7)
            assert [topic.name for topic in answer.topics] == ["orders"]

    run(main())


def test_answers_come_in_the_order_of_the_requests() -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker, connected(broker) as client:
            order = [("metadata", 1), ("api_versions", 0), ("metadata", 9), ("api_versions", 2)]
            # The first has to wait: a broker that works ahead answers another one before it.
            asked = [client.send("fetch", 11, fetch_of("missing", max_wait_ms=20))]
            asked += [client.send(name, version, {"topics": None}) for name, version in order]
            assert len(set(asked)) == len(asked)
            frames = [await client.receive_frame() for _ in asked]
            assert [struct.unpack_from(">i", frame)[0] for frame in frames] == asked
            for (name, version), frame, correlation_id in zip(
                order, frames[1:], asked[1:], strict=True
            ):
                client.read(name, version, frame, correlation_id)

    run(main())


def test_a_waiting_request_holds_up_its_own_connection_only() -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker:
            broker.create_topic("orders", 1)
            async with connected(broker) as waiting, connected(broker) as other:
                waiting.send("fetch", 11, fetch_of("orders", max_wait_ms=3_600_000))
                waiting.send("metadata", 1, {"topics": None})
                assert await _is_alive(other)
                assert waiting.reader._buffer == b"", "nothing came"  # type: ignore[attr-defined]
                await other.ask("delete_topics", 1, {"topic_names": ["orders"], "timeout": 0})
                await waiting.receive("fetch", 11)
                await waiting.receive("metadata", 1)

    run(main())


def fetch_of(topic: str, *, max_wait_ms: int) -> dict[str, object]:
    """A fetch of partition 0 from offset 0."""
    part = {"partition": 0, "fetch_offset": 0, "partition_max_bytes": 1000}
    return {
        "replica_id": -1,
        "max_wait": max_wait_ms,
        "min_bytes": 1,
        "max_bytes": 1000,
        "topics": [{"topic": topic, "partitions": [part]}],
    }


def test_an_idle_connection_is_closed() -> None:
    async def main() -> None:
        settings = {"connections.max.idle.ms": "1"}
        async with EmbeddedBroker(settings) as broker, connected(broker) as client:
            assert await client.is_closed_by_peer()

    run(main())


def test_a_peer_that_goes_while_it_waits_harms_nobody() -> None:
    async def main() -> None:
        async with EmbeddedBroker() as broker, connected(broker) as other:
            broker.create_topic("orders", 1)
            for _ in range(20):
                gone = RawConnection(*await asyncio.open_connection("127.0.0.1", broker.port))
                gone.send("fetch", 11, fetch_of("orders", max_wait_ms=3_600_000))
                await gone.writer.drain()
                gone.writer.transport.abort()
            assert await _is_alive(other)

    run(main())


def test_a_handler_that_fails_is_told_with_a_traceback_and_ends_its_connection_only(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*arguments: object) -> None:
        raise ZeroDivisionError

    async def main() -> None:
        async with EmbeddedBroker() as broker, connected(broker) as other:
            await _is_alive(other)
            monkeypatch.setattr(connection, "load_handler", lambda key: broken)
            async with connected(broker) as client:
                client.send("metadata", 1, {"topics": None})
                assert await client.is_closed_by_peer()
            monkeypatch.undo()
            assert await _is_alive(other)

    run(main())
    (record,) = (r for r in caplog.records if r.name == "rebalance.broker")
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError
