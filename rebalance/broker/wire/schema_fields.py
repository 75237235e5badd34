"""The fields of a kio schema class, with kio's annotations resolved.

kio generates a frozen class for every Kafka message of every version; what a field is stands in
its annotation and metadata. Reader and writer both start from what is said here.
"""

from __future__ import annotations

import dataclasses
import typing
from typing import Any

__all__ = ["FIXED", "SchemaField", "schema_fields"]

FIXED = {
    "int8": ">b",
    "int16": ">h",
    "int32": ">i",
    "int64": ">q",
    "uint8": ">B",
    "uint16": ">H",
    "uint32": ">I",
    "uint64": ">Q",
    "float64": ">d",
    "bool": ">?",
    "error_code": ">h",
    "timedelta_i32": ">i",
    "timedelta_i64": ">q",
    "datetime_i64": ">q",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SchemaField:
    """One field of a schema, with kio's annotations resolved."""

    name: str
    kafka_type: str
    entity: type | None
    is_array: bool
    nullable: bool
    tag: int | None
    default: Any
    has_default: bool
    """Whether Kafka's schema says one; `default` is a zero of the type otherwise."""


def schema_fields(entity: type) -> list[SchemaField]:
    return [_field(entity, raw) for raw in dataclasses.fields(entity)]


def _field(entity: type, raw: dataclasses.Field[Any]) -> SchemaField:
    kind: Any = raw.type
    nullable = False
    if type(None) in typing.get_args(kind):
        nullable = True
        kind = next(a for a in typing.get_args(kind) if a is not type(None))
    is_array = typing.get_origin(kind) is tuple
    if is_array:
        kind = typing.get_args(kind)[0]
    nested = kind if dataclasses.is_dataclass(kind) else None
    kafka_type = "" if nested is not None else raw.metadata["kafka_type"]
    # kio cannot name a request header's client id as an exception; Kafka wrote it as one.
    if entity.__name__ == "RequestHeader" and raw.name == "client_id":
        kafka_type = "legacy_string"
    return SchemaField(
        name=raw.name,
        kafka_type=kafka_type,
        entity=nested if isinstance(nested, type) else None,
        is_array=is_array,
        nullable=nullable,
        tag=raw.metadata.get("tag"),
        default=_default(raw, kafka_type, is_array=is_array, nullable=nullable),
        has_default=raw.default is not dataclasses.MISSING,
    )


def _default(
    raw: dataclasses.Field[Any], kafka_type: str, *, is_array: bool, nullable: bool
) -> Any:
    """What Kafka writes for a field that nobody set, in this module's plain types."""
    if raw.default is not dataclasses.MISSING:
        value = raw.default
        if hasattr(value, "total_seconds"):
            return round(value.total_seconds() * 1000)
        if kafka_type == "datetime_i64":
            return None if value is None else round(value.timestamp() * 1000)
        if kafka_type == "error_code":
            return value.value
        if dataclasses.is_dataclass(value):
            return {field.name: field.default for field in schema_fields(type(value))}
        return value
    if is_array:
        return ()
    if kafka_type in ("bytes", "records"):
        return None if nullable else b""
    if kafka_type in ("string", "legacy_string"):
        return None if nullable else ""
    return {"uuid": None, "": {}}.get(kafka_type, 0)
