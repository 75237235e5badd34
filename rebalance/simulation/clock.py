"""A process's own clock: ahead of the world's, faster, or slower.

Rule kept: a clock never goes back, as a monotonic one never does; and whoever lives by it is woken
when the clock shows the time that was asked for, whatever the world's time is then. A clock that
nothing was done to shows the world's time.
"""

from rebalance.simulation.world import World

__all__ = ["EXACT", "Clock"]

EXACT = 1000
"""What a good clock counts in a second of the world."""


class Clock:
    """Milliseconds, as one process or broker reads them; Kafka's machines know no other time."""

    __slots__ = ("_permille", "_shown", "_since", "_world", "jumped_ms")

    def __init__(self, world: World) -> None:
        self._world = world
        self._permille = EXACT
        self._since = 0
        """When, in the world's time, it last became faster, slower, or jumped."""
        self._shown = 0
        """What it showed then."""
        self.jumped_ms = 0
        """How much of what it shows it never counted."""

    @property
    def now(self) -> int:
        """What it shows (ms)."""
        passed = self._world.now - self._since
        if self._permille != EXACT:
            passed = passed * self._permille // EXACT
        return self._shown + passed

    @property
    def counted_ms(self) -> int:
        """What it shows without what it jumped."""
        return self.now - self.jumped_ms

    @property
    def step_ms(self) -> int:
        """How far it may be beyond the time that was waited for: what it counts meanwhile."""
        return -(-self._permille // EXACT) if self._permille != EXACT else 0

    def world_time(self, shown: int) -> int:
        """The first moment of the world (ms) at which it shows `shown` or more."""
        ahead = shown - self._shown
        if self._permille != EXACT:
            ahead = -(-ahead * EXACT // self._permille)
        return self._since + ahead

    def jump(self, ahead_ms: int) -> None:
        """It shows so much more from now on: a suspended machine wakes up.

        Raises:
            ValueError: a clock that is asked to go back.
        """
        if ahead_ms < 0:
            raise ValueError(f"{ahead_ms} ms: a monotonic clock does not go back")
        self._shown, self._since = self.now + ahead_ms, self._world.now
        self.jumped_ms += ahead_ms

    def run_at(self, permille: int) -> None:
        """From now on it counts so many milliseconds in a second: 1000 is exact, 900 is slow.

        Raises:
            ValueError: a clock that stands still or goes back.
        """
        if permille < 1:
            raise ValueError(f"{permille} ms a second: a clock goes on")
        self._shown, self._since = self.now, self._world.now
        self._permille = permille
