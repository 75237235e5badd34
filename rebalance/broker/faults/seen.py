"""What a request is about: the groups and members that it names, also those inside a batch.

Kafka's schemas name them in few ways, and these are read here wherever they stand; no API has code
of its own. A coordinator's key is a group's id where a group's coordinator is looked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rebalance.broker.apis import APIS
from rebalance.protocol.errors import ErrorCode

if TYPE_CHECKING:
    from rebalance.broker.call import Call
    from rebalance.broker.wire.codec import Message

__all__ = ["API_KEYS", "RequestSeen", "errors_in", "kafka_name"]

_GROUP_KEY_TYPE = 0


def kafka_name(name: str) -> str:
    """An API as Kafka says it: "JoinGroup"."""
    return "".join(word.capitalize() for word in name.split("_"))


API_KEYS = {kafka_name(api.name): key for key, api in APIS.items()}
"""By Kafka's names."""


@dataclass(slots=True, kw_only=True)
class RequestSeen:
    """One request that a fault befell, and how it went on."""

    api: str
    """As Kafka says it: "JoinGroup"."""
    version: int
    correlation_id: int
    client_id: str
    node_id: int
    group_ids: tuple[str, ...]
    member_ids: tuple[str, ...]
    """Without the empty one of a member that has none yet."""
    group_instance_ids: tuple[str, ...]
    errors: tuple[ErrorCode, ...] | None = None
    """The codes in the answer, each once, NONE left out; None: not answered, or not yet."""
    was_cut: bool = False
    """The connection was cut in place of an answer."""

    @classmethod
    def of(cls, key: int, correlation_id: int, node_id: int, call: Call) -> RequestSeen:
        """What `call` asks."""
        body = call.body
        return cls(
            api=kafka_name(APIS[key].name),
            version=call.version,
            correlation_id=correlation_id,
            client_id=call.client_id,
            node_id=node_id,
            group_ids=_each(_groups(body)),
            member_ids=_each(_members(body, "member_id")),
            group_instance_ids=_each(_members(body, "group_instance_id")),
        )


def _each(found: Iterator[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))


def _groups(body: Message) -> Iterator[Any]:
    if "group_id" in body:
        yield body["group_id"]
    for entry in body.get("groups") or ():
        yield entry["group_id"] if isinstance(entry, dict) else entry
    yield from body.get("groups_names", ())
    if body.get("key_type", _GROUP_KEY_TYPE) == _GROUP_KEY_TYPE:
        yield from body.get("coordinator_keys", (body["key"],) if "key" in body else ())


def _members(body: Message, name: str) -> Iterator[Any]:
    for holder in (body, *_entries(body, "members"), *_entries(body, "groups")):
        if holder.get(name):
            yield holder[name]


def _entries(body: Message, name: str) -> list[Message]:
    return [entry for entry in body.get(name) or () if isinstance(entry, dict)]


def errors_in(answer: Message) -> tuple[ErrorCode, ...]:
    """The codes that stand anywhere in an answer, each once, NONE left out."""
    found: dict[ErrorCode, None] = {}
    pending: list[Any] = [answer]
    while pending:
        value = pending.pop(0)
        if isinstance(value, dict):
            for name, inner in value.items():
                if name.endswith("error_code") and inner:
                    found[ErrorCode(inner)] = None
                elif isinstance(inner, (dict, list, tuple)):
                    pending.append(inner)
        elif isinstance(value, (list, tuple)):
            pending.extend(item for item in value if isinstance(item, (dict, list, tuple)))
    return tuple(found)
