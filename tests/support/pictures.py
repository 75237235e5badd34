"""Draws the pictures of docs/timeline.md: real runs, so that no page shows what cannot be had.

`python -m tests.support.pictures` rewrites the files; a test says that they are up to date.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from rebalance.cli.simulate import figures
from rebalance.simulation import Overrides, read, run_scenario
from rebalance.simulation.choosing import PROTOCOLS
from rebalance.timeline import Trace, models, read_trace
from rebalance.timeline.svg import render_svg

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
_TESTDATA = ROOT / "tests" / "testdata"


def played(name: str, protocol: str = "", assignor: str = "") -> Trace:
    """The trace of a scenario."""
    overrides = Overrides(protocol=PROTOCOLS.get(protocol), assignor=assignor or None)
    scenario = read(_TESTDATA / "scenarios" / f"{name}.txt")
    return run_scenario(scenario, overrides=overrides, measure=figures).trace


def kept(name: str) -> Trace:
    """A trace of real consumers that was kept: no run of them is like another."""
    return read_trace(_TESTDATA / "timeline" / f"{name}.jsonl")


DRAWN: Mapping[str, Callable[[], Trace]] = {
    "timeline-demo": lambda: kept("demo"),
    "timeline-eager": lambda: played("rolling_restart", "eager", "sticky"),
    "timeline-cooperative": lambda: played("rolling_restart", "cooperative", "sticky"),
    "timeline-zombie": lambda: played("zombie"),
}
"""The pictures by the names of their files, without `.svg`."""


def picture(name: str) -> str:
    """What the file must say."""
    return render_svg(models(DRAWN[name]()))


if __name__ == "__main__":
    for each in DRAWN:
        (PICTURES / f"{each}.svg").write_text(picture(each), encoding="utf-8")
