"""What docs/optimized.md shows is what happens."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

from assignors.optimized import Constraints, Objective

PAGE = (Path(__file__).parents[3] / "docs" / "optimized.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)


def test_the_worked_example_prints_what_the_page_says() -> None:
    printed = io.StringIO()
    names: dict[str, Any] = {}
    with contextlib.redirect_stdout(printed):
        exec(blocks("python")[0], names)

    assert printed.getvalue() == blocks("text")[0]


def test_the_example_of_every_constraint_is_read() -> None:
    yaml = pytest.importorskip("yaml")
    (text,) = blocks("yaml")
    data = yaml.safe_load(text)
    constraints = Constraints.from_data(data)

    assert set(data) == {"max_moves", "capacity", "pins", "bans", "together", "apart"}
    assert Constraints.from_data(constraints.to_data()) == constraints


def test_every_term_of_the_objective_is_on_the_page() -> None:
    for term, default in Objective().to_data().items():
        if term in ("weights", "default_weight"):
            assert f"`{term}`" in PAGE
        else:
            assert f"| `{term}` ({default:g}) |" in PAGE
