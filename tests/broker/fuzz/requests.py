"""Requests of every API and version, drawn from a seed: well-formed, with values that mean trouble.

Names come from a few, so that requests meet: a topic is made and deleted, a group is joined and
left. Nothing is ever asked about the honest client's own topic and group.
"""

from __future__ import annotations

import random
import struct
import uuid
import zlib
from functools import cache
from typing import Any

from aiokafka.record.util import calc_crc32c

from rebalance.broker.apis import APIS
from rebalance.broker.wire.schema_fields import SchemaField, schema_fields
from rebalance.broker.wire.schemas import schema
from rebalance.broker.wire.writing import Writer, compile_writer
from tests.broker.batch_maker import batch

VERSIONS = [
    (api.key, api.name, version)
    for api in APIS.values()
    for version in range(api.oldest, api.newest + 1)
]

_TOPICS = ("t1", "t2", "t.3", "t_3", "", "a/b", "__consumer_offsets", "x" * 250)
_GROUPS = ("g1", "g2", "g3", "", "g" * 300)
_MEMBERS = ("", "", "m1", "raw-1")
_CONFIGS = (
    "retention.bytes",
    "max.message.bytes",
    "cleanup.policy",
    "message.max.bytes",
    "no.such",
)
_VALUES = ("", "1", "-1", "compact", "delete", "9999999999999999999", "true", "x" * 3000)
_WORDS = ("", "consumer", "range", "sticky", "a", "\u00e9\u4e2d", "y" * 4000)
_NUMBERS = (0, 1, -1, 2, 3, 5, 42, 100, 6000, 10_000)
_RANGES = {
    "int8": 7,
    "int16": 15,
    "error_code": 15,
    "int32": 31,
    "timedelta_i32": 31,
    "int64": 63,
    "timedelta_i64": 63,
    "datetime_i64": 63,
}
_UNSIGNED = {"uint8": 8, "uint16": 16, "uint32": 32, "uint64": 64}
_HEADER_BYTES, _CRC_AT, _ATTRIBUTES_AT = 61, 17, 21


@cache
def _writers(name: str, version: int) -> tuple[Writer, Writer, type]:
    entity = schema(name, version, "request")
    return compile_writer(entity.__header_schema__), compile_writer(entity), entity


def draw(chance: random.Random) -> bytes:
    """Header and body of one request, without the size in front."""
    key, name, version = chance.choice(VERSIONS)
    write_header, write_body, entity = _writers(name, version)
    out = bytearray()
    write_header(
        out,
        {
            "request_api_key": key,
            "request_api_version": version,
            "correlation_id": chance.getrandbits(31),
            "client_id": chance.choice(("raw", None, "", "c" * 200)),
        },
    )
    write_body(out, _message(chance, entity, depth=0))
    return bytes(out)


def _message(chance: random.Random, entity: type, depth: int) -> dict[str, Any]:
    return {
        field.name: _value(chance, field, depth)
        for field in schema_fields(entity)
        if field.tag is None or chance.random() < 0.5
    }


def _value(chance: random.Random, field: SchemaField, depth: int) -> Any:
    if field.nullable and chance.random() < 0.15:
        return None
    if field.is_array:
        most = 40 if chance.random() < 0.02 and depth == 0 else 3
        return [_one(chance, field, depth) for _ in range(chance.randint(0, most))]
    return _one(chance, field, depth)


def _one(chance: random.Random, field: SchemaField, depth: int) -> Any:
    if field.entity is not None:
        return _message(chance, field.entity, depth + 1)
    kind = field.kafka_type
    if kind in _RANGES:
        return _number(chance, _RANGES[kind])
    if kind in _UNSIGNED:
        return chance.getrandbits(_UNSIGNED[kind])
    if kind in ("string", "legacy_string"):
        return chance.choice(_words_for(field.name))
    if kind == "records":
        return records(chance)
    simple = {
        "bytes": lambda: chance.randbytes(chance.randint(0, 60)),
        "uuid": lambda: chance.choice((None, uuid.UUID(int=chance.getrandbits(128)))),
        "bool": lambda: chance.random() < 0.5,
        "float64": chance.random,
    }
    return simple[kind]()


def _words_for(name: str) -> tuple[str, ...]:
    if "group" in name and "instance" not in name:
        return _GROUPS
    if "member_id" in name:
        return _MEMBERS
    if "topic" in name or name == "name":
        return (*_TOPICS, *_CONFIGS)
    if name in ("resource_name", "configuration_keys"):
        return ("1", "", *_TOPICS, *_GROUPS, *_CONFIGS)
    return _VALUES if name == "value" else _WORDS


def _number(chance: random.Random, bits: int) -> int:
    if chance.random() < 0.7:
        fitting = _NUMBERS if bits > 15 else _NUMBERS[:8]
        return chance.choice(fitting)
    return chance.choice((2**bits - 1, -(2**bits), chance.getrandbits(bits)))


def records(chance: random.Random) -> bytes:
    """A batch: sound, or compressed rubbish, or a bomb, or no batch at all; its CRC holds."""
    kind = chance.randrange(5)
    if kind == 0:
        return chance.randbytes(chance.randint(0, 120))
    sound = bytearray(batch(b"a" * chance.randint(0, 50), b"b"))
    if kind == 1:
        return bytes(sound)
    inner = chance.randbytes(chance.randint(0, 80))
    if kind == 2:
        deflate = zlib.compressobj(wbits=31)
        inner = deflate.compress(bytes(2**20)) + deflate.flush()
    changed = sound[:_HEADER_BYTES] + inner
    struct.pack_into(">i", changed, 8, len(changed) - 12)
    codec = 1 if kind == 2 else chance.randrange(8)
    struct.pack_into(">h", changed, _ATTRIBUTES_AT, codec)
    struct.pack_into(">I", changed, _CRC_AT, calc_crc32c(memoryview(bytes(changed))[21:]))
    return bytes(changed)
