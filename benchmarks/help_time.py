"""How long `rebalance --help` takes as a whole process, beside a Python that does nothing.

Run: python -m benchmarks.help_time
"""

import subprocess
import sys
import time

from benchmarks.measure import Figure, show

RUNS = 15
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "rebalance --help": [sys.executable, "-m", "rebalance.cli.main", "--help"],
    "rebalance demo --help": [sys.executable, "-m", "rebalance.cli.main", "demo", "--help"],
}


def main() -> None:
    """Measure by turns and print."""
    runs: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for turn in range(RUNS + 1):
        for name, command in COMMANDS.items():
            began = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            if turn:
                runs[name].append((time.perf_counter() - began) * 1000)
    figures = [Figure(name=name, unit="ms", runs=tuple(times)) for name, times in runs.items()]
    show("Whole processes", figures, against=figures[0])


if __name__ == "__main__":
    main()
