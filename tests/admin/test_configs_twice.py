"""Configuration: what is described, what is changed and what is refused, beside Apache Kafka's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rebalance.broker.configs.config_keys import ConfigType
from rebalance.broker.configs.group_configs import GROUP_KEYS
from rebalance.broker.configs.topic_configs import TOPIC_KEYS
from tests.admin.twin import Answer, Twin

Unique = Callable[[str], str]

TOPIC, BROKER, LOGGER, GROUP = 2, 4, 8, 32
SET, DELETE, APPEND, SUBTRACT = range(4)


def _describe(kind: int, name: str, *keys: str, synonyms: bool = True) -> dict[str, Any]:
    resource = {"resource_type": kind, "resource_name": name, "configuration_keys": list(keys)}
    return {"resources": [resource], "include_synonyms": synonyms}


def _change(kind: int, name: str, *changes: tuple[str, int, str | None], **more: Any) -> Any:
    configs = [
        {"name": key, "config_operation": operation, "value": value}
        for key, operation, value in changes
    ]
    resource = {"resource_type": kind, "resource_name": name, "configs": configs}
    return {"resources": [resource], "validate_only": False, **more}


def _changed(twin: Twin, *arguments: Any, version: int = 1, **more: Any) -> str:
    answer = twin.ask("incremental_alter_configs", version, _change(*arguments, **more))
    return str(answer["responses"][0]["error_code"])


def _values(twin: Twin, kind: int, name: str, *keys: str) -> dict[str, tuple[Any, Any]]:
    (result,) = twin.settle("describe_configs", 4, _describe(kind, name, *keys))["results"]
    return {c["name"]: (c["value"], c["config_source"]) for c in result["configs"]}


@pytest.mark.parametrize("version", range(1, 5))
def test_a00_describe_a_topic(twin: Twin, unique: Unique, version: int) -> None:
    name = twin.create(unique("topic"), **{"retention.bytes": "77"})
    everything = twin.ask("describe_configs", version, _describe(TOPIC, name))
    assert len(everything["results"][0]["configs"]) == len(TOPIC_KEYS) == 37
    null = _describe(TOPIC, name)
    null["resources"][0]["configuration_keys"] = None
    twin.ask("describe_configs", version, null)
    twin.ask("describe_configs", version, _describe(TOPIC, name, synonyms=False))
    some = ("retention.bytes", "max.message.bytes", "nope", "RETENTION.MS")
    told = twin.ask("describe_configs", version, _describe(TOPIC, name, *some))
    assert {c["name"] for c in told["results"][0]["configs"]} == set(some[:2])
    for absent in ("missing", "", "a/b"):
        twin.ask("describe_configs", version, _describe(TOPIC, absent))
    twice = _describe(TOPIC, name, "retention.ms")
    twice["resources"] *= 2
    twin.ask("describe_configs", version, twice)


OURS = (
    "advertised.listeners",
    "log.memory.bytes",
    "log.retention.bytes",
    "max.group.id.length",
    "max.groups",
    "max.transactional.ids",
    "max.partitions",
)
"""Another's on each side, or no property of Kafka's."""


@pytest.mark.parametrize("version", range(1, 5))
def test_a00_describe_the_broker(twin: Twin, version: int) -> None:
    asked = _describe(BROKER, "1")
    ours, _ = twin.both("describe_configs", version, asked)
    names = {config["name"] for config in ours["results"][0]["configs"]}
    assert {"group.min.session.timeout.ms", "message.max.bytes", "log.cleanup.policy"} <= names
    shared = sorted(names - set(OURS))
    twin.ask("describe_configs", version, _describe(BROKER, "1", *shared))
    twin.ask("describe_configs", version, _describe(BROKER, "1", *shared, synonyms=False))
    for other in ("", "2", "x", "1x", "99999999999"):
        twin.ask("describe_configs", version, _describe(BROKER, other, "message.max.bytes"))
    ours, kafkas = twin.both("describe_configs", version, _describe(BROKER, "1", *OURS))
    assert {c["name"] for c in kafkas["results"][0]["configs"]} == {
        "advertised.listeners",
        "log.retention.bytes",
    }
    assert {c["name"] for c in ours["results"][0]["configs"]} == set(OURS)


@pytest.mark.parametrize("version", range(1, 5))
def test_a00_describe_a_group(twin: Twin, unique: Unique, version: int) -> None:
    everything = twin.ask("describe_configs", version, _describe(GROUP, unique("group")))
    assert len(everything["results"][0]["configs"]) == len(GROUP_KEYS) == 21
    twin.ask("describe_configs", version, _describe(GROUP, ""))
    for kind in (0, 1, 3, 99):
        twin.ask("describe_configs", version, _describe(kind, "m"))


_WRONG = {
    ConfigType.BOOLEAN: ("x", "", "1", "TRUE", " true "),
    ConfigType.INT: ("x", "", "1.5", "1e3", "+5", " 7 ", "0", "-1", "-3", "5000000000", "999999"),
    ConfigType.LONG: ("x", "", "1.5", "1_0", "+5", " 7 ", "0", "-1", "-3", "9223372036854775808"),
    ConfigType.DOUBLE: ("x", "", "1.5", "-1", "+5", "0.25", "1e-1"),
    ConfigType.STRING: ("x", "", "lz4", "CreateTime", "sticky", "earliest", "read_committed"),
    ConfigType.LIST: ("x", "", "compact", "delete,compact", "0:1", "*", "delete , compact"),
}


@pytest.mark.parametrize("name", TOPIC_KEYS)
def test_a00_values_of_a_topic(twin: Twin, unique: Unique, name: str) -> None:
    topic = twin.create(unique("topic"))
    for value in _WRONG[TOPIC_KEYS[name].type]:
        code = _changed(twin, TOPIC, topic, (name, SET, value))
        assert code in ("none", "invalid_config")
        if code == "none":
            _values(twin, TOPIC, topic, name)


@pytest.mark.parametrize("name", GROUP_KEYS)
def test_a00_values_of_a_group(twin: Twin, unique: Unique, name: str) -> None:
    group = unique("group")
    for value in (*_WRONG[GROUP_KEYS[name].type], "7", "1000", "5000", "46000"):
        code = _changed(twin, GROUP, group, (name, SET, value))
        assert code in ("none", "invalid_config")
        if code == "none":
            _values(twin, GROUP, group, name)


@pytest.mark.parametrize("version", range(2))
def test_a00_change_a_topic(twin: Twin, unique: Unique, version: int) -> None:
    topic = twin.create(unique("topic"), **{"segment.ms": "5"})

    def changed(*changes: tuple[str, int, str | None], **more: Any) -> str:
        return _changed(twin, TOPIC, topic, *changes, version=version, **more)

    size, policy = "retention.bytes", "cleanup.policy"
    assert changed((size, SET, "100")) == "none"
    assert changed((size, SET, None)) == "invalid_request"
    assert changed((size, SET, "5"), ("max.message.bytes", SET, "-5")) == "invalid_config"
    assert changed((size, SET, "1"), (size, SET, "2")) == "invalid_request"
    assert changed((size, APPEND, "1")) == changed((size, SUBTRACT, "1")) == "invalid_config"
    assert changed(("nope", SET, "1")) == changed(("nope", APPEND, "1")) == "invalid_config"
    assert changed(("nope", DELETE, None)) == "none"
    assert changed((size, 9, "1")) == "unknown_server_error"
    assert changed((size, SET, "1234"), validate_only=True) == "none"
    assert changed() == "none"
    assert _values(twin, TOPIC, topic, size) == {size: ("100", 1)}
    for operation, value in ((APPEND, "compact"), (APPEND, "compact"), (SUBTRACT, "delete")):
        assert changed((policy, operation, value)) == "none"
    assert _values(twin, TOPIC, topic, policy) == {policy: ("compact", 1)}
    assert changed((policy, DELETE, None), (size, DELETE, None)) == "none"
    assert _values(twin, TOPIC, topic, policy, size) == {policy: ("delete", 5), size: ("-1", 4)}
    assert _values(twin, TOPIC, topic, "segment.ms") == {"segment.ms": ("5", 1)}


def test_a00_change_what_is_not_there(twin: Twin) -> None:
    one = ("retention.bytes", SET, "1")
    for name in ("missing", "", "a/b"):
        _changed(twin, TOPIC, name, one)
    for kind in (0, 1, 99):
        _changed(twin, kind, "1", one)
    _changed(twin, GROUP, "", ("consumer.session.timeout.ms", SET, "50000"))
    _changed(twin, GROUP, "g", ("nope", SET, "1"))
    both = _change(TOPIC, "missing", one)
    both["resources"] *= 2
    twin.ask("incremental_alter_configs", 1, both)


def test_a00_change_a_group(twin: Twin, unique: Unique) -> None:
    group, key = unique("group"), "consumer.session.timeout.ms"
    assert _changed(twin, GROUP, group, (key, SET, "50000")) == "none"
    assert _values(twin, GROUP, group, key) == {key: ("50000", 8)}
    listed = twin.ask("list_config_resources", 1, {"resource_types": [GROUP]})
    assert group in [each["resource_name"] for each in listed["config_resources"]]
    assert _changed(twin, GROUP, group, (key, DELETE, None)) == "none"
    assert _values(twin, GROUP, group, key) == {key: ("45000", 5)}


def test_a00_change_the_broker(twin: Twin, unique: Unique) -> None:
    topic, size = twin.create(unique("topic")), "message.max.bytes"
    for value in ("x", "-1", ""):
        assert _changed(twin, BROKER, "1", (size, SET, value)) == "invalid_request"
    for fixed in ("group.min.session.timeout.ms", "node.id", "num.partitions"):
        assert _changed(twin, BROKER, "1", (fixed, SET, "3")) == "invalid_request"
        assert _changed(twin, BROKER, "", (fixed, SET, "3")) == "invalid_request"
    for other in ("2", "x"):
        assert _changed(twin, BROKER, other, (size, SET, "3")) == "invalid_request"
    try:
        assert _changed(twin, BROKER, "1", (size, SET, "2000000")) == "none"
        assert _changed(twin, BROKER, "", (size, SET, "3000000")) == "none"
        assert _values(twin, BROKER, "1", size) == {size: ("2000000", 2)}
        assert _values(twin, BROKER, "", size) == {size: ("3000000", 3)}
        of_topic = "max.message.bytes"
        assert _values(twin, TOPIC, topic, of_topic) == {of_topic: ("2000000", 2)}
        assert _changed(twin, BROKER, "1", (size, DELETE, None)) == "none"
        assert _values(twin, TOPIC, topic, of_topic) == {of_topic: ("3000000", 3)}
    finally:
        for name in ("1", ""):
            _changed(twin, BROKER, name, (size, DELETE, None))
    assert _values(twin, BROKER, "1", size) == {size: ("1048588", 5)}


def _replace(kind: int, name: str, **values: str | None) -> dict[str, Any]:
    configs = [{"name": key.replace("_", "."), "value": value} for key, value in values.items()]
    resource = {"resource_type": kind, "resource_name": name, "configs": configs}
    return {"resources": [resource], "validate_only": False}


@pytest.mark.parametrize("version", range(3))
def test_a00_replace_all_of_a_topic(twin: Twin, unique: Unique, version: int) -> None:
    topic = twin.create(unique("topic"), **{"segment.ms": "5"})

    def replaced(name: str = topic, **values: str | None) -> Answer:
        return twin.ask("alter_configs", version, _replace(TOPIC, name, **values))

    replaced(retention_bytes="x")
    replaced(retention_bytes=None)
    replaced(nope="1")
    replaced("missing", retention_bytes="1")
    twice = _replace(TOPIC, topic, retention_bytes="1")
    twice["resources"][0]["configs"] *= 2
    answer = twin.ask("alter_configs", version, twice)
    assert answer["responses"][0]["error_code"] == "invalid_request"
    assert replaced(retention_bytes="9")["responses"][0]["error_code"] == "none"
    values = _values(twin, TOPIC, topic, "segment.ms", "retention.bytes")
    assert values == {"segment.ms": ("604800000", 5), "retention.bytes": ("9", 1)}


def test_a00_list_what_can_be_configured(twin: Twin, unique: Unique) -> None:
    twin.create(unique("topic"))
    for types in ([], [2, 4, 8, 16, 32], [99], [4, 4], [BROKER, LOGGER]):
        twin.ask("list_config_resources", 0, {"resource_types": types})
        if types:
            twin.ask("list_config_resources", 1, {"resource_types": [t for t in types if t != 2]})
