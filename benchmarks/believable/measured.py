"""What real clients did, kept: two sets of runs for each setup, taken by turns.

Rule kept: the simulation has one number that is fitted, how long a frame travels on the measured
machine, and it is fitted on the set "fit" alone; the set "judge" is what it is compared with. Runs
of both sets alternate, so that a machine that gets busier does so in both.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal

from benchmarks.believable.run import Cost, Part

__all__ = ["FILE", "SETS", "Measured", "Measurement", "SetName", "part_of"]

FILE = Path(__file__).with_name("measured.json")

SetName = Literal["fit", "judge"]
SETS: tuple[SetName, ...] = ("fit", "judge")

_GOLDEN = 0.618


def part_of(number: int) -> float:
    """The part of a heartbeat (`Deploy.lead_ms`) of run `number`; however many, they are spread."""
    return round((0.5 + number * _GOLDEN) % 1, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One real run."""

    part: float
    """Of a heartbeat, as `Deploy.lead_ms` has it."""
    graceful: Cost
    kill: Cost

    def of(self, part: Part) -> Cost:
        """What a part of the deploy cost."""
        return self.graceful if part == "graceful" else self.kill


@dataclass(slots=True, kw_only=True)
class Measurement:
    """All runs of a machine; `most_ms`: how long a frame travels at most, as it was fitted."""

    server: str
    date: str
    most_ms: int = 3
    runs: dict[str, dict[str, list[Measured]]] = field(default_factory=dict)
    """Setup -> set -> its runs."""

    def add(self, setup: str, name: SetName, run: Measured) -> None:
        """One more run."""
        self.runs.setdefault(setup, {each: [] for each in SETS})[name].append(run)

    def of(self, setup: str, name: SetName) -> list[Measured]:
        """The runs of a set; none if none was made."""
        return self.runs.get(setup, {}).get(name, [])

    def median(self, setup: str, name: SetName, part: Part) -> float:
        """Unavailable partition-ms.

        Raises:
            statistics.StatisticsError: there is no run.
        """
        runs = self.of(setup, name)
        return median(run.of(part).unavailable_partition_ms for run in runs)

    def setups(self) -> Iterator[str]:
        """Those with runs in both sets."""
        return (name for name in self.runs if all(self.of(name, each) for each in SETS))

    def save(self, path: Path = FILE) -> None:
        """Write it down."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def read(cls, path: Path = FILE) -> "Measurement":
        """What `save` wrote."""
        data: Mapping[str, Any] = json.loads(path.read_text())
        made = cls(server=data["server"], date=data["date"], most_ms=data["most_ms"])
        for setup, sets in data["runs"].items():
            for name, runs in sets.items():
                for run in runs:
                    made.add(setup, name, _run(run))
        return made


def _run(data: Mapping[str, Any]) -> Measured:
    return Measured(part=data["part"], graceful=Cost(**data["graceful"]), kill=Cost(**data["kill"]))
