"""The codec against kio's own: what either writes the other must read, in every API and version."""

from __future__ import annotations

import dataclasses
import datetime
import random
import struct
import uuid
from contextlib import suppress
from typing import Any

import pytest
from kio.schema.errors import ErrorCode
from kio.serial import entity_reader

from rebalance.broker.errors import WireError
from rebalance.broker.wire.codec import load_wire
from rebalance.broker.wire.reading import compile_reader
from rebalance.broker.wire.schema_fields import FIXED, SchemaField, schema_fields
from rebalance.broker.wire.writing import compile_writer
from tests.broker.raw import ALL_VERSIONS, encode, make, schema

SEEDS = range(3)


def _some_message(entity: type, chance: random.Random) -> dict[str, Any]:
    """A message of chance: every field set, nulls and empty lists among the values."""
    return {
        field.name: _some_value(field, chance)
        for field in schema_fields(entity)
        # A tag is left out now and then; then its default must come back.
        if field.tag is None or chance.random() < 0.7
    }


def _some_value(field: SchemaField, chance: random.Random) -> Any:
    if field.is_array:
        if field.nullable and chance.random() < 0.2:
            return None
        item = dataclasses.replace(field, is_array=False, nullable=False)
        return [_some_value(item, chance) for _ in range(chance.randrange(4))]
    if field.entity is not None:
        return _some_message(field.entity, chance)
    if field.nullable and field.kafka_type != "uuid" and chance.random() < 0.3:
        return None
    if field.kafka_type == "error_code":
        return chance.choice(list(ErrorCode)).value
    if field.kafka_type == "bool":
        return chance.random() < 0.5
    if field.kafka_type == "uuid":
        return uuid.UUID(int=chance.getrandbits(128))
    if field.kafka_type in ("string", "legacy_string"):
        return "".join(chance.choice("aä😀0-") for _ in range(chance.randrange(200)))
    if field.kafka_type in ("bytes", "records"):
        return chance.randbytes(chance.randrange(300))
    if field.kafka_type == "datetime_i64":
        return chance.randrange(250_000_000_000) * 1000  # kio's years end at 9999
    bits = struct.calcsize(FIXED[field.kafka_type]) * 8
    if field.kafka_type == "timedelta_i64":
        bits = 40  # kio's timedelta holds no more
    return chance.randrange(-(2 ** (bits - 1)), 2 ** (bits - 1))


