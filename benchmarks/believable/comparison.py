"""The simulation beside what was measured: medians, ratios, rebalances; and what is fitted."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from benchmarks.believable import simulated
from benchmarks.believable.deploy import SETUPS, Deploy
from benchmarks.believable.measured import Measured, Measurement
from benchmarks.believable.run import PARTS, Part, Run
from rebalance.simulation import Delay

__all__ = ["FITTED_ON", "WITHIN", "Absence", "Row", "absences", "compare", "fit"]

WITHIN = 0.25
"""How far the simulated median may be from the measured one."""

FITTED_ON = "aiokafka-500"
"""Here least is waited for heartbeats, and most for frames."""

_LEAST_MS = 1
_MOST_MS = (2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 60, 80, 100, 125, 150, 175, 200, 250)
_SEEDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A setup and a part of the deploy. Values in unavailable partition-ms, each of a run."""

    setup: str
    part: Part
    fitted: tuple[int, ...]
    judged: tuple[int, ...]
    simulated: tuple[int, ...]
    rebalances: tuple[int, ...]
    simulated_rebalances: tuple[int, ...]

    @property
    def ratio(self) -> float:
        """Simulated to measured, medians."""
        return median(self.simulated) / median(self.judged)

    @property
    def complaints(self) -> tuple[str, ...]:
        """In what the medians differ by more than is promised."""
        found = []
        if abs(self.ratio - 1) > WITHIN:
            found.append(f"{self.setup}, {self.part}: {self.ratio:.2f} of what was measured")
        there, here = median(self.rebalances), median(self.simulated_rebalances)
        if there != here:
            found.append(f"{self.setup}, {self.part}: {here:g} rebalances, measured {there:g}")
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """The graceful part of a setup, simulated with processes that are away for so long."""

    setup: str
    away_ms: int
    costs: tuple[int, ...]
    """Unavailable partition-ms, each of a run."""
    rebalances: tuple[int, ...]


def fit(measurement: Measurement, deploy: Deploy, choices: Sequence[int] = _MOST_MS) -> int:
    """How long a frame travels at most (ms, of `choices`) to meet the median of the set "fit"."""
    wanted = measurement.median(FITTED_ON, "fit", "graceful")
    runs = measurement.of(FITTED_ON, "fit")
    costs: dict[int, float] = {}

    def cost(most_ms: int) -> float:
        played = _played(FITTED_ON, runs, deploy, most_ms, seeds=1)
        found = [run.cost("graceful", deploy).unavailable_partition_ms for run in played]
        costs[most_ms] = median(found)
        return costs[most_ms]

    bisect_left(choices, wanted, key=cost)  # the longer a frame travels, the more is lost
    return min(costs, key=lambda most_ms: abs(math.log(costs[most_ms] / wanted)))


def compare(measurement: Measurement, deploy: Deploy, *, seeds: int = _SEEDS) -> list[Row]:
    """All setups that were measured, each run simulated with so many seeds at the same moment."""
    rows = []
    for setup in measurement.setups():
        judged = measurement.of(setup, "judge")
        runs = _played(setup, judged, deploy, measurement.most_ms, seeds=seeds)
        for part in PARTS:
            costs = [run.cost(part, deploy) for run in runs]
            row = Row(
                setup=setup,
                part=part,
                fitted=_unavailable(measurement.of(setup, "fit"), part),
                judged=_unavailable(judged, part),
                simulated=tuple(cost.unavailable_partition_ms for cost in costs),
                rebalances=tuple(run.of(part).rebalances for run in judged),
                simulated_rebalances=tuple(cost.rebalances for cost in costs),
            )
            rows.append(row)
    return rows


def absences(measurement: Measurement, deploy: Deploy, away_ms: Sequence[int]) -> list[Absence]:
    """All setups, simulated as `compare` does it, once for each time that processes are away."""
    found = []
    for setup in measurement.setups():
        for each in away_ms:
            away = replace(deploy, away_ms=each)
            judged = measurement.of(setup, "judge")
            runs = _played(setup, judged, away, measurement.most_ms, seeds=_SEEDS)
            costs = [run.cost("graceful", away) for run in runs]
            found.append(
                Absence(
                    setup=setup,
                    away_ms=each,
                    costs=tuple(cost.unavailable_partition_ms for cost in costs),
                    rebalances=tuple(cost.rebalances for cost in costs),
                )
            )
    return found


def _played(
    setup: str, runs: Sequence[Measured], deploy: Deploy, most_ms: int, *, seeds: int
) -> list[Run]:
    """Each run as often as there are seeds."""
    delay = Delay(_LEAST_MS, most_ms)
    return [
        simulated.play(deploy, SETUPS[setup], seed, run.part, delay)
        for run in runs
        for seed in range(seeds)
    ]


def _unavailable(runs: Sequence[Measured], part: Part) -> tuple[int, ...]:
    return tuple(run.of(part).unavailable_partition_ms for run in runs)
