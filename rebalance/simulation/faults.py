"""What goes wrong around the machines: the network, the brokers, their disks, the clocks.

Rule kept: a fault changes the world and never a machine; each is told in the trace as a step, so
that whoever reads it knows what was done on purpose. One that lasts for a time ends when that is
over, and ends no other (spells.py). With `settle` end all by which something fails, is lost, waits,
is refused or stands still; what is slow stays slow, and a clock counts as it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from rebalance.protocol.errors import ErrorCode
from rebalance.simulation.checkers.member_facts import Forbidden
from rebalance.simulation.path import Split
from rebalance.simulation.values import short_duration

if TYPE_CHECKING:
    from rebalance.simulation.disk import Disk
    from rebalance.simulation.path import Delay
    from rebalance.simulation.process import Process
    from rebalance.simulation.simulation import Simulation

__all__ = ["Faults"]


class Faults:
    """Faults of one simulation. All durations in virtual milliseconds; None: until it is ended."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    # --- the network -----------------------------------------------------------------------------

    def isolate(
        self,
        name: str,
        *,
        for_ms: int | None = None,
        requests: bool = True,
        answers: bool = True,
        broker: int | None = None,
    ) -> None:
        """A consumer and the brokers (or one) do not hear each other, or one not the other.

        What is sent meanwhile waits: it arrives when the network is whole again, unless its
        connection was given up by then. It goes on in the consumer's next lives.
        """
        process = self._running(name)
        there = "the brokers" if broker is None else f"broker {broker}"
        told = f"{process.name} and {there} do not hear each other"
        if not answers:
            told = f"{there} {'do' if broker is None else 'does'} not hear {process.name}"
        elif not requests:
            told = f"{process.name} does not hear {there}"
        self._simulation.step(told + _for(for_ms), process.name)
        brokers = () if broker is None else (broker,)
        split = Split(node_ids=brokers, requests=requests, answers=answers)
        token = self._simulation.members[name].splits.begin(split)
        process.lines.split(token, split)
        self._later(for_ms, self._whole, name, token)

    def _whole(self, name: str, token: int) -> None:
        """One split is over, for whichever life the consumer is in."""
        self._simulation.members[name].splits.end(token)
        self._simulation.processes[name].lines.whole(token)

    def heal(self, name: str) -> None:
        """The consumer's network is whole again."""
        process = self._running(name)
        self._simulation.step(f"the network of {process.name} is whole", process.name)
        self._simulation.members[name].splits.clear()
        process.lines.unblock()

    def disconnect(self, name: str, *, for_ms: int | None = None) -> None:
        """A consumer's connections break; `for_ms`: no broker can be reached for so long, also not
        in its next lives."""
        process = self._running(name)
        self._simulation.step(f"{process.name} loses its connections{_for(for_ms)}", process.name)
        process.lines.cut()
        if for_ms is not None:
            outages = process.lines.outages
            self._later(for_ms, outages.end, outages.begin(None))

    def lose(self, name: str, api: str, *, answers: bool = False, after: int = 0) -> None:
        """Requests of `api`, or the answers to them, vanish once `after` more got through.

        A lost request had no effect; of a lost answer the consumer cannot know that it had.
        It goes on in the consumer's next lives.
        """
        spec = self._simulation.members[name]
        lost = spec.lost_answers if answers else spec.lost
        lost[api] = after
        what = f"the answer to {api} of {name}" if answers else f"{api} of {name}"
        past = f" after {after} more" if after else ""
        self._simulation.step(f"{what} gets lost{past}", name)
        process = self._simulation.processes.get(name)
        if process is not None:
            lines = process.lines
            (lines.lost_answers if answers else lines.lost_requests).begin(api, after)

    def deliver(self, name: str, api: str) -> None:
        """Requests of `api` and their answers get through again."""
        spec = self._simulation.members[name]
        spec.lost.pop(api, None)
        spec.lost_answers.pop(api, None)
        self._simulation.step(f"{api} of {name} arrives again", name)
        process = self._simulation.processes.get(name)
        if process is not None:
            process.lines.lost_requests.end(api)
            process.lines.lost_answers.end(api)

    def delay(self, name: str, delay: Delay | None) -> None:
        """A consumer is farther away than the others, in all its lives; None: as they."""
        self._simulation.members[name].delay = delay
        process = self._simulation.processes.get(name)
        if process is not None:
            process.lines.delay(delay)

    # --- permissions -----------------------------------------------------------------------------

    def forbid(self, name: str) -> None:
        """A consumer may not use its group any more, in all its lives, until `allow`."""
        self._permit(name, forbidden=True)

    def allow(self, name: str) -> None:
        """It may again; who has failed stays so."""
        self._permit(name, forbidden=False)

    def _permit(self, name: str, *, forbidden: bool) -> None:
        spec, process = self._simulation.members[name], self._simulation.processes.get(name)
        spec.forbidden = forbidden
        what = "may not use group" if forbidden else "may use group"
        again = " any more" if forbidden else " again"
        self._simulation.step(f"{name} {what} {spec.config.group_id}{again}", name)
        if process is not None:
            process.lines.forbid(forbidden)
        if process is not None and forbidden:
            self._simulation.checkers.told(Forbidden(member=process.name))

    # --- brokers ---------------------------------------------------------------------------------

    def move(self, group_id: str, broker: int) -> None:
        """The group's coordinator is another broker from now on.

        Raises:
            ValueError: that broker does not run, or coordinates the group already.
        """
        self._simulation.cluster.check_move(group_id, broker)
        self._simulation.step(f"broker {broker} takes group {group_id} over", group_id=group_id)
        self._simulation.cluster.move(group_id, broker)

    def crash(self, broker: int, *, failover_ms: int = 0) -> None:
        """A broker is gone; after so long others coordinate its groups.

        Raises:
            ValueError: it does not run.
        """
        self._simulation.cluster.check_up(broker)
        self._simulation.step(f"broker {broker} crashes")
        self._simulation.cluster.crash(broker, failover_ms)

    def start(self, broker: int) -> None:
        """A broker runs again.

        Raises:
            ValueError: it runs already.
        """
        self._simulation.cluster.check_down(broker)
        self._simulation.step(f"broker {broker} starts")
        self._simulation.cluster.start(broker)

    # --- disks -----------------------------------------------------------------------------------

    def slow_log(self, append_ms: int, *, for_ms: int | None = None) -> None:
        """Writes of all brokers take so long; `for_ms` None: from now on, whatever was on."""
        if for_ms is not None:
            self._simulation.step(f"writing takes {short_duration(append_ms)}{_for(for_ms)}")
        for disk in self._disks():
            if for_ms is None:
                disk.append_ms = append_ms
                disk.slowness.clear()
            else:
                self._later(for_ms, disk.slowness.end, disk.slowness.begin(append_ms))

    def fail_appends(self, times: int, error: ErrorCode) -> None:
        """So many of the next writes of each broker fail."""
        what = "the next write fails" if times == 1 else f"the next {times} writes fail"
        self._simulation.step(f"{what} with {error.name}")
        for disk in self._disks():
            disk.fail_next(times, error)

    def fail_log(self, error: ErrorCode, *, for_ms: int | None = None) -> None:
        """All writes of all brokers fail; `for_ms` None: from now on, whatever was on."""
        self._simulation.step(f"writing fails with {error.name}{_for(for_ms)}")
        for disk in self._disks():
            if for_ms is None:
                disk.failing = error
                disk.failures.clear()
            else:
                self._later(for_ms, disk.failures.end, disk.failures.begin(error))

    # --- processes -------------------------------------------------------------------------------

    def pause(self, name: str, *, for_ms: int | None = None) -> None:
        """A consumer's process stands still, as in a garbage collection."""
        process = self._running(name)
        self._simulation.step(f"{process.name} stands still{_for(for_ms)}", process.name)
        self._later(for_ms, process.end_pause, process.pause())

    # --- clocks ----------------------------------------------------------------------------------

    def jump(self, name: str, ahead_ms: int) -> None:
        """The clock of a consumer's process jumps ahead: its machine was suspended."""
        process = self._running(name)
        told = f"the clock of {process.name} jumps {short_duration(ahead_ms)} ahead"
        self._simulation.step(told, process.name)
        process.jump(ahead_ms)

    def jump_broker(self, broker: int, ahead_ms: int) -> None:
        """A broker's clock jumps ahead."""
        told = f"the clock of broker {broker} jumps {short_duration(ahead_ms)} ahead"
        self._simulation.step(told)
        self._simulation.cluster.nodes[broker].jump(ahead_ms)

    def drift(self, name: str, permille: int) -> None:
        """The clock of a consumer's process counts so many milliseconds in a second."""
        process = self._running(name)
        self._simulation.step(f"the clock of {process.name} {_pace(permille)}", process.name)
        process.run_clock_at(permille)

    def drift_broker(self, broker: int, permille: int) -> None:
        """A broker's clock counts so many milliseconds in a second."""
        self._simulation.step(f"the clock of broker {broker} {_pace(permille)}")
        self._simulation.cluster.nodes[broker].run_clock_at(permille)

    def _later(self, for_ms: int | None, end: Callable[..., None], *args: object) -> None:
        """What has a time of its own ends when that is over."""
        if for_ms is not None:
            self._simulation.world.after(for_ms, end, *args)

    def _disks(self) -> Iterable[Disk]:
        return (node.disk for node in self._simulation.cluster.nodes.values())

    def _running(self, name: str) -> Process:
        process = self._simulation.processes.get(name)
        if process is None or not process.alive:
            raise ValueError(f"{name} is not running: start it before")
        return process


def _for(duration_ms: int | None) -> str:
    return "" if duration_ms is None else f" for {short_duration(duration_ms)}"


def _pace(permille: int) -> str:
    return f"counts {permille} ms in a second"
