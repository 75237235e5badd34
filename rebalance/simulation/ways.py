"""Ways to play one churn: protocols, assignors and settings, each combination with a name.

Why: the `compare` of a scenario file and `rebalance compare` mean the same by `eager/sticky`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from assignors.interface import resolve
from rebalance.simulation.choosing import PROTOCOLS, Overrides

__all__ = ["Way", "combined", "read_way"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What is played otherwise than the scenario says, and what that is called."""

    name: str
    overrides: Overrides


def read_way(text: str) -> Way:
    """`eager` or `cooperative/sticky`.

    Raises:
        ValueError: there is no such protocol.
        AssignorError: there is no such assignor.
    """
    protocol, _, assignor = text.partition("/")
    if protocol not in PROTOCOLS:
        raise ValueError(f"{protocol!r} is not a protocol: expected {' or '.join(PROTOCOLS)}")
    if assignor:
        resolve(assignor)
    return Way(
        name=text, overrides=Overrides(protocol=PROTOCOLS[protocol], assignor=assignor or None)
    )


def combined(first: Sequence[Way], settings: Sequence[Mapping[str, Overrides]]) -> list[Way]:
    """Every way with every combination of `settings`: dimension -> name in it -> what changes.

    A dimension with one value is not named: it is the same everywhere.
    """
    found = list(first)
    for dimension in settings:
        found = [
            Way(
                name=f"{each.name}, {name}" if len(dimension) > 1 else each.name,
                overrides=_both(each.overrides, change),
            )
            for each in found
            for name, change in dimension.items()
        ]
    return found


def _both(one: Overrides, other: Overrides) -> Overrides:
    return replace(
        one,
        static=one.static if other.static is None else other.static,
        member=one.member + other.member,
        coordinator=one.coordinator + other.coordinator,
    )
