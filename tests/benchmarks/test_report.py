"""What is saved is read back, and tables and pictures are made of it."""

from __future__ import annotations

from pathlib import Path

from benchmarks.assignors import report
from benchmarks.assignors.goals import Measured
from benchmarks.assignors.programs import FRANZ_GO, JAVA, STICKY
from benchmarks.assignors.running import Outcome, Runs
from benchmarks.plots import series

BEST = {
    "fault": "",
    "imbalance": 10,
    "least_imbalance": 10,
    "largest_load": 2,
    "moves": 1,
    "least_moves": 1,
}


def done(ms: float, **verdict: object) -> Outcome:
    return Outcome(
        first=[ms], figures={"solver": Runs(warm=[ms])}, verdict={**BEST, **verdict}, peak_kib=2048
    )


MEASURED = [
    Measured(
        case="ua-join",
        what="",
        size="",
        partitions=1_000,
        uniform=True,
        outcomes={
            STICKY: done(0.25),
            FRANZ_GO: done(150.0, imbalance=16, moves=0),
            JAVA: Outcome(state="unfinished", why="> 120 s"),
        },
    ),
    Measured(
        case="ub-join",
        what="",
        size="",
        partitions=10_000,
        uniform=True,
        outcomes={STICKY: done(1.5), JAVA: Outcome(state="skipped", why="ua-join was too much")},
    ),
]


def test_what_is_saved_is_read_back(tmp_path: Path) -> None:
    report.save(tmp_path / "saved.json", {"limit_s": 120}, MEASURED)
    assert report.load(tmp_path / "saved.json") == (MEASURED, 120)


def test_tables_of_what_was_saved() -> None:
    lines = list(report.markdown(MEASURED, 120))
    assert "| ua-join | 0.25 | 150 | > 120 s |" in lines
    assert "| ub-join | 1.50 |  |  |" in lines
    assert "| ua-join | 0.25 | 0.25 | - | - | - | 2 | 1 | 2 |" in lines
    assert "| ua-join | 0; 0 | +6; -1 |  |" in lines


def test_lines_of_the_picture() -> None:
    assert series(MEASURED, "u", "join") == {
        STICKY: [(1_000, 0.25), (10_000, 1.5)],
        FRANZ_GO: [(1_000, 150.0)],
        JAVA: [(1_000, None)],
    }
