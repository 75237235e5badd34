"""A client that speaks raw frames, with kio's own writers and readers as the oracle.

The broker has a codec of its own; what it reads here was written by kio, and what it writes kio
must be able to read.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import io
import struct
import typing
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any, Protocol

from kio.schema.errors import ErrorCode
from kio.serial import entity_reader, entity_writer

from rebalance.broker.apis import APIS
from rebalance.broker.wire.schemas import schema
from tests.support.aio import run

__all__ = [
    "ALL_VERSIONS",
    "KEYS",
    "RawConnection",
    "connected",
    "create_topic",
    "framed",
    "request_body",
    "run",
    "schema",
    "until",
]

KEYS = {api.name: key for key, api in APIS.items()}
ALL_VERSIONS = [
    (api.name, version) for api in APIS.values() for version in range(api.oldest, api.newest + 1)
]


def make(entity: type[Any], values: Mapping[str, Any]) -> Any:
    """A kio entity from plain values; what the version does not know is left out."""
    filled = {}
    for field in dataclasses.fields(entity):
        if field.name in values:
            filled[field.name] = _value(field, values[field.name])
        elif field.default is dataclasses.MISSING:
            filled[field.name] = _zero(field)
    return entity(**filled)


def _value(field: dataclasses.Field[Any], value: Any) -> Any:
    kafka_type = field.metadata.get("kafka_type", "")
    if kafka_type.startswith("timedelta"):
        return datetime.timedelta(milliseconds=value)
    nested = _nested(field.type)
    if nested is not None and value is not None:
        if isinstance(value, Mapping):
            return make(nested, value)
        return tuple(make(nested, item) for item in value)
    return tuple(value) if isinstance(value, list) else value


def _zero(field: dataclasses.Field[Any]) -> Any:
    kafka_type = field.metadata.get("kafka_type", "")
    if typing.get_origin(field.type) is tuple:
        return ()
    if type(None) in typing.get_args(field.type):
        return None
    if kafka_type.startswith("timedelta"):
        return datetime.timedelta()
    return {"string": "", "bytes": b"", "bool": False, "error_code": ErrorCode.none}.get(
        kafka_type, 0
    )


def _nested(kind: Any) -> type[Any] | None:
    for part in (kind, *typing.get_args(kind)):
        for inner in (part, *typing.get_args(part)):
            if isinstance(inner, type) and dataclasses.is_dataclass(inner):
                return inner
    return None


def encode(entity: Any) -> bytes:
    """kio's bytes of an entity."""
    with io.BytesIO() as out:
        entity_writer(type(entity))(out, entity)
        return out.getvalue()


def request_body(
    name: str, version: int, values: Mapping[str, Any], correlation_id: int = 7
) -> bytes:
    """Header and body of a request, without the size in front."""
    request = schema(name, version, "request")
    header = make(
        request.__header_schema__,
        {
            "request_api_key": KEYS[name],
            "request_api_version": version,
            "correlation_id": correlation_id,
            "client_id": "raw",
        },
    )
    return encode(header) + encode(make(request, values))


def framed(body: bytes) -> bytes:
    """A frame: the size, then the body."""
    return struct.pack(">i", len(body)) + body


class RawConnection:
    """One connection to the broker.

    Every request has a correlation id of its own; answers must come in the order of the requests.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._correlation_ids = count(1)
        self._unanswered: deque[int] = deque()

    async def ask(self, name: str, version: int, values: Mapping[str, Any] = {}) -> Any:
        """Send a request, wait for the response and let kio read it."""
        self.send(name, version, values)
        return await self.receive(name, version)

    def send(
        self, name: str, version: int, values: Mapping[str, Any] = {}, *, answered: bool = True
    ) -> int:
        """Send a request; return its correlation id."""
        correlation_id = next(self._correlation_ids)
        if answered:
            self._unanswered.append(correlation_id)
        self.writer.write(framed(request_body(name, version, values, correlation_id)))
        return correlation_id

    async def receive(self, name: str, version: int) -> Any:
        """The response to the oldest request of `send`; all of its bytes must be used up."""
        return self.read(name, version, await self.receive_frame(), self._unanswered.popleft())

    @staticmethod
    def read(name: str, version: int, frame: bytes, correlation_id: int) -> Any:
        """A response out of its frame."""
        response = schema(name, version, "response")
        header, at = entity_reader(response.__header_schema__)(frame, 0)
        assert header.correlation_id == correlation_id
        entity, size = entity_reader(response)(frame[at:], 0)
        assert at + size == len(frame)
        return entity

    async def receive_frame(self) -> bytes:
        """The next frame without its size."""
        (size,) = struct.unpack(">i", await self.reader.readexactly(4))
        return await self.reader.readexactly(size)

    async def is_closed_by_peer(self) -> bool:
        """Wait until the broker closes; anything else that comes is a failure."""
        try:
            return await self.reader.read(1) == b""
        except ConnectionResetError:
            return True

    async def close(self) -> None:
        """Close."""
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()


async def until(condition: Callable[[], object]) -> None:
    """Wait for what the broker tells nobody, as who waits for it; the test has the deadline."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.001)


class _Reachable(Protocol):
    @property
    def bootstrap_servers(self) -> str: ...


@asynccontextmanager
async def connected(broker: _Reachable) -> AsyncIterator[RawConnection]:
    """A connection for the length of a block."""
    host, _, port = broker.bootstrap_servers.split(",")[0].rpartition(":")
    connection = RawConnection(*await asyncio.open_connection(host.strip("[]"), int(port)))
    try:
        yield connection
    finally:
        await connection.close()


async def create_topic(client: RawConnection, name: str, partitions: int = 1) -> Any:
    """Create a topic and return its id once every partition answers."""
    wanted = {"name": name, "num_partitions": partitions, "replication_factor": 1}
    answer = await client.ask("create_topics", 7, {"topics": [wanted], "timeout": 30_000})
    assert answer.topics[0].error_code.value == 0, answer
    parts = [{"partition_index": index, "timestamp": -1} for index in range(partitions)]
    asked = {"replica_id": -1, "topics": [{"name": name, "partitions": parts}]}
    while True:
        (entry,) = (await client.ask("list_offsets", 8, asked)).topics
        if not any(part.error_code.value for part in entry.partitions):
            return answer.topics[0].topic_id
