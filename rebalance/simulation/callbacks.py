"""The user's callbacks of one process: the rebalance listener and the leader's assignor.

Rule kept: a listener runs on the application's thread and waits until that is free, as in Java's
consumer; until it has returned nothing else is asked of it. Ownership ends when `revoke` returned,
and as `lose` begins; it begins as `assign` is called (M01).
"""

from collections.abc import Callable

from assignors.interface import AssignorError, RebalanceProtocol, run_assignor
from rebalance.member import events
from rebalance.simulation.application import Behaviour, Thread
from rebalance.simulation.checkers import Fact, Planned
from rebalance.simulation.gate import Gate
from rebalance.simulation.positions import Positions

__all__ = ["Callbacks", "SimulatedFailure"]


class SimulatedFailure(Exception):  # noqa: N818 - what a scenario made fail, not an error of ours
    """What a listener or an assignor raises when a scenario tells it to."""


class Callbacks:
    """Listener and assignor of one process, as its `Behaviour` has them.

    `tell` reaches the member, `told` the checkers; `notice` writes an effect into the trace.
    """

    def __init__(
        self,
        name: str,
        behaviour: Behaviour,
        protocol: RebalanceProtocol,
        *,
        group_id: str,
        gate: Gate,
        thread: Thread,
        positions: Positions,
        tell: Callable[[events.MemberEvent], None],
        notice: Callable[[events.MemberEffect], None],
        told: Callable[[Fact], None],
    ) -> None:
        self.behaviour = behaviour
        self._name = name
        self._group_id = group_id
        self._protocol = protocol
        self._gate = gate
        self._thread = thread
        self._positions = positions
        self._tell = tell
        self._notice = notice
        self._told = told

    def take_positions(self, effect: events.TakePositions) -> None:
        """When the thread is free."""
        self._thread.then(self._gate, 0, self._positions.taken, effect)

    def revoke(self, effect: events.Revoke) -> None:
        """`on_partitions_revoked`."""
        self._positions.leave_off(effect.partitions)
        self._thread.then(self._gate, self.behaviour.revoke_ms, self._let_go, effect)

    def _let_go(self, effect: events.Revoke) -> None:
        self._notice(effect)
        self._called(effect.token, "revoke")

    def lose(self, effect: events.Lose) -> None:
        """`on_partitions_lost`."""
        self._positions.leave_off(effect.partitions)
        self._notice(effect)
        self._thread.then(self._gate, self.behaviour.lose_ms, self._called, effect.token, "lose")

    def assign(self, effect: events.Assign) -> None:
        """`on_partitions_assigned`, then reading."""
        self._notice(effect)
        self._thread.then(self._gate, self.behaviour.assign_ms, self._taken_over, effect)

    def _taken_over(self, effect: events.Assign) -> None:
        self._positions.fetch(effect.partitions)
        self._called(effect.token, "assign")

    def _called(self, token: int, callback: str) -> None:
        error: BaseException | None = None
        if callback in self.behaviour.failing:
            error = SimulatedFailure(f"{callback} listener of {self._name} raises")
        self._tell(events.CallbackDone(token=token, error=error))

    def run_assignor(self, effect: events.RunAssignor) -> None:
        """The leader's plan, beside the thread."""
        self._gate.after(self.behaviour.assignor_ms, self._assignor_ran, effect)

    def _assignor_ran(self, effect: events.RunAssignor) -> None:
        try:
            if "assignor" in self.behaviour.failing:
                raise SimulatedFailure(f"assignor of {self._name} raises")
            plan = run_assignor(
                effect.assignor, effect.cluster, effect.members, protocol=self._protocol
            )
        except (AssignorError, SimulatedFailure) as error:
            self._tell(events.AssignorFailed(token=effect.token, error=error))
        else:
            self._told(
                Planned(
                    t=self._gate.now,
                    group_id=self._group_id,
                    assignor=effect.assignor.name,
                    cluster=effect.cluster,
                    members=tuple(effect.members.items()),
                    plan=plan,
                )
            )
            self._tell(events.AssignorDone(token=effect.token, assignment=plan))
