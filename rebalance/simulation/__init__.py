"""The real machines under virtual time: scenarios, faults, checkers. See docs/scenarios.md."""

from rebalance.simulation.application import Behaviour
from rebalance.simulation.checkers import Violation
from rebalance.simulation.choosing import Overrides
from rebalance.simulation.path import Delay
from rebalance.simulation.run import BlockOutcome, Outcome, run_scenario
from rebalance.simulation.scenario import Scenario, ScenarioError, parse, read, rewritten
from rebalance.simulation.settling import settle
from rebalance.simulation.simulation import Simulation
from rebalance.simulation.spec import MemberSpec
from rebalance.simulation.stage import Measure

__all__ = [
    "Behaviour",
    "BlockOutcome",
    "Delay",
    "Measure",
    "MemberSpec",
    "Outcome",
    "Overrides",
    "Scenario",
    "ScenarioError",
    "Simulation",
    "Violation",
    "parse",
    "read",
    "rewritten",
    "run_scenario",
    "settle",
]
