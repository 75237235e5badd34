"""What the commands of a scenario share: first what was declared, then the running simulation.

Why: every line of a file is understood before the first one is played, so that a typo in the last
line costs nothing; and what a command may do to the simulation is what `Stage` offers.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from rebalance.protocol.config import CoordinatorConfig
from rebalance.simulation.choosing import Overrides
from rebalance.simulation.hosting import Host
from rebalance.simulation.path import Delay
from rebalance.simulation.process import Process
from rebalance.simulation.scenario import Call, ScenarioError
from rebalance.simulation.simulation import Simulation
from rebalance.simulation.spec import MemberSpec
from rebalance.simulation.stranger import Stranger
from rebalance.simulation.values import expanded
from rebalance.timeline.trace import Trace

__all__ = [
    "Action",
    "Declared",
    "Measure",
    "Numbers",
    "Stage",
    "did_you_mean",
    "known_or_error",
    "written_out",
]

Numbers = Mapping[str, Mapping[str, int]]
"""group id -> name of a metric, with its unit -> value."""
Measure = Callable[[Trace, int], Numbers]
"""What happened from a time (ms) on, in numbers. `rebalance.timeline` defines them."""


@dataclass(slots=True, kw_only=True)
class Declared:
    """What the lines so far have made known, while the file is being understood."""

    overrides: Overrides
    seed: int = 0
    properties: dict[str, str] = field(default_factory=dict)
    topics: list[str] = field(default_factory=list)
    members: dict[str, str] = field(default_factory=dict)
    """name -> group id"""
    strangers: set[str] = field(default_factory=set)
    brokers: int = 1
    started: bool = False

    @property
    def settings(self) -> dict[str, str]:
        """The coordinator's properties, with what is to be played otherwise."""
        return self.properties | dict(self.overrides.coordinator)

    def member(self, call: Call, name: str) -> str:
        """A declared member's name. Raises ScenarioError for another."""
        return known_or_error(call, name, self.members, "a member")

    def broker(self, call: Call, text: str) -> int:
        """A broker's node id. Raises ScenarioError where there is none of that number."""
        known = [str(node_id) for node_id in range(1, self.brokers + 1)]
        return int(known_or_error(call, text, known, "a broker"))

    def names(self, call: Call, words: Iterable[str]) -> tuple[str, ...]:
        """One or more declared members."""
        names = tuple(self.member(call, word) for word in written_out(call, words))
        if not names:
            raise call.error("expected the name of a member")
        return names


@dataclass(slots=True, kw_only=True)
class Stage:
    """A simulation being played, and what `show` commands have shown already."""

    simulation: Simulation
    measure: Measure | None
    replay: Callable[[Overrides], Numbers]
    """Play what stands above the current command in a world of its own, and measure that."""
    started: int = 0
    """When the current command began (ms)."""
    played: int = 0
    """Commands played so far."""
    events_shown: int = 0
    rebalances_shown: int = 0
    strangers: dict[str, Stranger] = field(default_factory=dict)
    answers_shown: dict[str, int] = field(default_factory=dict)
    measured_from: int = 0
    """What happened before this time (ms) is not measured."""
    hints: list[str] = field(default_factory=list)
    """What a line does that its author may not have meant."""

    @classmethod
    def of(
        cls,
        declared: Declared,
        measure: Measure | None,
        replay: Callable[[Overrides], Numbers],
        host: Host | None = None,
    ) -> "Stage":
        """An empty world with the settings that were declared."""
        seed = declared.seed if declared.overrides.seed is None else declared.overrides.seed
        simulation = Simulation(
            seed=seed,
            config=CoordinatorConfig.from_properties(declared.settings),
            nodes=declared.brokers,
            delay=Delay(),
            host=host,
        )
        return cls(simulation=simulation, measure=measure, replay=replay)

    def stranger(self, name: str) -> Stranger:
        """Who sends requests under this name, from its first one on."""
        if name not in self.strangers:
            self.strangers[name] = self.simulation.stranger()
        return self.strangers[name]

    def numbers(self, call: Call) -> Numbers:
        """What happened until now, measured. Raises ScenarioError where nobody measures."""
        return self.measuring(call)(self.simulation.ended(), self.measured_from)

    def measuring(self, call: Call) -> Measure:
        """Who measures. Raises ScenarioError where nobody does."""
        if self.measure is None:
            raise call.error("nobody measures here: expected `measure=` where the scenario is run")
        return self.measure

    def spec(self, name: str) -> MemberSpec:
        """What will be started under this name."""
        return self.simulation.members[name]

    def process(self, call: Call, name: str) -> Process:
        """The running process. Raises ScenarioError when it is not."""
        process = self.simulation.processes.get(name)
        if process is None or not process.alive:
            raise call.error(f"{name} is not running: expected `start {name}` before")
        return process


Action = Callable[[Stage], Iterable[str]]
"""A command understood: plays itself and gives the lines it prints."""


def written_out(call: Call, words: Iterable[str]) -> tuple[str, ...]:
    """Names as they stand in a line, `pod-1..3` being three of them."""
    try:
        return expanded(words)
    except ValueError as error:
        raise call.error(str(error)) from None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question after the one that `name` is most alike; empty where none is."""
    close = difflib.get_close_matches(name, sorted(known), 1)
    return f"did you mean {close[0]!r}? " if close else ""


def known_or_error(call: Call, name: str, known: Iterable[str], what: str) -> str:
    """`name` if it is among `known`, else a ScenarioError that says what is."""
    names = sorted(known)
    if name in names:
        return name
    raise ScenarioError(
        call.file,
        call.line,
        f"{name!r} is not {what}: {did_you_mean(name, names)}"
        f"expected one of {', '.join(names) or '(none so far)'}",
    )
