"""How many states small groups have, and how long it takes to see them all: docs/explore.md.

Run: python -m benchmarks.explored_groups [--all]

The counts are the same everywhere, the seconds are this machine's. `--all` adds those that take
minutes.
"""

import argparse
import time
from dataclasses import dataclass

from rebalance.simulation import parse
from rebalance.simulation.explore import Explored, explore, explored_group

EAGER, COOPERATIVE = "range", "cooperative-sticky"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A group to explore."""

    members: str
    assignor: str
    faults: str = ""
    takes_minutes: bool = False

    @property
    def text(self) -> str:
        """The file that declares it."""
        faults = f"explore {self.faults}\n" if self.faults else ""
        return (
            "topic t partitions=2\n"
            f"members {self.members} topics=t assignors={self.assignor}\n"
            f"start {self.members}\n{faults}"
        )


SUBJECTS = (
    Subject(members="A", assignor=EAGER),
    *(
        Subject(members="A", assignor=EAGER, faults=f"{fault}=1")
        for fault in ("crash", "close", "cut", "fail")
    ),
    Subject(members="A B", assignor=EAGER),
    Subject(members="A B", assignor=COOPERATIVE),
    Subject(members="A B", assignor=EAGER, faults="crash=1", takes_minutes=True),
    Subject(members="A B", assignor=COOPERATIVE, faults="crash=1", takes_minutes=True),
)


def main() -> None:
    """Explore and print, a row of a Markdown table each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="also those that take minutes")
    everything = parser.parse_args().all
    print("| consumers | assignor | faults | states | steps | known again | deep | at rest | s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for subject in SUBJECTS:
        if everything or not subject.takes_minutes:
            began = time.perf_counter()
            explored = explore(explored_group(parse(subject.text)))
            print(_row(subject, explored, time.perf_counter() - began), flush=True)


def _row(subject: Subject, explored: Explored, seconds: float) -> str:
    if not (explored.passed and explored.exhaustive):
        raise SystemExit(f"{subject}: {explored.violation}")
    counts = explored.counts
    cells = (
        subject.members,
        subject.assignor,
        subject.faults or "none",
        f"{counts.states:,}",
        f"{counts.transitions:,}",
        f"{counts.known_again:,}",
        f"{counts.depth}",
        f"{counts.at_rest:,}",
        f"{seconds:.0f}",
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
