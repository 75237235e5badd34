"""Raw frames over one blocking socket, in any version, written and read by kio.

Why: a conversation must be able to say what no client library would: an old version, a wrong
generation, a second request of the same member. Nothing of the project's own codec is used, so
that the broker under test cannot agree with itself; a schema that kio lacks is the project's, and
both brokers must understand it.
"""

from __future__ import annotations

import dataclasses
import datetime
import io
import select
import socket
import struct
import typing
from collections.abc import Mapping
from itertools import count
from typing import Any

from kio.schema.errors import ErrorCode
from kio.serial import entity_reader, entity_writer

from rebalance.broker.wire.schemas import schema

ANSWER_TIMEOUT_S = 20.0
"""How long a test waits for an answer that must come; it never waits for one that must not."""


class NoAnswerError(AssertionError):
    """An answer that had to come did not."""


class Connection:
    """One connection; Kafka answers its requests one after the other."""

    def __init__(self, address: tuple[str, int], client_id: str | None) -> None:
        self._socket = socket.create_connection(address, timeout=ANSWER_TIMEOUT_S)
        self._client_id = client_id
        self._correlation_ids = count(1)
        self._sent: list[tuple[str, int, int]] = []

    def close(self) -> None:
        """Close; a parked request is forgotten."""
        self._socket.close()

    def ask(self, api: str, version: int, fields: Mapping[str, Any]) -> Any:
        """Send a request and wait for its answer."""
        self.send(api, version, fields)
        return self.receive()

    def send(
        self, api: str, version: int, fields: Mapping[str, Any], *, tagged: bool = False
    ) -> None:
        """Send a request; what the version does not know is left out.

        `tagged`: header and body of a flexible version end with a tagged field that nobody knows.
        """
        entity = schema(api, version, "request")
        correlation_id = next(self._correlation_ids)
        header = _make(
            entity.__header_schema__,
            {
                "request_api_key": entity.__api_key__,
                "request_api_version": version,
                "correlation_id": correlation_id,
                "client_id": self._client_id,
            },
        )
        parts = [_encode(header), _encode(_make(entity, fields))]
        if tagged:
            parts = [_with_unknown_tag(part) for part in parts]
        body = b"".join(parts)
        self._socket.sendall(struct.pack(">i", len(body)) + body)
        self._sent.append((api, version, correlation_id))

    def receive(self) -> Any:
        """The answer to the oldest request without one.

        Raises:
            NoAnswerError: the connection was closed or nothing came in time.
        """
        api, version, correlation_id = self._sent.pop(0)
        entity = schema(api, version, "response")
        try:
            frame = self._read(struct.unpack(">i", self._read(4))[0])
        except TimeoutError:
            raise NoAnswerError(f"{api} v{version} of {self._client_id}: no answer") from None
        header, start = entity_reader(entity.__header_schema__)(frame, 0)
        assert header.correlation_id == correlation_id
        answer, size = entity_reader(entity)(frame[start:], 0)
        assert start + size == len(frame), f"{api} v{version}: bytes left over"
        return answer

    def exchange(self, frame: bytes) -> bytes | None:
        """Send bytes as a frame; those of the answer, or None where the connection ends instead.

        Raises:
            NoAnswerError: neither, in time.
        """
        self._socket.sendall(struct.pack(">i", len(frame)) + frame)
        try:
            return self._read(struct.unpack(">i", self._read(4))[0])
        except TimeoutError:
            raise NoAnswerError(f"{frame[:8].hex()}...: no answer") from None
        except (ConnectionError, NoAnswerError):
            return None

    @property
    def has_answer(self) -> bool:
        """Bytes (or the end of the connection) can be read now."""
        poll = select.poll()  # unlike select.select, of any number of connections
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))

    @property
    def is_waiting(self) -> bool:
        """A request was sent and its answer not taken yet."""
        return bool(self._sent)

    def _read(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            part = self._socket.recv(size - len(parts))
            if not part:
                raise NoAnswerError(f"connection of {self._client_id} was closed")
            parts += part
        return bytes(parts)


def _with_unknown_tag(flexible: bytes) -> bytes:
    """An entity that ended with no tagged fields ends with one of number 100, of two bytes."""
    assert flexible.endswith(b"\0"), "tagged fields of its own"
    return flexible[:-1] + b"\x01\x64\x02??"


def _encode(entity: Any) -> bytes:
    with io.BytesIO() as out:
        entity_writer(type(entity))(out, entity)
        return out.getvalue()


def _make(entity: type[Any], values: Mapping[str, Any]) -> Any:
    filled: dict[str, Any] = {}
    for field in dataclasses.fields(entity):
        if field.name in values:
            filled[field.name] = _value(field, values[field.name])
        elif field.default is dataclasses.MISSING:
            filled[field.name] = _zero(field)
    return entity(**filled)


def _value(field: dataclasses.Field[Any], value: Any) -> Any:
    if str(field.metadata.get("kafka_type", "")).startswith("timedelta"):
        return datetime.timedelta(milliseconds=value)
    nested = _nested(field.type)
    if nested is not None and value is not None:
        if isinstance(value, Mapping):
            return _make(nested, value)
        return tuple(_make(nested, item) for item in value)
    return tuple(value) if isinstance(value, list) else value


def _zero(field: dataclasses.Field[Any]) -> Any:
    kafka_type = str(field.metadata.get("kafka_type", ""))
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
