"""Changes of configuration: checked as Kafka's broker and controller check them, then made.

A resource is changed as a whole or not at all, and one that is refused does not hold up another.
Source: `ConfigAdminManager`, `ConfigurationControlManager`, `ControllerConfigurationValidator`.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from rebalance.broker.configs.broker_configs import ConfigSource
from rebalance.broker.configs.config_keys import ConfigKey
from rebalance.broker.configs.config_resources import (
    ResourceError,
    ResourceType,
    check_broker,
    find_topic,
)
from rebalance.broker.configs.group_configs import GROUP_KEYS, MAX_CONFIGURED_GROUPS
from rebalance.broker.configs.topic_configs import MAX_CONFIG_CHARACTERS, TOPIC_KEYS, check_configs
from rebalance.broker.errors import StorageError
from rebalance.broker.topics.topics import TopicError
from rebalance.protocol.errors import ErrorCode

if TYPE_CHECKING:
    from rebalance.broker.state import BrokerState
    from rebalance.broker.wire.codec import Message

__all__ = ["Before", "Change", "answer_all", "check_names", "check_values"]


_log = logging.getLogger("rebalance.broker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What a change starts from: a resource's own values, and what is known of any key."""

    own: Mapping[str, str]
    key_of: Callable[[str], ConfigKey | None]
    inherited: Mapping[str, str]
    """What holds where the resource has no value of its own."""


Change: TypeAlias = Callable[[Before], dict[str, str]]
"""What there was -> the resource's own values afterwards; raises ResourceError."""


def answer_all(
    state: BrokerState, body: Message, change_of: Callable[[Message], Change]
) -> list[Message]:
    """Change every resource of a request, or only say what would happen to it."""
    asked = [(entry["resource_type"], entry["resource_name"]) for entry in body["resources"]]
    answers = []
    for entry, resource in zip(body["resources"], asked, strict=True):
        answer: Message = {
            "error_code": ErrorCode.NONE,
            "error_message": None,
            "resource_type": resource[0],
            "resource_name": resource[1],
        }
        try:
            if asked.count(resource) > 1:
                raise _invalid("Each resource must appear at most once.")
            commit = _prepare(state, *resource, change_of(entry))
            if not body["validate_only"]:
                commit()
        except (ResourceError, TopicError) as error:
            answer |= {"error_code": error.code, "error_message": str(error) or None}
        except StorageError as error:
            _log.error("%s", error)
            answer |= {"error_code": ErrorCode.KAFKA_STORAGE_ERROR, "error_message": str(error)}
        answers.append(answer)
    return answers


def check_values(values: Mapping[str, str | None]) -> dict[str, str]:
    """Values to set; none of them may be null.

    Raises:
        ResourceError: one is.
    """
    null = [name for name, value in values.items() if value is None]
    if null:
        raise _invalid(f"Null value not supported for : {','.join(null)}")
    return {name: value for name, value in values.items() if value is not None}


def check_names(names: Iterable[str]) -> None:
    """Each property may be named once.

    Raises:
        ResourceError: one is named again.
    """
    if max(Counter(names).values(), default=0) > 1:
        raise _invalid("Error due to duplicate config keys")


def _prepare(
    state: BrokerState, resource_type: int, name: str, change: Change
) -> Callable[[], None]:
    """Check a change and return what makes it."""
    match resource_type:
        case ResourceType.TOPIC:
            return _prepare_topic(state, name, change)
        case ResourceType.BROKER:
            return _prepare_broker(state, name, change)
        case ResourceType.GROUP:
            return _prepare_group(state, name, change)
    raise _invalid(f"Unknown resource type {resource_type}")


def _prepare_topic(state: BrokerState, name: str, change: Change) -> Callable[[], None]:
    if name == "":
        raise _invalid("Default topic resources are not allowed.")
    topic = find_topic(state, name, f"The topic '{name}' does not exist.")
    inherited = {
        entry.key.name: entry.value
        for entry in state.configs.entries(TOPIC_KEYS, {}, ConfigSource.TOPIC)
    }
    before = Before(own=topic.configs, key_of=TOPIC_KEYS.get, inherited=inherited)
    checked = check_configs(change(before))
    if isinstance(checked, str):
        raise ResourceError(ErrorCode.INVALID_CONFIG, checked)
    return lambda: state.topics.configure(topic, checked)


def _prepare_broker(state: BrokerState, name: str, change: Change) -> Callable[[], None]:
    configs = state.configs
    of_all = name == ""
    if not of_all:
        check_broker(state, name, what="Node id")
    old = configs.cluster if of_all else configs.dynamic
    values = change(Before(own=old, key_of=configs.key, inherited={}))
    fixed = sorted(name for name in values if name not in old and configs.is_read_only(name))
    if fixed:
        raise _invalid(f"Cannot update these configs dynamically: [{', '.join(fixed)}]")
    checked = _canonical(values, configs.key, "broker", ErrorCode.INVALID_REQUEST)
    return lambda: state.cluster.configure_broker(checked, of_all_brokers=of_all)


def _prepare_group(state: BrokerState, name: str, change: Change) -> Callable[[], None]:
    if name == "":
        raise _invalid("Default group resources are not allowed.")
    groups = state.group_configs
    before = Before(own=groups.get(name, {}), key_of=GROUP_KEYS.get, inherited={})
    values = change(before)
    checked = _canonical(values, GROUP_KEYS.get, "group", ErrorCode.INVALID_CONFIG)
    if name not in groups and len(groups) >= MAX_CONFIGURED_GROUPS:
        message = f"{MAX_CONFIGURED_GROUPS} groups are configured already."
        raise ResourceError(ErrorCode.POLICY_VIOLATION, message)

    return lambda: state.cluster.kept_configs.set_group(name, checked)


def _canonical(
    values: Mapping[str, str],
    key_of: Callable[[str], ConfigKey | None],
    whose: str,
    refused: ErrorCode,
) -> dict[str, str]:
    if sum(map(len, values.values())) > MAX_CONFIG_CHARACTERS:
        message = f"The values of all configs are longer than {MAX_CONFIG_CHARACTERS} characters."
        raise ResourceError(refused, message)
    checked = {}
    for name, value in values.items():
        key = key_of(name)
        if key is None:
            raise ResourceError(refused, f"Unknown {whose} config name: {name}")
        try:
            checked[name] = key.canonical(value)
        except ValueError as error:
            raise ResourceError(refused, str(error)) from None
    return checked


def _invalid(message: str) -> ResourceError:
    return ResourceError(ErrorCode.INVALID_REQUEST, message)
