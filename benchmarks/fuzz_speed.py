"""Hostile scenarios a second on one core: generated, played with every checker on, brought to rest.

By CPU time, so that other work on the machine counts as little as it can. Seeds differ much from
one another: a run plays as many as make a figure, and other ones than the run before it. What fails
is not shrunk.

Run: python -m benchmarks.fuzz_speed [--seeds 50] [--runs 5] [--profile]
"""

import argparse
import cProfile
import pstats
import time
from pathlib import Path

from benchmarks.measure import Figure, show
from rebalance.simulation.fuzz import Played, play_seed

ROOMS = 12
"""Where the time goes, at most."""


def played(seeds: range) -> tuple[float, list[Played]]:
    """Seconds of CPU, and what came of each seed."""
    began = time.process_time()
    outcomes = [play_seed(seed)[1] for seed in seeds]
    return time.process_time() - began, outcomes


def profiled(seeds: range) -> dict[str, float]:
    """Room -> its share of the time, what Python itself does for it left out."""
    profile = cProfile.Profile()
    profile.runcall(played, seeds)
    spent: dict[str, float] = {}
    for (file, _, _), (_, _, own, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        spent[_room(file)] = spent.get(_room(file), 0.0) + own
    total = sum(spent.values())
    return {room: own / total for room, own in sorted(spent.items(), key=lambda each: -each[1])}


def _room(file: str) -> str:
    parts = Path(file).parts
    for package in ("assignors", "rebalance"):
        if package in parts:
            return "/".join(parts[parts.index(package) : -1])
    return "numpy" if "numpy" in parts else "Python"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=50, help="of a run")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--profile", action="store_true", help="also tell where the time goes")
    options = parser.parse_args()
    played(range(-3, 0))  # the first scenario pays for imports
    runs = [
        played(range(run * options.seeds, (run + 1) * options.seeds)) for run in range(options.runs)
    ]
    rates = tuple(len(outcomes) / spent for spent, outcomes in runs)
    events = tuple(sum(each.processed for each in told) / spent for spent, told in runs)
    told = tuple(float(each.trace_events) for _, outcomes in runs for each in outcomes)
    figures = [
        Figure(name="scenarios, checkers on", unit="1/s of CPU", runs=rates),
        Figure(name="simulated events", unit="1/s of CPU", runs=events),
        Figure(name="events of a trace", unit="", runs=told),
    ]
    show("Fuzz", figures)
    if options.profile:
        for room, share in tuple(profiled(range(options.seeds)).items())[:ROOMS]:
            print(f"{share:6.1%}  {room}")


if __name__ == "__main__":
    main()
