"""Reads a message of a kio schema out of bytes that anybody may have sent.

Every length is held against what is left before anything is made of it, unknown tagged fields are
skipped (KIP-482), and whatever is wrong is one WireError.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable
from typing import Any, TypeAlias

from rebalance.broker.errors import WireError
from rebalance.broker.wire.schema_fields import FIXED, SchemaField, schema_fields

__all__ = ["Reader", "compile_reader"]

_MAX_TEXT_BYTES = 2**15 - 1
"""Also where a compact length could say more; Kafka too closes the connection then."""

Reader: TypeAlias = Callable[[bytes, int], tuple[Any, int]]


def read_uvarint(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned varint of at most five bytes, and the position after it."""
    if at < len(data) and data[at] < 0x80:  # nearly all of them
        return data[at], at + 1
    value = 0
    for shift in range(0, 35, 7):
        if at >= len(data):
            raise WireError("the request ends inside a length")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise WireError("a length is longer than five bytes")


def _take(data: bytes, at: int, size: int) -> bytes:
    if size < 0 or at + size > len(data):
        raise WireError(f"{size} bytes announced, {len(data) - at} left")
    return data[at : at + size]


def _fixed_reader(layout: str) -> Reader:
    unpack, size = struct.Struct(layout).unpack_from, struct.calcsize(layout)

    def read(data: bytes, at: int) -> tuple[Any, int]:
        if at + size > len(data):
            raise WireError("the request ends inside a number")
        return unpack(data, at)[0], at + size

    return read


def _read_uuid(data: bytes, at: int) -> tuple[uuid.UUID | None, int]:
    raw = _take(data, at, 16)
    return (uuid.UUID(bytes=raw) if any(raw) else None), at + 16


def _length_reader(*, flexible: bool, short: bool) -> Callable[[bytes, int], tuple[int, int]]:
    """Reads the length in front of a string, bytes or an array; -1 stands for null."""
    if flexible:

        def read_compact(data: bytes, at: int) -> tuple[int, int]:
            value, at = read_uvarint(data, at)
            return value - 1, at

        return read_compact
    return _fixed_reader(">h" if short else ">i")


def _sized_reader(field: SchemaField, *, flexible: bool) -> Reader:
    is_text = field.kafka_type in ("string", "legacy_string")
    length = _length_reader(
        flexible=flexible and field.kafka_type != "legacy_string", short=is_text
    )
    nullable = field.nullable and not field.is_array

    def read(data: bytes, at: int) -> tuple[Any, int]:
        size, at = length(data, at)
        if size < 0:
            if size == -1 and nullable:
                return None, at
            raise WireError(f"{field.name} must not be null")
        if is_text and size > _MAX_TEXT_BYTES:
            raise WireError(f"{field.name} of {size} bytes; a string has {_MAX_TEXT_BYTES} at most")
        raw = _take(data, at, size)
        # Java replaces what is not UTF-8 and goes on, and so do we.
        return (raw.decode("utf-8", "replace") if is_text else raw), at + size

    return read


def _array_reader(field: SchemaField, item: Reader, *, flexible: bool) -> Reader:
    length = _length_reader(flexible=flexible, short=False)

    def read(data: bytes, at: int) -> tuple[Any, int]:
        count, at = length(data, at)
        if count < 0:
            if count == -1 and field.nullable:
                return None, at
            raise WireError(f"{field.name} must not be null")
        if count > len(data) - at:
            raise WireError(f"{field.name}: {count} entries in {len(data) - at} bytes")
        items = []
        for _ in range(count):
            value, at = item(data, at)
            items.append(value)
        return items, at

    return read


def _nullable_entity_reader(inner: Reader) -> Reader:
    """KIP-893: a struct that may be null has a sign byte in front."""

    def read(data: bytes, at: int) -> tuple[Any, int]:
        marker = _take(data, at, 1)[0]
        return (None, at + 1) if marker >= 0x80 else inner(data, at + 1)

    return read


def _field_reader(field: SchemaField, *, flexible: bool) -> Reader:
    item: Reader
    if field.entity is not None:
        item = compile_reader(field.entity)
        if field.nullable and not field.is_array and field.tag is None:
            item = _nullable_entity_reader(item)
    elif field.kafka_type in FIXED:
        item = _fixed_reader(FIXED[field.kafka_type])
    elif field.kafka_type == "uuid":
        item = _read_uuid
    else:
        item = _sized_reader(field, flexible=flexible)
    return _array_reader(field, item, flexible=flexible) if field.is_array else item


def compile_reader(entity: type) -> Reader:
    """A reader of one kio schema class.

    The reader takes bytes and a position and returns the message and the position after it. It
    raises WireError for anything that is not such a message; trailing bytes are left alone.
    """
    flexible: bool = entity.__flexible__  # type: ignore[attr-defined]
    fields = schema_fields(entity)
    plain = [(f.name, _field_reader(f, flexible=flexible)) for f in fields if f.tag is None]
    tagged = {
        f.tag: (f.name, _field_reader(f, flexible=flexible)) for f in fields if f.tag is not None
    }
    tag_defaults = {f.name: f.default for f in fields if f.tag is not None}

    def read(data: bytes, at: int) -> tuple[dict[str, Any], int]:
        message: dict[str, Any] = {}
        for name, read_field in plain:
            message[name], at = read_field(data, at)
        if flexible:
            if tag_defaults:
                message.update(tag_defaults)
            at = _read_tags(data, at, tagged, message)
        return message, at

    return read


def _read_tags(
    data: bytes, at: int, tagged: dict[int, tuple[str, Reader]], message: dict[str, Any]
) -> int:
    """Read the known tags into `message`, skip the others, as Kafka does (KIP-482)."""
    count, at = read_uvarint(data, at)
    for _ in range(count):
        tag, at = read_uvarint(data, at)
        size, at = read_uvarint(data, at)
        value = _take(data, at, size)
        if tag in tagged:
            name, read_field = tagged[tag]
            message[name], _ = read_field(value, 0)
        at += size
    return at
