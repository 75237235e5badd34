"""Requests out and responses in, with the embedded broker's own codec turned around.

Both brokers are asked by the same bytes, so what the client costs is the same for both.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import cache
from typing import Any

from rebalance.broker.apis import APIS
from rebalance.broker.wire.reading import Reader, compile_reader
from rebalance.broker.wire.schemas import schema
from rebalance.broker.wire.writing import Writer, compile_writer

__all__ = ["CORRELATION_ID", "SIZE", "request", "response"]

SIZE = struct.Struct(">i")
_HEADER = struct.Struct(">hhi")
CORRELATION_ID = 7
"""One request at a time is under way on each connection, so that one number serves."""

_CLIENT_ID = b"load"
_KEYS = {api.name: api.key for api in APIS.values()}


@cache
def _writer(name: str, version: int) -> tuple[Writer, bytes]:
    message = schema(name, version, "request")
    header = _HEADER.pack(_KEYS[name], version, CORRELATION_ID)
    header += struct.pack(">h", len(_CLIENT_ID)) + _CLIENT_ID
    return compile_writer(message), header + (b"\0" if message.__flexible__ else b"")


@cache
def _reader(name: str, version: int) -> tuple[Reader, int]:
    message = schema(name, version, "response")
    return compile_reader(message), 5 if message.__header_schema__.__flexible__ else 4


def request(name: str, version: int, body: Mapping[str, Any]) -> bytes:
    """A whole frame; fields as kio names them."""
    write, header = _writer(name, version)
    out = bytearray(SIZE.size) + header
    write(out, dict(body))
    SIZE.pack_into(out, 0, len(out) - SIZE.size)
    return bytes(out)


def response(name: str, version: int, frame: bytes) -> dict[str, Any]:
    """The body of a response in its frame, which comes without its size."""
    read, at = _reader(name, version)
    body: dict[str, Any] = read(frame, at)[0]
    return body
