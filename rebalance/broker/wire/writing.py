"""Writes a message of a kio schema: what the version knows, defaults for what is left out."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable
from typing import Any, TypeAlias

from rebalance.broker.wire.schema_fields import FIXED, SchemaField, schema_fields

__all__ = ["Writer", "compile_writer"]

Writer: TypeAlias = Callable[[bytearray, Any], None]


def write_uvarint(out: bytearray, value: int) -> None:
    """Append an unsigned varint."""
    while value > 0x7F:
        out.append(0x80 | (value & 0x7F))
        value >>= 7
    out.append(value)


def _fixed_writer(layout: str) -> Writer:
    pack = struct.Struct(layout).pack

    def write(out: bytearray, value: Any) -> None:
        out += pack(value)

    return write


def _time_writer(write_number: Writer) -> Writer:
    """Kafka says -1 for no time."""
    return lambda out, value: write_number(out, -1 if value is None else value)


def _write_uuid(out: bytearray, value: uuid.UUID | None) -> None:
    out += bytes(16) if value is None else value.bytes


def _length_writer(*, flexible: bool, short: bool) -> Callable[[bytearray, int], None]:
    if flexible:
        return lambda out, size: write_uvarint(out, size + 1)
    return _fixed_writer(">h" if short else ">i")


def _sized_writer(field: SchemaField, *, flexible: bool) -> Writer:
    is_text = field.kafka_type in ("string", "legacy_string")
    length = _length_writer(
        flexible=flexible and field.kafka_type != "legacy_string", short=is_text
    )
    # Where a version cannot say null it says "" (JoinGroup below v7, rule J16).
    null = -1 if field.nullable and not field.is_array else 0

    def write(out: bytearray, value: str | bytes | None) -> None:
        if value is None:
            length(out, null)
            return
        raw = value.encode() if isinstance(value, str) else value
        length(out, len(raw))
        out += raw

    return write


def _array_writer(field: SchemaField, item: Writer, *, flexible: bool) -> Writer:
    length = _length_writer(flexible=flexible, short=False)
    null = -1 if field.nullable else 0

    def write(out: bytearray, values: Any) -> None:
        if values is None:
            length(out, null)
            return
        length(out, len(values))
        for value in values:
            item(out, value)

    return write


def _nullable_entity_writer(inner: Writer) -> Writer:
    def write(out: bytearray, value: dict[str, Any] | None) -> None:
        if value is None:
            out.append(0xFF)
            return
        out.append(1)
        inner(out, value)

    return write


def _field_writer(field: SchemaField, *, flexible: bool) -> Writer:
    item: Writer
    if field.entity is not None:
        item = compile_writer(field.entity)
        if field.nullable and not field.is_array and field.tag is None:
            item = _nullable_entity_writer(item)
    elif field.kafka_type in FIXED:
        item = _fixed_writer(FIXED[field.kafka_type])
        if field.kafka_type == "datetime_i64":
            item = _time_writer(item)
    elif field.kafka_type == "uuid":
        item = _write_uuid
    else:
        item = _sized_writer(field, flexible=flexible)
    return _array_writer(field, item, flexible=flexible) if field.is_array else item


def compile_writer(entity: type) -> Writer:
    """A writer of one kio schema class: appends a message to a bytearray."""
    flexible: bool = entity.__flexible__  # type: ignore[attr-defined]
    fields = schema_fields(entity)
    plain = [
        (f.name, f.default, _field_writer(f, flexible=flexible)) for f in fields if f.tag is None
    ]
    tagged = sorted(
        (f.tag, f.name, f.default, _field_writer(f, flexible=flexible))
        for f in fields
        if f.tag is not None
    )

    def write(out: bytearray, message: dict[str, Any]) -> None:
        for name, default, write_field in plain:
            write_field(out, message.get(name, default))
        if not flexible:
            return
        present = [t for t in tagged if not _is_default(message.get(t[1], t[2]), t[2])]
        write_uvarint(out, len(present))
        for tag, name, _, write_field in present:
            value = bytearray()
            write_field(value, message[name])
            write_uvarint(out, tag)
            write_uvarint(out, len(value))
            out += value

    return write


def _is_default(value: Any, default: Any) -> bool:
    """Whether a tag may be left out; an empty list is an empty tuple."""
    return bool(value == default or (default == () and value == []))
