"""DeleteGroups 3: an error in words beside each group's code."""

from dataclasses import dataclass, field
from typing import ClassVar

from kio.schema.delete_groups import v2
from kio.schema.delete_groups.v2 import response as v2_response
from kio.static.primitive import i16

__all__ = ["DeletableGroupResult", "DeleteGroupsRequest", "DeleteGroupsResponse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteGroupsRequest(v2.DeleteGroupsRequest):
    """As in version 2."""

    __version__: ClassVar[i16] = i16(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletableGroupResult(v2_response.DeletableGroupResult):
    """One group's; the message is null where there is no error."""

    __version__: ClassVar[i16] = i16(3)
    error_message: str | None = field(metadata={"kafka_type": "string"}, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteGroupsResponse(v2.DeleteGroupsResponse):
    """Version 2 with messages."""

    __version__: ClassVar[i16] = i16(3)
    results: tuple[DeletableGroupResult, ...]
