"""Messages are frozen, slotted and keyword-only; what is secret or long is not printed."""

import dataclasses
import inspect

import pytest

from rebalance.protocol import causes, effects, notices, records, requests, responses
from rebalance.protocol.requests import GroupProtocol, protocol_names

MESSAGES = [
    value
    for module in (effects, notices, records, requests, responses)
    for value in vars(module).values()
    if inspect.isclass(value)
    and dataclasses.is_dataclass(value)
    and value.__module__ == module.__name__
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.__name__)
def test_messages_are_frozen_slotted_and_keyword_only(message: type) -> None:
    parameters = message.__dataclass_params__  # type: ignore[attr-defined]
    assert parameters.frozen
    assert "__slots__" in vars(message)
    assert all(field.kw_only for field in dataclasses.fields(message))
    assert message.__doc__


def test_protocol_names_are_in_order_of_preference() -> None:
    protocols = [GroupProtocol(name=name, metadata=b"") for name in ("b", "a")]
    assert protocol_names(protocols) == ("b", "a")


def test_bytes_are_not_printed() -> None:
    assert "secret" not in repr(GroupProtocol(name="range", metadata=b"secret"))


def test_causes_have_words_of_their_own() -> None:
    words = [cause.value for cause in causes.Cause]
    assert len(set(words)) == len(words)
