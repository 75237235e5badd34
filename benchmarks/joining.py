"""A thousand members join one group over sockets: how long until all are Stable.

Each has a connection of its own; they offer cooperative-sticky with two topics and what they own,
and are given ten partitions each. The client is a process of its own, the brokers too, and they
take turns. The first rebalance includes the initial delay, which goes on while members keep coming
(J10); in the second one more member joins, everybody is told by a heartbeat and rejoins: no timer
is in it.

Run: python -m benchmarks.joining [--members 1000] [--turns 5] [--no-apache]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

from benchmarks.load.brokers import Loaded, both
from benchmarks.measure import Figure, show

SETTINGS = {"group.initial.rebalance.delay.ms": "500"}
CPU = "broker's processor time"


def turn(broker: Loaded, group_id: str, members: int) -> dict[str, float]:
    """Milliseconds of each part."""
    command = [sys.executable, "-m", "benchmarks.load.joining_client"]
    before = broker.cpu_seconds
    done = subprocess.run(
        [*command, broker.servers, group_id, str(members)],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    parts = {**json.loads(done.stdout), CPU: broker.cpu_seconds - before}
    return {part: 1000 * seconds for part, seconds in parts.items()}


def main() -> None:
    """Measure and print. The first turn warms all up and is not counted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--no-apache", action="store_true", help="the embedded broker alone")
    options = parser.parse_args()
    runs: dict[str, list[dict[str, float]]] = {}
    with both(SETTINGS, apache=not options.no_apache) as brokers:
        for number in range(options.turns + 1):
            for broker in brokers:
                parts = turn(broker, f"turn-{number}", options.members)
                if number:
                    runs.setdefault(broker.name, []).append(parts)
    for part in next(iter(runs.values()))[0]:
        figures = [
            Figure(name=name, unit="ms", runs=tuple(run[part] for run in found))
            for name, found in runs.items()
        ]
        show(f"{options.members:,} members: {part}", figures, against=figures[-1])


if __name__ == "__main__":
    main()
