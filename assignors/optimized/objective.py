"""What makes one plan better than another, as data.

The rule kept here: an objective is a sum of terms, each a coefficient times a cost in units that a
user can count, and it prints as such. The unit is that of Kafka's uniform case: with equal weights
and capacities the first term is the sum of squared loads, loads in partitions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assignors.optimized import data
from assignors.optimized.errors import InvalidObjectiveError
from assignors.optimized.weights import Computed, Lags, LiveLags, Weights, WeightSource

_KEYS = ("weights", "default_weight", "balance", "movement", "movement_by_weight", "rack")


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """The terms, each 0 or more; the sum is minimised.

    `weights`: how heavy each partition is: `Weights`, a mapping topic -> number or list, a function
    of (topic, partition), `Lags`, or `LiveLags`; topics that `Weights` does not name weigh
    `default_weight`.
    `balance`: times the sum over members of load^2 / share; a load is the weight that a member
    gets, in average partitions, and the shares of capacity average 1.
    `movement`: for each partition taken from its settled owner; `movement_by_weight`: the same,
    times its weight in average partitions. Whatever these are, of two plans of equal cost the one
    with fewer moves counts as better.
    `rack`: for each partition without a replica in its member's rack (KIP-881), if both are known.

    Raises InvalidObjectiveError for what is negative, not finite, or no number.
    """

    weights: WeightSource = field(default_factory=Weights)
    default_weight: float = 1
    balance: float = 1
    movement: float = 0.01
    movement_by_weight: float = 0
    rack: float = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", _weight_source(self.weights))
        for name in _KEYS[1:]:
            value = data.number(getattr(self, name), f"the objective's {name}")
            object.__setattr__(self, name, value)

    @classmethod
    def from_data(cls, given: Mapping[str, Any]) -> Objective:
        """From plain data with the field names as keys, all optional.

        `weights` may also be {lag: {base: 1, max_age_ms: 60000}}; `LiveLags` are then to be put in
        its place by whoever can measure, and until then all partitions weigh alike.
        Raises InvalidObjectiveError for anything else.
        """
        read = dict(data.keys_of(given, _KEYS, "objective"))
        weights = read.get("weights")
        if isinstance(weights, Mapping) and set(weights) == {"lag"}:
            where = "objective, weights, lag"
            if isinstance(weights["lag"], Mapping):
                lag = data.keys_of(weights["lag"], ("base", "max_age_ms"), where)
                read["weights"] = LiveLags(_no_lag, **lag)
        return cls(**read)

    def to_data(self) -> dict[str, Any]:
        """Plain data; a function or a snapshot of lag leaves only its name there."""
        return {
            "weights": self.weights.to_data(),
            **{name: getattr(self, name) for name in _KEYS[1:]},
        }

    @property
    def fingerprint(self) -> str:
        """16 hex digits, equal for equal `to_data()`."""
        return data.fingerprint(self.to_data())

    def describe(self) -> str:
        """One line a term."""
        lines = [f"weights: {self.weights.describe()} (else {self.default_weight:g})"]
        if self.balance:
            lines.append(f"{self.balance:g} x the sum of load^2 / share of capacity")
        if self.movement:
            lines.append(f"{self.movement:g} x partitions taken from their owner")
        if self.movement_by_weight:
            lines.append(f"{self.movement_by_weight:g} x their weight")
        if self.rack:
            lines.append(f"{self.rack:g} x partitions without a replica in their member's rack")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.describe()


def _no_lag() -> None:
    """Nobody measures."""


def _weight_source(given: Any) -> WeightSource:
    if given is None:
        return Weights()
    if isinstance(given, Mapping):
        return Weights(given)
    if isinstance(given, Weights | Lags | LiveLags | Computed):
        return given
    if isinstance(given, Callable):  # type: ignore[arg-type]
        return Computed(given)
    if all(hasattr(given, name) for name in ("of", "to_data", "describe")):
        source: WeightSource = given
        return source
    raise InvalidObjectiveError(
        f"weights are {given!r}: give topic -> number or list, a function of (topic, partition), "
        "Lags or LiveLags"
    )
