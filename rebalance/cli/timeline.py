"""`rebalance timeline`: a trace as a picture in the terminal, or its numbers as JSON."""

import json
import os
import shutil
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebalance.cli.errors import UsageError

if TYPE_CHECKING:
    from rebalance.timeline.trace import Trace

_FORMATS = ("text",)
_PLANNED = ("svg", "html", "perfetto")
_NARROW, _WIDE = 60, 300


class ColorWhen(StrEnum):
    """When to colour: `auto` is on a terminal, unless NO_COLOR is set."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def timeline(
    trace: Annotated[str, typer.Argument(metavar="TRACE", help="A trace file; - reads stdin.")],
    width: Annotated[
        int | None,
        typer.Option(min=_NARROW, max=_WIDE, help="Columns; default: the terminal's, else 80."),
    ] = None,
    color: Annotated[
        ColorWhen, typer.Option(help="Colour only repeats what the characters say.")
    ] = ColorWhen.AUTO,
    group: Annotated[
        str | None, typer.Option(metavar="GROUP", help="Only this group; default: all of them.")
    ] = None,
    number: Annotated[
        int | None, typer.Option("--rebalance", metavar="N", help="Look closely at this one.")
    ] = None,
    from_s: Annotated[
        float | None, typer.Option("--from", metavar="SECONDS", help="Begin here.")
    ] = None,
    to_s: Annotated[float | None, typer.Option("--to", metavar="SECONDS", help="End here.")] = None,
    ascii_only: Annotated[bool, typer.Option("--ascii", help="No character beyond ASCII.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="The metrics and rebalances instead of the picture.")
    ] = False,
    format_: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="text, the only one today.")
    ] = "text",
) -> None:
    """Draw who was in the group and who owned what over time, with the cause of each rebalance.

    Example: rebalance timeline trace.jsonl --rebalance 3
    """
    _check_format(format_)
    from rebalance.timeline.lanes import UnknownGroupError, group_ids
    from rebalance.timeline.text import TextOptions, render_text

    read = _read(trace)
    if not group_ids(read):
        raise UsageError(f"{trace}: a trace without any group: there is nothing to draw")
    options = TextOptions(
        width=width or _terminal_width(),
        color=_wants_color(color),
        ascii=ascii_only or not _speaks_unicode(),
        from_ms=_ms(from_s),
        to_ms=_ms(to_s),
        rebalance=number,
    )
    try:
        output = (
            _numbers(read, group) if as_json else render_text(read, group_id=group, options=options)
        )
    except UnknownGroupError as error:
        raise UsageError(f"{trace}: {error}") from None
    except ValueError as error:
        raise UsageError(f"{trace}: {error}") from None
    sys.stdout.write(output)


def _check_format(name: str) -> None:
    if name in _FORMATS:
        return
    if name in _PLANNED:
        raise UsageError(f"--format {name} is not there yet; use text (the default) or --json")
    raise UsageError(f"--format {name}: unknown; use text (the default) or --json")


def _read(name: str) -> "Trace":
    from rebalance.timeline.trace import TraceError, parse_trace, read_trace

    try:
        return parse_trace(sys.stdin, name="stdin") if name == "-" else read_trace(Path(name))
    except TraceError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise UsageError(
            f"{name}: {error.strerror or error}; expected a trace file, "
            "as `rebalance simulate --trace FILE` writes it"
        ) from None


def _numbers(trace: "Trace", group_id: str | None) -> str:
    from dataclasses import asdict

    from rebalance.timeline.lanes import read_groups
    from rebalance.timeline.metrics import measure
    from rebalance.timeline.rebalances import find_rebalances

    groups: list[dict[str, Any]] = []
    for group in read_groups(trace, group_id):
        found = find_rebalances(group)
        metrics = measure(group, found).to_dict()
        costs = metrics.pop("per_rebalance")
        listed = [asdict(r) | cost for r, cost in zip(found, costs, strict=True)]
        groups.append({"group_id": group.group_id, "metrics": metrics, "rebalances": listed})
    return json.dumps({"groups": groups}, indent=2) + "\n"


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


def _terminal_width() -> int:
    return min(max(shutil.get_terminal_size((80, 24)).columns, _NARROW), _WIDE)


def _wants_color(when: ColorWhen) -> bool:
    if when is not ColorWhen.AUTO:
        return when is ColorWhen.ALWAYS
    return (
        sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )


def _speaks_unicode() -> bool:
    encoding = (sys.stdout.encoding or "ascii").lower().replace("_", "-")
    return encoding in ("utf-8", "utf8", "utf-16", "utf-32", "cp65001")