def _plain(value: Any) -> Any:
    """What kio has, in our words."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime.timedelta):
        return value // datetime.timedelta(milliseconds=1)
    if isinstance(value, datetime.datetime):
        return round(value.timestamp() * 1000)
    if isinstance(value, ErrorCode):
        return value.value
    return value


def _lists(value: Any) -> Any:
    """Tuples and lists are one."""
    if isinstance(value, dict):
        return {key: _lists(item) for key, item in value.items()}
    return [_lists(item) for item in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("name", "version"), ALL_VERSIONS)
def test_what_kio_writes_we_read(name: str, version: int, seed: int) -> None:
    request = schema(name, version, "request")
    message = _some_message(request, random.Random(f"{name}{version}{seed}"))
    entity = make(request, message)
    data = encode(entity)
    read, at = load_wire(name, version).read_request(data, 0)
    assert at == len(data)
    assert _lists(read) == _lists(_plain(entity))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("name", "version"), ALL_VERSIONS)
def test_what_we_write_kio_reads(name: str, version: int, seed: int) -> None:
    response = schema(name, version, "response")
    message = _some_message(response, random.Random(f"{name}{version}{seed}"))
    out = bytearray()
    load_wire(name, version).write_response(out, message)
    entity, at = entity_reader(response)(bytes(out), 0)
    assert at == len(out)
    again = bytearray()
    compile_writer(response)(again, _plain(entity))
    assert again == out


@pytest.mark.parametrize(("name", "version"), ALL_VERSIONS)
def test_an_empty_message_is_kafkas_defaults(name: str, version: int) -> None:
    response = schema(name, version, "response")
    out = bytearray()
    load_wire(name, version).write_response(out, {})
    entity, at = entity_reader(response)(bytes(out), 0)
    assert at == len(out)
    # An endpoint is a broker's (1) unless somebody says otherwise.
    assert all(value in (0, 1, -1, -(2**31), "", b"", None, ()) for value in _tops(entity))


def _tops(entity: Any) -> list[Any]:
    values = [getattr(entity, field.name) for field in dataclasses.fields(entity)]
    return [_plain(v) if not isinstance(v, tuple) else v for v in values]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("name", "version"), ALL_VERSIONS)
def test_whatever_is_cut_or_changed_is_a_wire_error_or_a_message(
    name: str, version: int, seed: int
) -> None:
    chance = random.Random(f"{name}{version}{seed}")
    request = schema(name, version, "request")
    data = encode(make(request, _some_message(request, chance)))
    reader = load_wire(name, version).read_request
    for _ in range(30):
        broken = bytearray(data[: chance.randrange(len(data) + 1)])
        for _ in range(chance.randrange(4)):
            if broken:
                broken[chance.randrange(len(broken))] = chance.choice((0, 1, 127, 128, 255))
        with suppress(WireError):
            _, at = reader(bytes(broken), 0)
            assert 0 <= at <= len(broken)  # it never reads beyond what was sent


def test_unknown_tags_are_skipped_wherever_they_stand() -> None:
    from kio.schema.heartbeat.v4.request import HeartbeatRequest

    data = b"\x02a\x00\x00\x00\x01\x02b\x00" + b"\x02\x05\x01x\x63\x03abc" + b"rest"
    message, at = compile_reader(HeartbeatRequest)(data, 0)
    assert message == {
        "group_id": "a",
        "generation_id": 1,
        "member_id": "b",
        "group_instance_id": None,
    }
    assert data[at:] == b"rest"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\x00", "group_id must not be null"),
        (b"\x09a", "8 bytes announced, 1 left"),
        (b"\x02a\x00", "inside a number"),
        (b"\x80", "inside a length"),
        (b"\x80\x80\x80\x80\x80\x01", "longer than five bytes"),
        (b"\x02a\x00\x00\x00\x01\x02b\x00\x01\x05\x09", "9 bytes announced, 0 left"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, problem: str) -> None:
    from kio.schema.heartbeat.v4.request import HeartbeatRequest

    with pytest.raises(WireError, match=problem):
        compile_reader(HeartbeatRequest)(data, 0)


def test_an_array_cannot_claim_more_entries_than_bytes() -> None:
    from kio.schema.metadata.v12.request import MetadataRequest

    with pytest.raises(WireError, match=r"topics: 4294967294 entries in 3 bytes"):
        compile_reader(MetadataRequest)(b"\xff\xff\xff\xff\x0f\x00\x00\x00", 0)


def test_text_that_is_no_utf8_is_replaced_as_java_does() -> None:
    from kio.schema.heartbeat.v4.request import HeartbeatRequest

    message, _ = compile_reader(HeartbeatRequest)(b"\x03\xff\xfe\x00\x00\x00\x01\x01\x00\x00", 0)
    assert message["group_id"] == "\ufffd\ufffd"


def test_j16_where_a_version_cannot_say_null_it_says_empty() -> None:
    out = bytearray()
    load_wire("join_group", 5).write_response(out, {"protocol_name": None, "leader": "x"})
    assert bytes(out)[10:15] == b"\x00\x00\x00\x01x"


def test_a_struct_that_may_be_null() -> None:
    from kio.schema.consumer_group_heartbeat.v0.response import ConsumerGroupHeartbeatResponse

    writer, reader = (
        compile_writer(ConsumerGroupHeartbeatResponse),
        compile_reader(ConsumerGroupHeartbeatResponse),
    )
    assignments: tuple[dict[str, Any] | None, ...] = (None, {"topic_partitions": []})
    for assignment in assignments:
        out = bytearray()
        writer(out, {"member_epoch": 3, "assignment": assignment})
        assert reader(bytes(out), 0)[0]["assignment"] == assignment
        assert entity_reader(ConsumerGroupHeartbeatResponse)(bytes(out), 0)[1] == len(out)
