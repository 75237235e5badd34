"""An answer as plain values that two brokers can have in common.

What differs by nature gets a name: ids of members, producers and topics, addresses, names of this
conversation. Lists whose order Kafka takes out of a hash map are sorted. Everything else stands as
it was sent.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
import uuid
from collections.abc import Mapping
from typing import Any

from kio.schema.errors import ErrorCode

_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
"""In the id of a member that was not told it yet."""
_UNORDERED = frozenset({"members", "topics", "partitions", "groups", "results"})
_OWN = frozenset({"host", "port", "throttle_time"})


def plain(answer: Any, names: Mapping[Any, str]) -> Any:
    """Nested dicts, lists and values; whatever stands in `names` by its name there."""
    if dataclasses.is_dataclass(answer):
        return {
            field.name: _field(field.name, getattr(answer, field.name), names)
            for field in dataclasses.fields(answer)
            if field.name not in _OWN
        }
    if isinstance(answer, tuple | list):
        return [plain(each, names) for each in answer]
    if isinstance(answer, ErrorCode):
        return answer.name.upper()
    if isinstance(answer, datetime.timedelta):
        return round(answer.total_seconds() * 1000)
    if isinstance(answer, uuid.UUID):
        return names.get(answer, f"topic id {answer}" if answer.int else None)
    if isinstance(answer, str):
        return _text(str(answer), names)
    return answer


def shape(member_id: str) -> str:
    """How an id is made: of what, and a UUID."""
    return _UUID.sub("uuid", member_id)


def _field(name: str, value: Any, names: Mapping[Any, str]) -> Any:
    if name == "producer_id":
        return names.get(("producer", value), value)
    said = plain(value, names)
    return sorted(said, key=repr) if name in _UNORDERED and isinstance(said, list) else said


def _text(text: str, names: Mapping[Any, str]) -> str:
    """Also inside of a sentence."""
    if text in names:
        return names[text]
    for known, name in names.items():
        if isinstance(known, str) and len(known) > len("topic") and known in text:
            text = text.replace(known, name)
    return _UUID.sub("uuid", text)
