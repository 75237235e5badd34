"""The example in the documentation is an assignor that keeps its promises."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hypothesis import given

from assignors.interface import Assignor, known_assignors, run_assignor

from .groups import Group, groups, own, quick

PAGE = (Path(__file__).parents[2] / "docs" / "assignors.md").read_text()


def example() -> Assignor:
    (source,) = [
        code for code in re.findall(r"```python\n(.*?)```", PAGE, re.S) if "ByHash" in code
    ]
    names: dict[str, Any] = {}
    exec(source, names)
    assignor: Assignor = names["ByHash"]()
    return assignor


@quick
@given(groups())
def test_the_example_is_valid_deterministic_and_idempotent(group: Group) -> None:
    cluster, members = group
    plan = run_assignor(example(), cluster, members)

    assert run_assignor(example(), cluster, dict(reversed(members.items()))) == plan
    assert run_assignor(example(), cluster, own(members, plan)) == plan


def test_every_built_in_assignor_is_described() -> None:
    assert all(f"| `{name}` |" in PAGE for name in known_assignors())
