"""Kafka messages from bytes to plain dicts and back, after the schemas that kio carries.

kio's own reader cannot stand at a server's door: an unknown tagged field raises KeyError where
Kafka skips it, and an array that claims two thousand million entries makes its native code ask for
the memory at once and abort the process. So the schemas are kio's, the walk over the bytes is ours
(reading.py, writing.py).

A message is a dict: kio's field names, durations and times as integer milliseconds, error codes as
integers, the zero uuid as None. Reading gives every field of the version. Writing takes what the
version knows and ignores the rest, and what is left out has Kafka's default, so that one handler
answers in all versions of its API.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from rebalance.broker.wire.reading import Reader, compile_reader
from rebalance.broker.wire.schemas import schema
from rebalance.broker.wire.writing import Writer, compile_writer

__all__ = ["Message", "Wire", "load_wire"]

Message: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """How one API in one version reads requests and writes responses, headers apart."""

    read_header: Reader
    read_request: Reader
    write_response: Writer
    flexible_response_header: bool


@cache
def load_wire(name: str, version: int) -> Wire:
    """The codec of an API and version; imports its schema on first use."""
    request = schema(name, version, "request")
    response = schema(name, version, "response")
    return Wire(
        read_header=compile_reader(request.__header_schema__),
        read_request=compile_reader(request),
        write_response=compile_writer(response),
        flexible_response_header=response.__header_schema__.__flexible__,
    )
