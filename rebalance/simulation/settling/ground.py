"""What experiments stand on: a simulation at rest, and what all of them ask and do.

Rule kept: whom an experiment is made with follows from the trace and from the order in which
consumers were declared, never from a set's.
"""

from collections.abc import Iterator
from dataclasses import replace

from rebalance.member.config import MemberConfig
from rebalance.protocol.states import MemberState
from rebalance.simulation.application import Behaviour
from rebalance.simulation.checkers import AtRest, Problem, Unsettled
from rebalance.simulation.process import Process
from rebalance.simulation.simulation import STABLE_WITHIN_MS, Simulation
from rebalance.simulation.spec import MemberSpec
from rebalance.simulation.views import Lane

__all__ = ["Ground"]

_SPARE_MS = 20_000
"""Lookups, backoffs, heartbeats: what a rebalance takes beside its timeouts."""


class Ground:
    """A simulation at rest. All durations in virtual milliseconds."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.problems: list[Problem] = []
        """What did not come out as it must."""

    # --- who is there ----------------------------------------------------------------------------

    def members(self, group_id: str, *, static: bool | None = None) -> list[str]:
        """Names of a group's consumers that are Stable; static ones only, or dynamic ones only."""
        return [
            name
            for name, process in self.simulation.processes.items()
            if process.alive
            and process.config.group_id == group_id
            and process.state is MemberState.STABLE
            and static in (None, process.config.group_instance_id is not None)
        ]

    def followers(self, group_id: str, *, static: bool | None = None) -> list[str]:
        """The same without the leader."""
        leader = self.leader(group_id)
        return [name for name in self.members(group_id, static=static) if name != leader]

    def leader(self, group_id: str) -> str | None:
        """The name of a group's leader; None: no consumer that lives."""
        group = self.simulation.cluster.group(group_id)
        names = self.members(group_id) if group is not None else ()
        return next((n for n in names if group and self.lane(n).member_id == group.leader), None)

    def groups(self) -> Iterator[str]:
        """Ids of the groups that have somebody who is Stable."""
        for group_id in self.simulation.views.groups:
            if self.members(group_id):
                yield group_id

    def process(self, name: str) -> Process:
        """The current life of a consumer."""
        return self.simulation.processes[name]

    def lane(self, name: str) -> Lane:
        """What the trace says of that life."""
        return self.simulation.views.lanes[self.process(name).name]

    def others(self, name: str) -> list[str]:
        """Who else is Stable in its group."""
        group_id = self.process(name).config.group_id
        return [other for other in self.members(group_id) if other != name]

    # --- what is done to them --------------------------------------------------------------------

    def start(self, name: str) -> None:
        """A new life, of which nothing gets lost."""
        self.simulation.members[name].mend()
        self.simulation.start(name)

    def visitor(self, like: str, word: str = "visitor", **settings: object) -> str:
        """A consumer like another one, with other settings; its name. It commits when told to.

        No scenario can have a consumer of that name: it has a space in it.
        """
        spec, name = self.simulation.members[like], f"a {word} like {like}"
        if name not in self.simulation.members:
            config: MemberConfig = replace(spec.config, group_instance_id=None, client_id=word)
            self.simulation.define(
                MemberSpec(
                    name=name,
                    topics=self.lane(like).topics,
                    assignors=spec.assignors,
                    config=replace(config, **settings),  # type: ignore[arg-type]
                    behaviour=Behaviour(poll_ms=spec.behaviour.poll_ms, commit_ms=0),
                )
            )
        self.start(name)
        return name

    # --- rest ------------------------------------------------------------------------------------

    def rests(self, after: str, *, extra_ms: int = 0) -> bool:
        """Wait for rest, no longer than all timeouts together allow; what does not come is told."""
        simulation = self.simulation
        within_ms = min(self.patience_ms() + extra_ms, STABLE_WITHIN_MS)
        settled = simulation.run_until_stable(within_ms)
        groups = tuple(simulation.views.groups)
        if settled and any(_waits_for_an_id(simulation, group_id) for group_id in groups):
            # Who failed is at rest; that it leaves may be on its way still, and what it sets off.
            simulation.run_for(self.round_trip_ms())
            settled = simulation.run_until_stable(within_ms)
        if not settled:
            self.report_unrest(after)
            return False
        simulation.checkers.told(AtRest(t=simulation.now, group_ids=groups))
        return True

    def patience_ms(self) -> int:
        """How long a group may take: everybody's session, then everybody's rebalance, twice."""
        alive = list(self.simulation.alive())
        session = max((each.config.session_timeout_ms for each in alive), default=0)
        rebalance = max((each.config.rebalance_timeout_ms for each in alive), default=0)
        return 2 * (session + rebalance + self.slowness_ms()) + _SPARE_MS

    def slowness_ms(self) -> int:
        """What listeners, assignors, the log and the network add to one rebalance."""
        slow = [process.behaviour for process in self.simulation.alive()]
        calls = (each.revoke_ms + each.assign_ms + each.lose_ms + each.assignor_ms for each in slow)
        writes = max(node.disk.append_ms for node in self.simulation.cluster.nodes.values())
        return max(calls, default=0) + 10 * writes + 20 * self.round_trip_ms()

    def round_trip_ms(self) -> int:
        """A request and its answer take no longer, also of whoever is farther away than others."""
        simulation = self.simulation
        living = (name for name, process in simulation.processes.items() if process.alive)
        own = (simulation.members[name].delay for name in living)
        ways = (simulation.delay, *(delay for delay in own if delay is not None))
        return 2 * max(delay.most_ms for delay in ways)

    def beat_ms(self, group_id: str) -> int:
        """Everybody of a group has sent a heartbeat after so long."""
        names = self.members(group_id)
        return max(self.process(name).config.heartbeat_interval_ms for name in names)

    def rebalance_ms(self, group_id: str) -> int:
        """The group's rebalance timeout (G05)."""
        names = self.members(group_id)
        return max(self.process(name).config.rebalance_timeout_ms for name in names)

    def report_unrest(self, after: str = "") -> None:
        """All would have come to rest by now."""
        problem = self.simulation.problem()
        if problem is not None:
            self.report(replace(problem, after=after))

    def report(self, problem: Problem) -> None:
        """Something is not as it must be."""
        self.problems.append(problem)
        self.simulation.checkers.told(Unsettled(t=self.simulation.now, problem=problem))


def _waits_for_an_id(simulation: Simulation, group_id: str) -> bool:
    group = simulation.cluster.group(group_id)
    return group is not None and bool(group.pending_member_ids)
