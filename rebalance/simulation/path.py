"""The way between one process and one broker, and what a script does to it.

Why: a network fails in ways that a client cannot tell apart: a request that never arrived, an
answer that never came back (the request had its effect), and either of them late. Each is a state
of the path, in one direction, and all connections over it share it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from rebalance.simulation.spells import Spells

if TYPE_CHECKING:
    from rebalance.simulation.network import Connection

__all__ = ["Delay", "Losses", "Path", "Split"]


@dataclass(frozen=True, slots=True)
class Delay:
    """How long a frame travels, one way, in milliseconds; both bounds included."""

    least_ms: int = 1
    most_ms: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A fault: a process and these brokers (none named: all) do not hear each other, or only one
    the other."""

    node_ids: tuple[int, ...] = ()
    requests: bool = True
    """What the process sends waits."""
    answers: bool = True
    """What it is answered waits."""


class Losses:
    """Which APIs of a process get lost, and how many of each get through before."""

    __slots__ = ("_left",)

    def __init__(self, left: Mapping[str, int] = MappingProxyType({})) -> None:
        self._left = dict(left)

    def __bool__(self) -> bool:
        return bool(self._left)

    def begin(self, api: str, after: int) -> None:
        """From now on frames of `api` vanish, once `after` more got through."""
        self._left[api] = after

    def end(self, api: str) -> None:
        """They get through again."""
        self._left.pop(api, None)

    def clear(self) -> None:
        """Everything gets through."""
        self._left.clear()

    def take(self, api: str) -> bool:
        """One more frame of `api`: whether it vanishes."""
        left = self._left.get(api)
        if left is None:
            return False
        if left > 0:
            self._left[api] = left - 1
            return False
        return True


@dataclass(slots=True, kw_only=True)
class Path:
    """Shared by all connections of a process to one broker."""

    usual_delay: Callable[[], Delay]
    own_delay: Delay | None = None
    """This process is farther away, or nearer, than the others."""
    lost_requests: Losses = field(default_factory=Losses)
    lost_answers: Losses = field(default_factory=Losses)
    blocks: Spells[tuple[bool, bool]] = field(default_factory=Spells)
    """What holds frames up: requests, answers."""
    requests_blocked: bool = False
    answers_blocked: bool = False
    forbidden: bool = False
    """Brokers refuse what this process asks of its group."""
    connections: list[Connection] = field(default_factory=list)

    @property
    def delay(self) -> Delay:
        """How long a frame travels now."""
        return self.own_delay or self.usual_delay()

    def loses_request(self, api: str) -> bool:
        """This request vanishes: it has no effect."""
        return self.lost_requests.take(api)

    def loses_answer(self, api: str) -> bool:
        """This answer vanishes: its request had its effect."""
        return self.lost_answers.take(api)

    def block(self, *, requests: bool, answers: bool) -> int:
        """Frames wait from now on, in these directions; the token of this block."""
        token = self.blocks.begin((requests, answers))
        self._weigh()
        return token

    def unblock(self, token: int | None = None) -> None:
        """This block is over, or (None) all are: what nothing holds up any more is under way."""
        if token is None:
            self.blocks.clear()
        else:
            self.blocks.end(token)
        self._weigh()
        for connection in tuple(self.connections):
            connection.unblocked()

    def _weigh(self) -> None:
        self.requests_blocked = any(requests for requests, _ in self.blocks)
        self.answers_blocked = any(answers for _, answers in self.blocks)
