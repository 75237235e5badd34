"""`--set KEY=VALUE` of commands that play a scenario: whose property it is, and its values.

Why: session timeout, rebalance timeout and initial delay are Kafka's properties with Kafka's names
and units, some the broker's and some the consumers'. A user need not know which.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rebalance.cli.errors import UsageError

if TYPE_CHECKING:
    from rebalance.simulation import Overrides

_NAMES = ("group.id", "client.id", "group.instance.id")
"""Each consumer has its own."""


def settings(given: Sequence[str]) -> "list[dict[str, Overrides]]":
    """Each `KEY=V1,V2` as its values: how each is called, and what it changes.

    Raises:
        UsageError: a key is not known, stands there twice, or a value cannot be.
    """
    found: dict[str, dict[str, Overrides]] = {}
    for text in given:
        key, equals, values = text.partition("=")
        if not equals or not values:
            raise UsageError(f"--set {text}: expected KEY=VALUE, as session.timeout.ms=10000")
        if key in found:
            raise UsageError(f"--set {key} stands there twice: give its values as V1,V2")
        found[key] = {f"{key}={value}": _change(key, value) for value in values.split(",")}
    return list(found.values())


def _change(key: str, value: str) -> "Overrides":
    from rebalance.member.config import MemberConfig
    from rebalance.protocol.config import ConfigError, CoordinatorConfig
    from rebalance.simulation import Overrides
    from rebalance.simulation.stage import did_you_mean

    pair = ((key, value),)
    members = MemberConfig.properties().keys() - set(_NAMES)
    brokers = CoordinatorConfig.properties().keys()
    if key not in members | brokers:
        hint = did_you_mean(key, members | brokers)
        raise UsageError(
            f"--set {key}={value}: unknown property {key!r}: {hint}"
            f"known of the broker: {', '.join(sorted(brokers))}; "
            f"known of consumers: {', '.join(sorted(members))}"
        )
    try:
        if key in members:
            _check_member(key, value)
            return Overrides(member=pair)
        CoordinatorConfig.from_properties({key: value})
    except ConfigError as error:
        raise UsageError(f"--set {key}={value}: {error}") from None
    return Overrides(coordinator=pair)


def _check_member(key: str, value: str) -> None:
    """One property alone; whether it goes with the others is the scenario's to say."""
    from rebalance.member.config import MemberConfig

    beside = {"heartbeat.interval.ms": "1"} if key == "session.timeout.ms" else {}
    if key == "heartbeat.interval.ms":
        beside = {"session.timeout.ms": str(2**31 - 1)}
    MemberConfig.from_properties({"group.id": "g", key: value, **beside})
