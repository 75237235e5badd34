"""Who waits for a group to be something is woken by what happens to groups, never by a clock.

The rule kept here: a condition is looked at after each event that a coordinator handled, before the
next one, so that no state that lasted is missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from rebalance.broker.errors import BrokerError

__all__ = ["GroupWaiters"]

T = TypeVar("T")


class GroupWaiters:
    """The conditions that somebody waits for."""

    __slots__ = ("_checks",)

    def __init__(self) -> None:
        self._checks: dict[asyncio.Future[None], Callable[[], bool]] = {}

    def look(self) -> None:
        """Something may have changed."""
        for future, holds in tuple(self._checks.items()):
            if future.done():
                continue
            try:
                if holds():
                    future.set_result(None)
            except Exception as error:
                future.set_exception(error)

    def give_up(self, why: str) -> None:
        """Nothing changes any more: whoever waits is told."""
        for future in self._checks:
            if not future.done():
                future.set_exception(BrokerError(why))

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until `holds` says True.

        Raises:
            BrokerError: `give_up` was called meanwhile.
            Exception: what `holds` raises.
        """
        if holds():
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._checks[future] = holds
        try:
            await future
        finally:
            del self._checks[future]
