"""TxnOffsetCommit 6: topics by their ids, in the request and in the answer."""

import uuid
from dataclasses import dataclass, field
from typing import ClassVar

from kio.schema.request_header.v2.header import RequestHeader
from kio.schema.response_header.v1.header import ResponseHeader
from kio.schema.txn_offset_commit import v5
from kio.schema.txn_offset_commit.v5 import request as v5_request
from kio.schema.txn_offset_commit.v5 import response as v5_response
from kio.static.constants import EntityType
from kio.static.primitive import i16

__all__ = ["TxnOffsetCommitRequest", "TxnOffsetCommitResponse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TxnOffsetCommitRequestPartition(v5_request.TxnOffsetCommitRequestPartition):
    """As in version 5."""

    __version__: ClassVar[i16] = i16(6)


@dataclass(frozen=True, slots=True, kw_only=True)
class TxnOffsetCommitRequestTopic:
    """One topic's partitions; no subclass, since the name is gone."""

    __type__: ClassVar[EntityType] = EntityType.nested
    __version__: ClassVar[i16] = i16(6)
    __flexible__: ClassVar[bool] = True
    __api_key__: ClassVar[i16] = i16(28)
    __header_schema__: ClassVar[type[RequestHeader]] = RequestHeader
    topic_id: uuid.UUID | None = field(metadata={"kafka_type": "uuid"})
    partitions: tuple[TxnOffsetCommitRequestPartition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TxnOffsetCommitRequest(v5.TxnOffsetCommitRequest):
    """Version 5 with ids."""

    __version__: ClassVar[i16] = i16(6)
    topics: tuple[TxnOffsetCommitRequestTopic, ...]  # type: ignore[assignment]  # another shape


@dataclass(frozen=True, slots=True, kw_only=True)
class TxnOffsetCommitResponsePartition(v5_response.TxnOffsetCommitResponsePartition):
    """As in version 5."""

    __version__: ClassVar[i16] = i16(6)


@dataclass(frozen=True, slots=True, kw_only=True)
class TxnOffsetCommitResponseTopic:
    """One topic's answers; no subclass, since the name is gone."""

    __type__: ClassVar[EntityType] = EntityType.nested
    __version__: ClassVar[i16] = i16(6)
    __flexible__: ClassVar[bool] = True
    __api_key__: ClassVar[i16] = i16(28)
    __header_schema__: ClassVar[type[ResponseHeader]] = ResponseHeader
    topic_id: uuid.UUID | None = field(metadata={"kafka_type": "uuid"})
    partitions: tuple[TxnOffsetCommitResponsePartition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TxnOffsetCommitResponse(v5.TxnOffsetCommitResponse):
    """Version 5 with ids."""

    __version__: ClassVar[i16] = i16(6)
    topics: tuple[TxnOffsetCommitResponseTopic, ...]  # type: ignore[assignment]  # another shape
