"""Playing a scenario: every line understood first, then played, then held against expectations.

Why: one function serves the command line, the tests and whoever compares protocols. It returns what
happened and prints nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rebalance.simulation.checkers import Violation
from rebalance.simulation.choosing import Overrides
from rebalance.simulation.collecting import seldom_collected
from rebalance.simulation.commands import COMMANDS, Command
from rebalance.simulation.hosting import Host
from rebalance.simulation.known import KnownLimit, judged
from rebalance.simulation.scenario import Block, Call, Scenario, ScenarioError
from rebalance.simulation.settling import settle
from rebalance.simulation.simulation import Simulation
from rebalance.simulation.stage import Action, Declared, Measure, Numbers, Stage, known_or_error
from rebalance.timeline.trace import Trace

__all__ = ["BlockOutcome", "Outcome", "run_scenario", "understand"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockOutcome:
    """One block as it was played."""

    block: Block
    output: tuple[str, ...]

    @property
    def as_expected(self) -> bool:
        """It printed what the file says."""
        return self.output == self.block.expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A scenario as it was played."""

    scenario: Scenario
    blocks: tuple[BlockOutcome, ...]
    simulation: Simulation
    """At its end, for who wants to look closer. Its trace runs until the last command is played."""
    overrides: Overrides
    violations: tuple[Violation, ...] = ()
    """Invariants that did not hold."""
    limits: tuple[KnownLimit, ...] = ()
    """Others that no coordinator of Kafka's could have kept."""
    measured_from: int = 0
    """The story asks for numbers from this time on (ms)."""
    ended_ms: int = 0
    """When the last command was played."""
    unrest: tuple[str, ...] = ()
    """Who kept a group from rest when the last command was played, or was going to; empty: all was
    at rest."""

    hints: tuple[str, ...] = ()
    """What somebody who wrote the story may not have meant, and what to write instead."""

    @property
    def trace(self) -> Trace:
        """Everything that happened, to be written or drawn."""
        return self.simulation.trace

    @property
    def comparable(self) -> bool:
        """It was played as it is written, and that says what is printed (or nothing is)."""
        told = self.scenario.expects or not any(self.outputs)
        return self.overrides.none and told

    @property
    def outputs(self) -> tuple[tuple[str, ...], ...]:
        """What each block printed."""
        return tuple(block.output for block in self.blocks)

    @property
    def passed(self) -> bool:
        """Nothing was violated and, if comparable, all was printed as expected."""
        as_expected = not self.comparable or all(block.as_expected for block in self.blocks)
        return as_expected and not self.violations


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """A line that was understood."""

    call: Call
    command: Command
    act: Action


def understand(scenario: Scenario) -> Declared:
    """What a scenario declares, without playing it.

    Raises:
        ScenarioError: a line does not make sense.
    """
    declared, _ = _understood(scenario, Overrides(), len(_calls(scenario)))
    return declared


@seldom_collected()
def run_scenario(
    scenario: Scenario,
    *,
    overrides: Overrides | None = None,
    measure: Measure | None = None,
    watching: bool = True,
    host: Host | None = None,
    begins: Callable[[Simulation], None] | None = None,
    refused: list[int] | None = None,
) -> Outcome:
    """Play `scenario` in virtual time, then see that all comes to rest (I05).

    `overrides`: play it with another protocol, assignor or seed. `measure` is what `show metrics`
    and `compare` ask for numbers. Not `watching`: commands that only look are left out. `host`
    brings code of a user to life in every consumer. `begins` is told of the simulation before
    anything happens in it: for who wants to see how far it is. `refused`, where it is given, is
    told the numbers of lines that make no sense when their turn comes: they are passed over.

    Raises:
        ScenarioError: a line does not make sense, before or while it is played.
    """
    overrides = overrides or Overrides()
    stage, prepared = _prepare(scenario, overrides, measure, len(_calls(scenario)), host)
    if begins is not None:
        begins(stage.simulation)
    printed = _play(stage, prepared, watching=watching, refused=refused)
    unrest = tuple(stage.simulation.to_come())
    ended_ms = stage.simulation.now
    stage.simulation.end()
    settle(stage.simulation)
    outputs = iter(printed)
    blocks = tuple(
        BlockOutcome(block=block, output=tuple(line for _ in block.calls for line in next(outputs)))
        for block in scenario.blocks
    )
    violations, limits = judged(stage.simulation)
    return Outcome(
        scenario=scenario,
        blocks=blocks,
        violations=violations,
        limits=limits,
        simulation=stage.simulation,
        overrides=overrides,
        measured_from=stage.measured_from,
        ended_ms=ended_ms,
        unrest=unrest,
        hints=tuple(stage.hints),
    )


def _calls(scenario: Scenario) -> list[Call]:
    return [call for block in scenario.blocks for call in block.calls]


def _prepare(
    scenario: Scenario,
    overrides: Overrides,
    measure: Measure | None,
    count: int,
    host: Host | None = None,
) -> tuple[Stage, list[_Prepared]]:
    """Understand the first `count` commands and build an empty stage for them."""
    declared, prepared = _understood(scenario, overrides, count)

    def replay(how: Overrides) -> Numbers:
        again = replace(
            overrides,
            protocol=how.protocol,
            assignor=how.assignor,
            seed=stage.simulation.seed,
        )
        other, lines = _prepare(scenario, again, measure, stage.played, host)
        _play(other, lines, watching=False)
        return other.numbers(_calls(scenario)[stage.played])

    stage = Stage.of(declared, measure, replay, host)
    return stage, prepared


def _understood(
    scenario: Scenario, overrides: Overrides, count: int
) -> tuple[Declared, list[_Prepared]]:
    declared = Declared(overrides=overrides)
    prepared: list[_Prepared] = []
    for call in _calls(scenario)[:count]:
        known_or_error(call, call.name, COMMANDS, "a command")
        command = COMMANDS[call.name]
        prepared.append(_Prepared(call=call, command=command, act=command.prepare(call, declared)))
    return declared, prepared


def _play(
    stage: Stage,
    prepared: Sequence[_Prepared],
    *,
    watching: bool,
    refused: list[int] | None = None,
) -> list[list[str]]:
    """What each command prints."""
    printed: list[list[str]] = []
    for line in prepared:
        stage.started = stage.simulation.now
        try:
            told = line.act(stage) if watching or line.command.plays else ()
            printed.append([text.rstrip() for text in told])
        except ScenarioError as error:
            # What an earlier line is still to do may be what makes no sense.
            if refused is None or error.line != line.call.line:
                raise
            refused.append(error.line)
            printed.append([])
        stage.played += 1
    return printed
