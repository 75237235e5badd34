"""The gate of one process: everything it does passes here.

Rule kept: a dead process does nothing, and one that stands still does it later, in the order in
which it would have been done. Whoever acts for a process (its timers, answers, listeners, polls)
asks the gate and never the world, so that no path around a pause or a crash exists.
"""

from collections.abc import Callable
from typing import Any

from rebalance.simulation.world import World

__all__ = ["Gate"]


class Gate:
    """Open while the process runs; closed for ever by `end`."""

    __slots__ = ("_backlog", "_world", "alive", "paused", "paused_at")

    def __init__(self, world: World) -> None:
        self._world = world
        self._backlog: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self.alive = True
        self.paused = False
        self.paused_at = 0

    @property
    def now(self) -> int:
        """Virtual time (ms)."""
        return self._world.now

    def do(self, action: Callable[..., None], *args: Any) -> None:
        """Call `action(*args)` now, when the process goes on, or never."""
        if not self.alive:
            return
        if self.paused:
            self._backlog.append((action, args))
        else:
            action(*args)

    def at(self, time: int, action: Callable[..., None], *args: Any) -> None:
        """The same at `time` (ms)."""
        self._world.at(time, self.do, action, *args)

    def after(self, delay_ms: int, action: Callable[..., None], *args: Any) -> None:
        """The same in `delay_ms`."""
        self._world.at(self._world.now + delay_ms, self.do, action, *args)

    def pause(self) -> None:
        """What happens from now on waits."""
        self.paused, self.paused_at = True, self._world.now

    def open(self) -> None:
        """Nothing waits any more; `catch_up` does what waited."""
        self.paused = False

    def catch_up(self) -> None:
        """Do what waited, in its order; what does not get its turn before the next pause waits."""
        backlog, self._backlog = self._backlog, []
        for action, args in backlog:
            self.do(action, *args)

    def end(self) -> None:
        """The process is gone."""
        self.alive = self.paused = False
        self._backlog.clear()
