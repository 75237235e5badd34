"""A process's own clock: ahead of the world's, faster, or slower.

Rule kept: a clock never goes back, as a monotonic one never does; and whoever lives by it is woken
when the clock shows the time that was asked for, whatever the world's time is then. A clock that
nothing was done to shows the world's time.
"""

from rebalance.simulation.world import World

__all__ = ["Clock"]

_EXACT = 1000


class Clock:
    """Milliseconds, as one process or broker reads them; Kafka's machines know no other time."""

    __slots__ = ("_permille", "_shown", "_since", "_world")

    def __init__(self, world: World) -> None:
        self._world = world
        self._permille = _EXACT
        self._since = 0
        """When, in the world's time, it last became faster, slower, or jumped."""
        self._shown = 0
        """What it showed then."""

    @property
    def now(self) -> int:
        """What it shows (ms)."""
        passed = self._world.now - self._since
        if self._permille != _EXACT:
            passed = passed * self._permille // _EXACT
        return self._shown + passed

    def world_time(self, shown: int) -> int:
        """The first moment of the world (ms) at which it shows `shown` or more."""
        ahead = shown - self._shown
        if self._permille != _EXACT:
            ahead = -(-ahead * _EXACT // self._permille)
        return self._since + ahead

    def jump(self, ahead_ms: int) -> None:
        """It shows so much more from now on: a suspended machine wakes up.

        Raises:
            ValueError: a clock that is asked to go back.
        """
        if ahead_ms < 0:
            raise ValueError(f"{ahead_ms} ms: a monotonic clock does not go back")
        self._shown, self._since = self.now + ahead_ms, self._world.now

    def run_at(self, permille: int) -> None:
        """From now on it counts so many milliseconds in a second: 1000 is exact, 900 is slow.

        Raises:
            ValueError: a clock that stands still or goes back.
        """
        if permille < 1:
            raise ValueError(f"{permille} ms a second: a clock goes on")
        self._shown, self._since = self.now, self._world.now
        self._permille = permille
