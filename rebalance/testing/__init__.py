"""The testing kit: property tests of an assignor, and a broker for a suite of yours.

`AssignorContract` is a class to inherit from, `strategies` are Hypothesis strategies, `check` is
the engine behind `rebalance check`, `simulate` runs a consumer's code under rebalances in virtual
time, `ApacheKafka` starts a real broker, `EmbeddedBrokerThread` runs ours beside a test,
and the pytest plugin (`rebalance.testing.plugin`) brings `--rebalance-broker` and its fixtures.

The rule kept here: importing this package costs nothing and needs nothing. pytest imports it in
every suite of an environment in which the project is installed, also where Hypothesis is not. What
does need Hypothesis or pytest says so when it is first used, and names the extra that has them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rebalance.testing import strategies
    from rebalance.testing.apache_kafka import ApacheKafka
    from rebalance.testing.brokers import KafkaBroker
    from rebalance.testing.check import Report, Verdict, check
    from rebalance.testing.contract import AssignorContract
    from rebalance.testing.embedded import EmbeddedBrokerThread
    from rebalance.testing.foreign import adapted
    from rebalance.testing.groups import Group
    from rebalance.testing.simulated.consumer import SimulatedConsumer
    from rebalance.testing.simulated.result import SimulationResult
    from rebalance.testing.simulated.simulate import simulate

__all__ = [
    "ApacheKafka",
    "AssignorContract",
    "EmbeddedBrokerThread",
    "Group",
    "KafkaBroker",
    "Report",
    "SimulatedConsumer",
    "SimulationResult",
    "Verdict",
    "adapted",
    "check",
    "simulate",
    "strategies",
]

_HOME = {
    "ApacheKafka": "rebalance.testing.apache_kafka",
    "AssignorContract": "rebalance.testing.contract",
    "EmbeddedBrokerThread": "rebalance.testing.embedded",
    "Group": "rebalance.testing.groups",
    "KafkaBroker": "rebalance.testing.brokers",
    "Report": "rebalance.testing.check",
    "SimulatedConsumer": "rebalance.testing.simulated.consumer",
    "SimulationResult": "rebalance.testing.simulated.result",
    "Verdict": "rebalance.testing.check",
    "adapted": "rebalance.testing.foreign",
    "check": "rebalance.testing.check",
    "simulate": "rebalance.testing.simulated.simulate",
}


def __getattr__(name: str) -> Any:
    if name == "strategies":
        return import_module("rebalance.testing.strategies")
    if name not in _HOME:
        raise AttributeError(f"module 'rebalance.testing' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
