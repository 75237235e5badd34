"""Plays as data: who plays what. Several are played at a time, each in a group of its own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.judges.company import Company
from tests.judges.life import Life
from tests.judges.makers import (
    COOPERATIVE,
    FRANZ_GO,
    JAVA,
    KAFKA_PYTHON,
    LIBRDKAFKA,
    MAKERS,
    RANGE,
    Maker,
)
from tests.judges.mixed import Mixed

_MIXED = (
    # No franz-go where librdkafka may lead: docs/clients.md says why.
    ((JAVA, FRANZ_GO, KAFKA_PYTHON), COOPERATIVE),
    ((JAVA, LIBRDKAFKA, KAFKA_PYTHON), COOPERATIVE),
    (MAKERS, RANGE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """A life of one maker's clients, or a mixed group whose leader is the first of several."""

    makers: tuple[Maker, ...]
    assignor: str

    def __str__(self) -> str:
        first, *others = (maker.name for maker in self.makers)
        return "-".join([first, *(["leads", *others] if others else []), self.assignor])

    def require(self) -> None:
        """Skip, or in CI fail, where one of the programs cannot be run."""
        for maker in self.makers:
            maker.require()

    def play(self, servers: str) -> None:
        """From empty topics to a group that all have left. Raises AssertionError."""
        self.require()
        suffix = f"{self}-{time.time_ns():x}"  # the broker may outlive this run
        left, right = f"left-{suffix}", f"right-{suffix}"
        is_cooperative = self.assignor == COOPERATIVE
        with Company(servers, f"group-{suffix}", {left: 6, right: 4}, self.assignor) as company:
            if len(self.makers) > 1:
                cast = Mixed(company, self.makers, left, right, is_cooperative=is_cooperative)
                cast.play()
            else:
                (maker,) = self.makers
                Life(company, maker, left, right, is_cooperative=is_cooperative).play()


def lives() -> list[Play]:
    """Each maker with each of its assignors."""
    return [
        Play(makers=(maker,), assignor=assignor) for maker in MAKERS for assignor in maker.assignors
    ]


def mixed() -> list[Play]:
    """Everybody with everybody who can live together, each of them first once."""
    return [
        Play(makers=_rotated(makers, at), assignor=assignor)
        for makers, assignor in _MIXED
        for at in range(len(makers))
    ]


def _rotated(makers: Sequence[Maker], at: int) -> tuple[Maker, ...]:
    return (*makers[at:], *makers[:at])
