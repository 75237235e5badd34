"""The simulation beside what was measured: medians, ratios, rebalances; and what is fitted."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.believable import simulated
from benchmarks.believable.deploy import SETUPS, Deploy
from benchmarks.believable.measured import Measured, Measurement
from benchmarks.believable.run import PARTS, Part, Run
from rebalance.simulation import Delay

__all__ = ["FITTED_ON", "Row", "compare", "fit"]

FITTED_ON = "aiokafka-500"
"""Here least is waited for heartbeats, and most for frames."""

_LEAST_MS = 1
_MOST_MS = (2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150)
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
    def usual_rebalances(self) -> tuple[int, int]:
        """Measured and simulated: the number that most runs had."""
        return _usual(self.rebalances), _usual(self.simulated_rebalances)


def fit(measurement: Measurement, deploy: Deploy) -> int:
    """How long a frame travels at most (ms) so that the median of the set "fit" is met."""
    wanted = measurement.median(FITTED_ON, "fit", "graceful")
    runs = measurement.of(FITTED_ON, "fit")

    def misses(most_ms: int) -> float:
        costs = [run.cost("graceful", deploy) for run in _played(FITTED_ON, runs, deploy, most_ms)]
        return abs(math.log(median(cost.unavailable_partition_ms for cost in costs) / wanted))

    return min(_MOST_MS, key=misses)


def compare(measurement: Measurement, deploy: Deploy) -> list[Row]:
    """All setups that were measured, with as many simulated runs at the same moments."""
    rows = []
    for setup in measurement.setups():
        judged = measurement.of(setup, "judge")
        runs = _played(setup, judged, deploy, measurement.most_ms)
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


def _played(setup: str, runs: Sequence[Measured], deploy: Deploy, most_ms: int) -> list[Run]:
    delay = Delay(_LEAST_MS, most_ms)
    return [
        simulated.play(deploy, SETUPS[setup], seed, run.part, delay)
        for run in runs
        for seed in range(_SEEDS)
    ]


def _unavailable(runs: Sequence[Measured], part: Part) -> tuple[int, ...]:
    return tuple(run.of(part).unavailable_partition_ms for run in runs)


def _usual(numbers: Sequence[int]) -> int:
    return Counter(numbers).most_common(1)[0][0]
