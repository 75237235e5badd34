"""Looking inside, and moving time: the methods of `EmbeddedBroker` about groups.

What they show is the coordinator's own state, copied; what they bring about goes the coordinator's
own way. The looking ones may be called from any thread; the others are coroutines of the broker's
event loop (`EmbeddedBrokerThread.run` from elsewhere).
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from rebalance.broker.clock import Clock, LoopClock, VirtualClock
from rebalance.broker.errors import BrokerError
from rebalance.broker.faults.arguments import is_number
from rebalance.broker.groups.group_waiters import GroupWaiters
from rebalance.protocol.states import GroupState
from rebalance.protocol.timers import TimerKey
from rebalance.timeline.trace import Header, Trace

if TYPE_CHECKING:
    from rebalance.broker.faults.home import Home
    from rebalance.broker.groups.driver import GroupDriver
    from rebalance.coordinator import GroupSnapshot

__all__ = ["GroupControls", "Time"]

Time: TypeAlias = Literal["real", "virtual"]


class GroupControls:
    """Groups as their coordinator sees them, and the clock that they live by."""

    _trace: Trace | None
    _clock: Clock
    """That groups live by; from the broker's first start on."""

    def __init__(self, time: Time, home: Home) -> None:
        if time not in ("real", "virtual"):
            raise ValueError(f'time is {time!r}; give "real" or "virtual"')
        self._virtual = VirtualClock() if time == "virtual" else None
        self._home = home
        self._waiters = GroupWaiters()

    @abstractmethod
    def _drivers(self) -> Sequence[GroupDriver]:
        """Of every node that runs.

        Raises:
            BrokerError: the broker does not run.
        """

    def _check_here(self) -> None:
        """Raises BrokerError where the broker does not run, or not in the loop of who asks."""
        self._drivers()
        self._home.check_loop()

    def _new_clock(self) -> Clock:
        self._clock = self._virtual or LoopClock()
        return self._clock

    def _trace_clock_of_groups(self) -> Callable[[], int] | None:
        """Virtual milliseconds from now on; None where time is real."""
        clock = self._virtual
        if clock is None:
            return None
        origin_ms = clock.now_ms()
        return lambda: clock.now_ms() - origin_ms

    def _own_trace(self) -> Trace:
        return Trace(Header(source="embedded broker", clock="virtual" if self._virtual else "real"))

    # --- looking ---

    @property
    def trace(self) -> Trace:
        """What happened to topics and groups until now, if the broker was made with `trace`.

            async with EmbeddedBroker(trace=True) as broker:
                ...
                write_trace(broker.trace, file)  # for `rebalance timeline`

        Raises:
            BrokerError: it was made without.
        """
        if self._trace is None:
            raise BrokerError("this broker keeps no trace; make it with trace=True")
        return self._trace

    def group(self, group_id: str) -> GroupSnapshot | None:
        """A group as its coordinator sees it now, or None when nobody has heard of it.

            group = broker.group("shop")
            assert {m.client_id: m.assigned for m in group.members} == {"a": {"orders": (0, 1)}}

        Raises:
            BrokerError: the broker does not run.
        """
        return self._home.do(lambda: self._group(group_id))

    def _group(self, group_id: str) -> GroupSnapshot | None:
        found = (driver.group(group_id) for driver in self._drivers())
        return next((group for group in found if group is not None), None)

    def groups(self) -> list[GroupSnapshot]:
        """All groups, of each node in the order in which they were made.

            assert [(g.group_id, g.state.value) for g in broker.groups()] == [("shop", "Stable")]

        Raises:
            BrokerError: the broker does not run.
        """
        return self._home.do(
            lambda: [group for driver in self._drivers() for group in driver.groups()]
        )

    def timers(self, group_id: str) -> Mapping[TimerKey, int]:
        """A group's armed timers and how many milliseconds are left to each, the next one first.

            for key, left_ms in broker.timers("shop").items():
                print(key, left_ms)  # "session timeout of a-1f.. in shop 44987"

        Raises:
            BrokerError: the broker does not run.
        """
        return self._home.do(lambda: self._timers(group_id))

    def _timers(self, group_id: str) -> Mapping[TimerKey, int]:
        return {
            key: max(0, at_ms - driver.now_ms())
            for driver in self._drivers()
            for key, at_ms in driver.timers().items()
            if key.group_id == group_id
        }

    async def wait_for_group(
        self,
        group_id: str,
        predicate: Callable[[GroupSnapshot], bool] | None = None,
        *,
        state: GroupState | str | None = None,
        members: int | None = None,
        timeout_s: float = 30.0,
    ) -> GroupSnapshot:
        """The group as soon as it is there and all that is given holds; woken by changes alone.

            group = await broker.wait_for_group("shop", state="Stable", members=2)

        Raises:
            BrokerError: the broker does not run, is stopped meanwhile, or lives in another loop.
            ValueError: there is no such state.
            TimeoutError: it did not come to that within `timeout_s`, in real time; the message says
                what the group is instead.
        """
        if isinstance(state, str):
            state = _state(state)
        self._check_here()
        found: list[GroupSnapshot] = []

        def holds() -> bool:
            group = self._group(group_id)
            is_it = (
                group is not None
                and state in (None, group.state)
                and members in (None, len(group.members))
                and (predicate is None or predicate(group))
            )
            if is_it and group is not None:
                found.append(group)
            return is_it

        try:
            async with asyncio.timeout(timeout_s):
                await self._waiters.until(holds)
        except TimeoutError:
            named = None if state is None else state.value
            wanted = _words(named, members, has_predicate=predicate is not None)
            now = _described(self._group(group_id))
            raise TimeoutError(
                f"group {group_id!r} is not {wanted} after {timeout_s:g} s: {now}"
            ) from None
        return found[0]

    # --- moving ---

    async def expire_session(
        self, group_id: str, member_id: str | None = None, *, group_instance_id: str | None = None
    ) -> None:
        """End a member's session now, as if its coordinator had not heard of it in time (H06).

            await broker.expire_session("shop", group_instance_id="worker-1")

        Raises:
            BrokerError: there is no such member or pending id, it is parked in a request and cannot
                expire (J09), or the broker does not run, or lives in another loop.
            ValueError: not one of the two was given.
        """
        if (member_id is None) == (group_instance_id is None):
            raise ValueError("give a member_id or a group_instance_id")
        self._check_here()
        for driver in self._drivers():
            group = driver.group(group_id)
            if group is None:
                continue
            if member_id is None:
                member_id = _member_of(group, group_instance_id)
            try:
                driver.expire_session(group_id, member_id)
            except ValueError as error:
                raise BrokerError(f"{error}; {_described(group)}") from None
            return
        raise BrokerError(f"there is no group {group_id!r}")

    @property
    def now_ms(self) -> int:
        """The time that groups live in, in milliseconds since 1970.

        Raises:
            BrokerError: the broker does not run.
        """
        return self._home.do(self._now_ms)

    def _now_ms(self) -> int:
        # A driver's timer may have fired a hair before its time.
        ahead = [driver.now_ms() for driver in self._drivers()]
        return max([self._clock.now_ms(), *ahead])

    async def advance(self, seconds: float) -> None:
        """Move the time of groups and transactions on, with `time="virtual"`.

        Every timer on the way fires at its own time, in order. Between two, what it did goes out,
        and clients that live in this event loop take it and answer. A client's own timers stay
        real: one that must outlive a session timeout is given the time to send a heartbeat.

            await broker.advance(45)  # whoever said nothing is out

        Raises:
            BrokerError: time is real here, or the broker does not run, or lives in another loop.
            ValueError: time does not go back.
        """
        if not (is_number(seconds) and seconds >= 0):
            raise ValueError(f"advance by {seconds!r} s; give seconds, 0 or more")
        self._check_here()
        if self._virtual is None:
            raise BrokerError('this broker\'s time is real; make it with time="virtual"')
        await self._virtual.advance(round(seconds * 1000))


