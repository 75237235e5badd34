"""Drives one member machine: events in, effects out, one wake-up armed.

Rule kept: one event after another. An effect whose outcome is known at once (a listener that takes
no time) is told after the event that asked for it, never inside of it. No rule of the protocol is
here.
"""

from collections import deque
from collections.abc import Callable, Sequence

from rebalance.member import events
from rebalance.member.classic import ClassicMember
from rebalance.member.errors import MemberUsageError
from rebalance.protocol.states import MemberState
from rebalance.simulation.clock import Clock
from rebalance.simulation.gate import Gate

__all__ = ["MemberDriver"]

_POLLED = events.Polled()


class MemberDriver:
    """Owns the machine; `perform` is told every effect, in order, while the process lives."""

    def __init__(
        self,
        gate: Gate,
        clock: Clock,
        member: ClassicMember,
        perform: Callable[[events.MemberEffect], None],
    ) -> None:
        self.member = member
        self.state = MemberState.UNSUBSCRIBED
        self._gate = gate
        self._clock = clock
        self._perform = perform
        self._inbox: deque[events.MemberEvent | None] = deque()
        self._telling = False
        self._wakes_at: int | None = None
        self._ended = False

    def tell(self, event: events.MemberEvent | None) -> None:
        """Tell the member and do what it says; None: time has passed."""
        if self._ended:
            return
        if self._telling:
            self._inbox.append(event)
        else:
            self._follow(self._effects_of(event))

    def poll(self) -> None:
        """The application polls; nearly always only a deadline that is far away moves farther."""
        if self._telling:
            self._inbox.append(_POLLED)
            return
        effects = self.member.handle(_POLLED, self._clock.now)
        if effects:
            self._follow(effects)

    def _effects_of(self, event: events.MemberEvent | None) -> Sequence[events.MemberEffect]:
        now = self._clock.now
        return self.member.advance(now) if event is None else self.member.handle(event, now)

    def _follow(self, effects: Sequence[events.MemberEffect]) -> None:
        self._telling = True
        try:
            self._act(effects)
            while self._inbox:
                self._act(self._effects_of(self._inbox.popleft()))
        finally:
            self._telling = False
        self.arm()

    def _act(self, effects: Sequence[events.MemberEffect]) -> None:
        for effect in effects:
            if not self._ended:
                self._perform(effect)

    def wish(self, event: events.MemberEvent) -> None:
        """What a user asks for; a consumer that failed or is closed raises, and that is all."""
        try:
            self.tell(event)
        except MemberUsageError:
            self._telling = False

    def end(self) -> None:
        """Its consumer is gone: nothing more is told or done, also if the process goes on."""
        self._ended = True
        self._inbox.clear()

    def arm(self) -> None:
        """One wake-up, never later than the next deadline; an early one arms the next."""
        deadline = None if self._ended else self.member.next_deadline()
        if deadline is None:
            return
        deadline = self._clock.world_time(deadline)
        if self._wakes_at is None or deadline < self._wakes_at:
            self._wakes_at = deadline
            self._gate.at(deadline, self._wake, deadline)

    def _wake(self, armed: int) -> None:
        if armed == self._wakes_at:
            self._wakes_at = None
            self.tell(None)
