"""Every story as a picture: it fits the terminal, narrow or wide, and colour says nothing new."""

import re
from functools import cache
from pathlib import Path

import pytest

from rebalance.cli.simulate import figures
from rebalance.simulation import read, run_scenario
from rebalance.timeline.glyphs import width_of
from rebalance.timeline.text import TextOptions, render_text
from rebalance.timeline.trace import Trace
from tests.timeline.rewriting import TESTDATA, matches

SCENARIOS = TESTDATA.parent / "scenarios"
FILES = sorted(SCENARIOS.glob("*.txt"))
GOLDEN = TESTDATA.parent / "pictures"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@cache
def played(path: Path) -> Trace:
    return run_scenario(read(path), measure=figures).trace


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_picture_fits_and_colour_only_repeats(path: Path, width: int) -> None:
    plain = render_text(played(path), options=TextOptions(width=width))
    assert max(width_of(line) for line in plain.splitlines()) <= width
    assert "\x1b" not in plain
    painted = render_text(played(path), options=TextOptions(width=width, color=True))
    assert "\x1b[" in painted
    assert COLOURS.sub("", painted) == plain


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_ascii_is_ascii(path: Path) -> None:
    assert render_text(played(path), options=TextOptions(ascii=True)).isascii()


@pytest.mark.parametrize("color", [False, True], ids=["plain", "color"])
@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("name", ["crash", "cooperative_scale_out", "joined_twice"])
def test_golden(name: str, width: int, color: bool) -> None:
    picture = render_text(
        played(SCENARIOS / f"{name}.txt"), options=TextOptions(width=width, color=color)
    )
    assert matches(GOLDEN / f"{name}_{width}{'_color' if color else ''}.txt", picture)


def test_a_wait_of_many_minutes_does_not_touch_its_cause() -> None:
    picture = render_text(played(SCENARIOS / "outage_of_84_members.txt"))
    assert "+14 min 00 s member left: pod-40" in picture
