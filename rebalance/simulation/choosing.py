"""Which assignors a simulated member offers: what the scenario says, or what an override says.

Why: the same churn must be playable eager and cooperative, with any assignor, without touching the
scenario. Protocol and algorithm are separate choices: the cooperative protocol is a wrapper around
any assignor, the eager one is what is inside.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from assignors.cooperative import Cooperative
from assignors.interface import (
    Assignor,
    ProtocolMismatchError,
    RebalanceProtocol,
    assignor_protocols,
    resolve,
)

__all__ = ["PROTOCOLS", "Overrides", "chosen"]

PROTOCOLS = {
    "eager": RebalanceProtocol.EAGER,
    "cooperative": RebalanceProtocol.COOPERATIVE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What is to be played otherwise than the scenario says; None: as it says."""

    protocol: RebalanceProtocol | None = None
    assignor: str | Assignor | type[Assignor] | None = None
    """A registered name, `module:Class`, an object, or a class: each member gets its own."""
    seed: int | None = None
    static: bool | None = None
    """All members are static ones, each under its name; False: none is."""
    member: tuple[tuple[str, str], ...] = ()
    """Kafka's client properties of all members, with their values."""
    coordinator: tuple[tuple[str, str], ...] = ()
    """Kafka's properties of the coordinator, with their values."""

    @property
    def none(self) -> bool:
        """Played as it is written."""
        return self == Overrides()


class _Eager:
    """An assignor that supports both protocols, used under the eager one."""

    protocols = (RebalanceProtocol.EAGER,)

    def __init__(self, inner: Assignor) -> None:
        self.inner = inner
        self.name = inner.name

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def chosen(names: Iterable[str], overrides: Overrides) -> Sequence[Assignor]:
    """The assignors a member offers, most wanted first.

    Raises:
        AssignorError: nothing is called that, or it does not support the protocol asked for.
    """
    wanted: Iterable[object] = names if overrides.assignor is None else (overrides.assignor,)
    return tuple(_under(overrides.protocol, resolve(name)) for name in wanted)


def _under(protocol: RebalanceProtocol | None, assignor: Assignor) -> Assignor:
    supported = assignor_protocols(assignor)
    if protocol is None or supported == (protocol,):
        return assignor
    if protocol is RebalanceProtocol.COOPERATIVE:
        return assignor if protocol in supported else Cooperative(assignor)
    if isinstance(assignor, Cooperative):
        return assignor.inner
    if protocol not in supported:
        raise ProtocolMismatchError(
            f"assignor {assignor.name!r} supports the cooperative protocol only: "
            "choose another assignor or leave the protocol as it is"
        )
    return _Eager(assignor)
