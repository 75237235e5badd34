"""The same requests to the embedded broker and to Apache Kafka, and the same answers.

A request is sent raw, in any version, to both; the answers are compared field by field. What cannot
be the same is normalised: topic ids, addresses, the cluster's id, and the one default that differs
(a log here is memory, so it has a bound). Lists have no order, for Kafka's come out of hash maps.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.conversations.raw import Connection

Answer = dict[str, Any]
T = TypeVar("T")

DEADLINE_S = 20.0
DEFAULT_CONFIG = 5


_LOOK_S = 0.005


def until(look: Callable[[], T | None], what: str, within_s: float = DEADLINE_S) -> T:
    """What `look` finds, once it finds something; a broker tells nobody when it is so far."""
    deadline = time.monotonic() + within_s
    while (found := look()) is None:
        assert time.monotonic() < deadline, f"{what}: not within {within_s:g} s"
        time.sleep(_LOOK_S)
    return found


def plain(value: Any) -> Any:
    """A message of kio as dicts and lists; error codes by name."""
    if dataclasses.is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, datetime.timedelta):
        return round(value.total_seconds() * 1000)
    return value.name if hasattr(value, "name") and hasattr(value, "value") else value


@dataclass
class Side:
    """One broker: its connection, and the topic ids that it gave."""

    address: tuple[str, int]
    connection: Connection
    ids: dict[uuid.UUID, str] = field(default_factory=dict)

    def normal(self, value: Any) -> Any:
        """An answer in words that both sides have in common."""
        if isinstance(value, dict):
            if value.get("name") == "log.retention.bytes" and value.get("source") == DEFAULT_CONFIG:
                value = {**value, "value": "(default)"}
            return {
                key: "(cluster)" if key == "cluster_id" and item else self.normal(item)
                for key, item in value.items()
                if key != "port"
            }
        if isinstance(value, list):
            return sorted((self.normal(item) for item in value), key=_sort_key)
        return self.ids.get(value, "(a topic id)") if isinstance(value, uuid.UUID) else value


def _sort_key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)


class Twin:
    """Two connections that always say the same."""

    def __init__(self, embedded: tuple[str, int], kafka: tuple[str, int]) -> None:
        self.embedded = Side(embedded, Connection(embedded, "twin"))
        self.kafka = Side(kafka, Connection(kafka, "twin"))

    def close(self) -> None:
        """Close both."""
        for side in (self.embedded, self.kafka):
            side.connection.close()

    def ask(
        self,
        api: str,
        version: int,
        fields: Mapping[str, Any] | Callable[[Side], Mapping[str, Any]],
        *,
        ignoring: tuple[str, ...] = (),
    ) -> Answer:
        """Ask both and compare; fields named in `ignoring` are left out, wherever they are."""
        ours, kafkas = self._answers(api, version, fields, ignoring)
        assert ours == kafkas, "\n".join([f"{api} v{version}", *differences(ours, kafkas)])
        return ours

    def settle(self, api: str, version: int, fields: Mapping[str, Any]) -> Answer:
        """Ask both until they say the same: a change reaches Kafka's broker a little later."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            ours, kafkas = self._answers(api, version, fields, ())
            if ours == kafkas:
                return ours
            found = "\n".join([f"{api} v{version}", *differences(ours, kafkas)])
            assert time.monotonic() < deadline, found

    def _answers(
        self,
        api: str,
        version: int,
        fields: Mapping[str, Any] | Callable[[Side], Mapping[str, Any]],
        ignoring: tuple[str, ...],
    ) -> tuple[Answer, Answer]:
        answers = []
        for side in (self.embedded, self.kafka):
            asked = fields(side) if callable(fields) else fields
            raw = plain(side.connection.ask(api, version, asked))
            answers.append(_without(side.normal(raw), ignoring))
        return answers[0], answers[1]

    def both(self, api: str, version: int, fields: Mapping[str, Any]) -> tuple[Any, Any]:
        """Ask both for what need not be the same."""
        return tuple(  # type: ignore[return-value]
            plain(side.connection.ask(api, version, fields)) for side in (self.embedded, self.kafka)
        )

    def create(self, name: str, partitions: int = 1, **configs: str) -> str:
        """A topic on both; its ids are the same from then on."""
        wanted = {
            "name": name,
            "num_partitions": partitions,
            "replication_factor": 1,
            "configs": [{"name": key, "value": value} for key, value in configs.items()],
        }
        for side in (self.embedded, self.kafka):
            asked = {"topics": [wanted], "timeout": 30_000}
            (made,) = side.connection.ask("create_topics", 7, asked).topics
            assert made.error_code.value == 0, made
            side.ids[made.topic_id] = f"(id of {name})"
            self._until_led(side, name, partitions)
        return name

    @staticmethod
    def _until_led(side: Side, name: str, partitions: int) -> None:
        """Kafka's partitions are led a little after the topic is made; ask until they are."""
        parts = [{"partition_index": index, "timestamp": -1} for index in range(partitions)]
        asked = {"replica_id": -1, "topics": [{"name": name, "partitions": parts}]}

        def led() -> bool | None:
            (entry,) = side.connection.ask("list_offsets", 8, asked).topics
            return not any(part.error_code.value for part in entry.partitions) or None

        until(led, f"leaders of {name}")


def differences(ours: Any, kafkas: Any, where: str = "") -> Iterator[str]:
    """Where two answers differ, one line each."""
    if isinstance(ours, dict) and isinstance(kafkas, dict) and ours.keys() == kafkas.keys():
        for key in ours:
            yield from differences(ours[key], kafkas[key], f"{where}.{key}")
    elif isinstance(ours, list) and isinstance(kafkas, list) and len(ours) == len(kafkas):
        for index, pair in enumerate(zip(ours, kafkas, strict=True)):
            yield from differences(*pair, f"{where}[{index}]")
    elif ours != kafkas:
        yield f"{where}: ours {ours!r}, Kafka's {kafkas!r}"


def _without(value: Any, names: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {key: _without(item, names) for key, item in value.items() if key not in names}
    return [_without(item, names) for item in value] if isinstance(value, list) else value
