"""5,000 heartbeats a second over 1,000 connections: what an answer takes, and what of a processor.

1,000 members of 20 groups, each on a connection of its own, with sessions of 10 s. The client is a
process of its own and sends at the rate whatever comes back; brokers take turns. A session that is
lost, or an error of any kind, is exit code 1.

Run: python -m benchmarks.socket_heartbeats [--rate 5000] [--seconds 60] [--turns 3] [--no-apache]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from typing import Any

from benchmarks.load.brokers import Loaded, both
from benchmarks.measure import Figure, show

SETTINGS = {"group.initial.rebalance.delay.ms": "500"}
MEMBERS, GROUPS = 1000, 20
WARM_UP_SECONDS = 5


def turn(
    broker: Loaded, name: str, rate: int, seconds: int, members: int = MEMBERS
) -> dict[str, Any]:
    """What the client found, and the broker's share of one processor while it beat, in percent."""
    command = [sys.executable, "-m", "benchmarks.load.beating_client", broker.servers, name]
    numbers = map(str, (members, GROUPS, rate, seconds))
    with subprocess.Popen([*command, *numbers], stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "stable\n"
        before = broker.cpu_seconds
        found: dict[str, Any] = json.loads(client.stdout.readline())
        found["share"] = 100 * (broker.cpu_seconds - before) / seconds
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=5000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--no-apache", action="store_true", help="the embedded broker alone")
    options = parser.parse_args()
    runs: dict[str, list[dict[str, Any]]] = {}
    with both(SETTINGS, apache=not options.no_apache) as brokers:
        for broker in brokers:
            turn(broker, "warm-up", options.rate, WARM_UP_SECONDS)
        for number in range(options.turns):
            for broker in brokers:
                found = turn(broker, f"turn-{number}", options.rate, options.seconds)
                runs.setdefault(broker.name, []).append(found)
                print(broker.name, json.dumps(found), flush=True)
    for part in ("p50", "p95", "p99", "p99.9", "most"):
        _show(f"a heartbeat's answer, {part}", "ms", runs, lambda run, p=part: run["latencies"][p])
    _show("share of one processor", "%", runs, lambda run: run["share"])
    _show("due before the last answer came", "heartbeats", runs, lambda run: run["late"])
    if any(_is_lost(run) for found in runs.values() for run in found):
        sys.exit("some sessions were lost: see above")


def _is_lost(run: dict[str, Any]) -> bool:
    return bool(run["failures"] or run["members of a later generation"])


def _show(title: str, unit: str, runs: dict[str, list[dict[str, Any]]], value: Any) -> None:
    figures = [
        Figure(name=name, unit=unit, runs=tuple(value(run) for run in found))
        for name, found in runs.items()
    ]
    show(title, figures, against=figures[-1])


if __name__ == "__main__":
    main()
