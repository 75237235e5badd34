"""Topic configs: known names, values of the right kind."""

from __future__ import annotations

import pytest

from rebalance.broker.configs.topic_configs import DEFAULTS, check_configs


def test_every_default_is_a_value_that_is_taken() -> None:
    assert check_configs(DEFAULTS) == dict(DEFAULTS)


@pytest.mark.parametrize(
    ("configs", "problem"),
    [
        ({"nope": "1"}, "Unknown topic config name: nope"),
        ({"retention.ms": None}, "Null value not supported for topic configs: retention.ms"),
        (
            {"retention.ms": "x"},
            "Invalid value x for configuration retention.ms: Not a number of type LONG",
        ),
        ({"preallocate": "1"}, "Expected value to be either true or false"),
        ({"max.message.bytes": "-1"}, "Value must be at least 0"),
    ],
)
def test_refusals(configs: dict[str, str | None], problem: str) -> None:
    answer = check_configs(configs)
    assert isinstance(answer, str)
    assert problem in answer
