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


def drawing_options(
    width: int | None, color: ColorWhen, *, ascii_only: bool = False
) -> dict[str, object]:
    """How to draw for a terminal, as it was given: what means nothing elsewhere."""
    asked = None if color is ColorWhen.AUTO else color
    return {"--width": width, "--color": asked, "--ascii": ascii_only}


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
    read: "Iterable[tuple[GroupLanes, Narrowing]]", *, since_ms: int = 0
) -> list[dict[str, Any]]:
    """Headline, metrics, rebalances and steps of each group as plain data, for `--json`."""
    from rebalance.timeline.facts import facts_of

    return [facts_of(group, only, since_ms=since_ms).to_dict() for group, only in read]


def check_writable(file: Path | None, option: str = "--trace") -> None:
    """Before anything runs: what cannot be kept afterwards would be lost.

    Raises:
        UsageError: `option` names a directory, or a file in none.
    """
    if file is not None and (file.is_dir() or not file.absolute().parent.is_dir()):
        raise UsageError(f"{option} {file}: not a file in an existing directory")
