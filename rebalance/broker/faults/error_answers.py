"""An answer that carries an error, for any API in any version, made from the schemas alone.

The code stands in every place that the version has for one: on top, and in an entry for each thing
that was asked about (topic, partition, group, member, resource). Entries of the answer are paired
with those of the request by the fields that both call the same, and these are copied: they say
whose entry it is. Every number that nobody knows is -1, as Kafka has it.

An error of one partition or of one member stands at those alone, where the version can tell them
apart: Kafka never says NOT_LEADER_OR_FOLLOWER of a whole Fetch, and clients do not expect it.
Source: `getErrorResponse` of each request class of kafka-clients.
"""

from __future__ import annotations

from functools import cache

from rebalance.broker.wire.codec import Message
from rebalance.broker.wire.schema_fields import SchemaField, schema_fields
from rebalance.broker.wire.schemas import schema
from rebalance.protocol.errors import ErrorCode

__all__ = ["error_answer"]

_OF_PARTITIONS = frozenset(
    {
        ErrorCode.OFFSET_OUT_OF_RANGE,
        ErrorCode.CORRUPT_MESSAGE,
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode.LEADER_NOT_AVAILABLE,
        ErrorCode.NOT_LEADER_OR_FOLLOWER,
        ErrorCode.REPLICA_NOT_AVAILABLE,
        ErrorCode.OFFSET_METADATA_TOO_LARGE,
        ErrorCode.INVALID_TOPIC_EXCEPTION,
        ErrorCode.TOPIC_AUTHORIZATION_FAILED,
        ErrorCode.KAFKA_STORAGE_ERROR,
        ErrorCode.FENCED_LEADER_EPOCH,
        ErrorCode.UNKNOWN_LEADER_EPOCH,
        ErrorCode.OFFSET_NOT_AVAILABLE,
        ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC,
        ErrorCode.UNSTABLE_OFFSET_COMMIT,
        ErrorCode.UNKNOWN_TOPIC_ID,
    }
)
_OF_MEMBERS = frozenset({ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.FENCED_INSTANCE_ID})

_OF_THE_BROKER = "log_dir"
"""Entries with this field are the broker's own; no request names them."""


def error_answer(name: str, version: int, body: Message, code: ErrorCode) -> Message:
    """The response of API `name` (kio's) to a request `body`, saying `code`.

    A request that asks about nothing, or about everything there is, in a version without an error
    on top, is answered without any, as Kafka would.
    """
    request, response = schema(name, version, "request"), schema(name, version, "response")
    answer = _entry(response, request, body, code)
    if "member_id" in _names(response) and body.get("member_id"):
        answer["member_id"] = body["member_id"]  # J19
    return answer


def _entry(response: type, request: type | None, body: Message, code: ErrorCode) -> Message:
    """One entity of the answer, without what it is called by."""
    answer: Message = {}
    fields = _fields(response)
    below_only = False
    for field in fields:
        if field.is_array and field.entity is not None and _carries(field.entity):
            answer[field.name] = _entries(field.entity, request, body, code)
            below_only |= bool(answer[field.name]) and _is_told_by(field.entity, code)
    for field in fields:
        if field.name in answer:
            continue
        if field.kafka_type == "error_code":
            answer[field.name] = ErrorCode.NONE if below_only else code
        elif _is_unknown_number(field):
            answer[field.name] = -1
        elif field.kafka_type == "records":
            answer[field.name] = b""
    return answer


def _entries(response: type, request: type | None, body: Message, code: ErrorCode) -> list[Message]:
    """An entry for each thing that the request names where this answer has entries."""
    if _OF_THE_BROKER in _names(response):
        return [_entry(response, None, {}, code)]
    asked = _asked(response, request)
    if asked is None:
        return []
    entries = []
    for value in body.get(asked.name) or ():
        if asked.entity is None:
            entry = _entry(response, None, {}, code)
            entry[_called(response, asked.kafka_type)] = value
        else:
            entry = _entry(response, asked.entity, value, code)
            shared = _keys(response) & _given(asked.entity)
            entry.update({name: value[name] for name in shared})
            _call_alike(entry, response, asked.entity, value)
        entries.append(entry)
    return entries


def _asked(response: type, request: type | None) -> SchemaField | None:
    """The array of the request that the answer's entries are for; None: there is none."""
    arrays = [] if request is None else [f for f in _fields(request) if f.is_array]
    for field in arrays:
        if field.entity is not None and _keys(response) & _given(field.entity):
            return field
    return arrays[0] if arrays else None


def _call_alike(entry: Message, response: type, request: type, value: Message) -> None:
    """A partition's index is "partition" in one schema and "partition_index" in another."""
    for name, other in (("partition_index", "partition"), ("partition", "partition_index")):
        if name in _names(response) and other in _names(request):
            entry[name] = value[other]


@cache
def _fields(entity: type) -> tuple[SchemaField, ...]:
    return tuple(schema_fields(entity))


@cache
def _names(entity: type) -> tuple[str, ...]:
    return tuple(field.name for field in _fields(entity))


@cache
def _keys(entity: type) -> frozenset[str]:
    """The fields that may say whose entry it is: those that Kafka gives no default."""
    return frozenset(
        field.name
        for field in _fields(entity)
        if not field.is_array and field.entity is None and not field.has_default
    )


@cache
def _given(entity: type) -> frozenset[str]:
    """The fields of a request in which a client names something, null where it names another."""
    nullable = {f.name for f in _fields(entity) if f.has_default and f.default is None}
    return _keys(entity) | nullable


@cache
def _called(entity: type, kafka_type: str) -> str:
    """The first field of that type: what an entry is called by where the request has bare ids."""
    return next(
        field.name
        for field in _fields(entity)
        if field.kafka_type == kafka_type and not field.is_array and not field.nullable
    )


@cache
def _carries(entity: type | None) -> bool:
    return entity is not None and any(
        field.kafka_type == "error_code" or _carries(field.entity) for field in _fields(entity)
    )


@cache
def _is_told_by(entity: type | None, code: ErrorCode) -> bool:
    """Whether entries of this kind, or below them, are where such a code belongs."""
    if entity is None:
        return False
    names = _names(entity)
    if code in _OF_MEMBERS:
        return "member_id" in names
    if code not in _OF_PARTITIONS:
        return False
    return _is_of_topics(entity) or any(
        field.is_array and _is_told_by(field.entity, code) for field in _fields(entity)
    )


def _is_of_topics(entity: type) -> bool:
    named = {"topic", "topic_id", "name", "partition", "partition_index", "index"}
    return _carries(entity) and not named.isdisjoint(_names(entity))


def _is_unknown_number(field: SchemaField) -> bool:
    is_number = field.kafka_type.startswith(("int", "datetime"))
    return is_number and not field.is_array and not field.has_default
