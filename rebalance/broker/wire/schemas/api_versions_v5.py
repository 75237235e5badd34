"""ApiVersions 5: a client says which cluster and node it believes to talk to (KIP-1242)."""

from dataclasses import dataclass, field
from typing import ClassVar

from kio.schema.api_versions import v4
from kio.static.primitive import i16, i32

__all__ = ["ApiVersionsRequest", "ApiVersionsResponse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiVersionsRequest(v4.ApiVersionsRequest):
    """Version 4 and what the client expects; null and -1: it does not know."""

    __version__: ClassVar[i16] = i16(5)
    cluster_id: str | None = field(metadata={"kafka_type": "string"}, default=None)
    node_id: i32 = field(metadata={"kafka_type": "int32"}, default=i32(-1))


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiVersionsResponse(v4.ApiVersionsResponse):
    """As in version 4."""

    __version__: ClassVar[i16] = i16(5)
