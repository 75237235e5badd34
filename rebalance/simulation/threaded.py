"""The simulated application of a process, where no user's code takes its place.

Why: a process has one application, and what that is made of is no business of the process. This one
polls, reads at a rate, commits now and then, and has listeners that take their time, all on one
thread as in Java's consumer.
"""

from rebalance.member import events
from rebalance.protocol.states import MemberState
from rebalance.simulation.application import Thread
from rebalance.simulation.callbacks import Callbacks
from rebalance.simulation.driver import MemberDriver
from rebalance.simulation.gate import Gate
from rebalance.simulation.positions import Positions

__all__ = ["ThreadedApplication"]

_ENDED = (MemberState.FAILED, MemberState.STOPPED)


class ThreadedApplication:
    """See `rebalance.simulation.hosting.Hosted`."""

    def __init__(
        self,
        gate: Gate,
        thread: Thread,
        driver: MemberDriver,
        positions: Positions,
        callbacks: Callbacks,
    ) -> None:
        self._gate = gate
        self._thread = thread
        self._driver = driver
        self._positions = positions
        self._callbacks = callbacks
        self.take_positions = callbacks.take_positions
        self.revoke = callbacks.revoke
        self.assign = callbacks.assign
        self.lose = callbacks.lose
        self.commit_finished = positions.commit_finished

    @property
    def busy_until(self) -> int:
        """When its thread is free (ms); in the past when it is."""
        return self._thread.free_at

    def start(self) -> None:
        """Poll, from now on."""
        state = self._driver.state
        if state in _ENDED:
            return
        if self._thread.busy:
            self._gate.at(self._thread.free_at, self.start)
            return
        behaviour = self._callbacks.behaviour
        if state is not MemberState.LEAVING:  # then it is in unsubscribe() or close()
            self._driver.poll()
            self._positions.commit_if_due(behaviour.commit_ms)
        self._gate.after(behaviour.poll_ms, self.start)

    def occupy(self, duration_ms: int) -> None:
        """One batch takes so long: no polls, no listeners."""
        self._thread.occupy(duration_ms)

    def commit(self) -> None:
        """The positions as they are."""
        self._gate.do(self._positions.commit)

    def close(self) -> None:
        """Once its thread is free."""
        self._thread.then(self._gate, 0, self._driver.tell, events.Close())

    def closed(self) -> bool:
        """The process ends with its consumer."""
        return False

    def ended(self) -> None:
        """Nothing of it is left."""
