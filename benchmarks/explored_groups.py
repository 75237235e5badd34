"""How many states small groups have: docs/explore.md, and what a test compares.

Run: python -m benchmarks.explored_groups [--all] [--write]

The counts are the same everywhere, the seconds are this machine's. `--all` adds those that take
minutes; `--write` keeps the counts of those that were explored in explored_groups.json, and writes
the page's table out of it.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rebalance.simulation import parse
from rebalance.simulation.explore import Explored, explore, explored_group

__all__ = ["KEPT", "PAGE", "SUBJECTS", "Subject", "counted", "explored", "table", "with_table"]

EAGER, COOPERATIVE = "range", "cooperative-sticky"
KEPT = Path(__file__).with_name("explored_groups.json")
PAGE = Path(__file__).parents[1] / "docs" / "explore.md"
_BEGIN, _END = "<!-- counts: begin -->", "<!-- counts: end -->"
_HEAD = (
    "| consumers | assignor | faults | states | steps | known again | deep | at rest |",
    "|---|---|---|---|---|---|---|---|",
)

Counted = dict[str, int]
"""Counts and parts of one subject, by name."""


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

    def __str__(self) -> str:
        return f"{self.members}, {self.assignor}, {self.faults or 'none'}"


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
    parser.add_argument("--write", action="store_true", help="keep the counts, write the page")
    chosen = parser.parse_args()
    print(f"{_HEAD[0]} s |\n{_HEAD[1]}---|")
    for subject in SUBJECTS:
        if chosen.all or not subject.takes_minutes:
            began = time.perf_counter()
            found = counted(explored(subject))
            print(f"{_row(subject, found)} {time.perf_counter() - began:.0f} |", flush=True)
            if chosen.write:
                _keep(subject, found)


def explored(subject: Subject) -> Explored:
    """Everything that the group can do.

    Raises:
        SystemExit: something is wrong, or there is more.
    """
    found = explore(explored_group(parse(subject.text)))
    if not (found.passed and found.exhaustive):
        raise SystemExit(f"{subject}: {found.violation}")
    return found


def counted(found: Explored) -> Counted:
    """The numbers of it."""
    return {**asdict(found.counts), "known_again": found.counts.known_again, **found.parts}


def table(kept: dict[str, Any]) -> Iterator[str]:
    """The lines of the page's table: every subject whose counts were kept."""
    yield from _HEAD
    for subject in SUBJECTS:
        if str(subject) in kept:
            yield _row(subject, kept[str(subject)])


def with_table(page: str, kept: dict[str, Any]) -> str:
    """The page with the table as it is to be."""
    before, rest = page.split(_BEGIN)
    _, after = rest.split(_END)
    lines = "\n".join(table(kept))
    return f"{before}{_BEGIN}\n{lines}\n{_END}{after}"


def _row(subject: Subject, found: Counted) -> str:
    numbers = (found[name] for name in ("states", "transitions", "known_again", "depth", "at_rest"))
    cells = (subject.members, subject.assignor, subject.faults or "none")
    return f"| {' | '.join((*cells, *(f'{each:,}' for each in numbers)))} |"


def _keep(subject: Subject, found: Counted) -> None:
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    kept[str(subject)] = found
    ordered = {str(each): kept[str(each)] for each in SUBJECTS if str(each) in kept}
    KEPT.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_table(page, ordered), encoding="utf-8")


if __name__ == "__main__":
    main()
