"""What commands that draw share: the terminal's width, colours and letters, numbers, files."""

import os
import shutil
import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebalance.cli.errors import UsageError

if TYPE_CHECKING:
    from rebalance.timeline.lanes import GroupLanes
    from rebalance.timeline.narrowing import Narrowing
    from rebalance.timeline.text import TextOptions

NARROW, WIDE = 60, 300


class ColorWhen(StrEnum):
    """When to colour: `auto` is on a terminal, unless NO_COLOR is set."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def terminal_width() -> int:
    """Columns of the terminal, within what a picture can use; 80 where there is none."""
    return min(max(shutil.get_terminal_size((80, 24)).columns, NARROW), WIDE)


def wants_color(when: ColorWhen) -> bool:
    """Whether to write ANSI colours to standard output."""
    if when is not ColorWhen.AUTO:
        return when is ColorWhen.ALWAYS
    return (
        sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )


def speaks_unicode() -> bool:
    """Whether standard output can show more than ASCII."""
    encoding = (sys.stdout.encoding or "ascii").lower().replace("_", "-")
    return encoding in ("utf-8", "utf8", "utf-16", "utf-32", "cp65001")


def text_options(width: int | None, color: ColorWhen, **more: Any) -> "TextOptions":
    """How to draw on this terminal."""
    from rebalance.timeline.text import TextOptions

    return TextOptions(
        width=width or terminal_width(),
        color=wants_color(color),
        ascii=more.pop("ascii", False) or not speaks_unicode(),
        **more,
    )


def group_numbers(
    read: "Iterable[tuple[GroupLanes, Narrowing]]",
) -> list[dict[str, Any]]:
    """Metrics and rebalances, with their stages, of each group as plain data, for `--json`."""
    from dataclasses import asdict

    from rebalance.timeline.metrics import measure
    from rebalance.timeline.narrowing import narrowed
    from rebalance.timeline.rebalances import find_rebalances
    from rebalance.timeline.stages import courses

    groups: list[dict[str, Any]] = []
    for group, only in read:
        found = find_rebalances(group)
        metrics = measure(narrowed(group, only), found).to_dict()
        costs = metrics.pop("per_rebalance")
        listed = [
            asdict(rebalance) | cost | asdict(course)
            for rebalance, cost, course in zip(found, costs, courses(group, found), strict=True)
        ]
        groups.append({"group_id": group.group_id, "metrics": metrics, "rebalances": listed})
    return groups


def check_writable(file: Path | None, option: str = "--trace") -> None:
    """Before anything runs: what cannot be kept afterwards would be lost.

    Raises:
        UsageError: `option` names a directory, or a file in none.
    """
    if file is not None and (file.is_dir() or not file.absolute().parent.is_dir()):
        raise UsageError(f"{option} {file}: not a file in an existing directory")