def _member_of(group: GroupSnapshot, group_instance_id: str | None) -> str:
    for member in group.members:
        if member.group_instance_id == group_instance_id:
            return member.member_id
    raise BrokerError(
        f"group {group.group_id!r} has no member of instance {group_instance_id!r}; "
        f"{_described(group)}"
    )


def _state(name: str) -> GroupState:
    """A state by Kafka's name for it."""
    try:
        return GroupState(name)
    except ValueError:
        known = ", ".join(each.value for each in GroupState)
        raise ValueError(f"there is no state {name!r}; there are {known}") from None


def _words(state: str | None, members: int | None, *, has_predicate: bool) -> str:
    """What was waited for."""
    said = [
        state or "",
        "" if members is None else f"with {members} members",
        "as its predicate wants" if has_predicate else "",
    ]
    return " ".join(word for word in said if word) or "there"


def _described(group: GroupSnapshot | None) -> str:
    if group is None:
        return "there is no such group"
    members = ", ".join(
        member.member_id
        + (" (awaits join)" if member.awaits_join else "")
        + (" (awaits sync)" if member.awaits_sync else "")
        for member in group.members
    )
    pending = ", ".join(group.pending_member_ids)
    return (
        f"it is {group.state.value} in generation {group.generation_id}, "
        f"members: {members or 'none'}" + (f", pending: {pending}" if pending else "")
    )
