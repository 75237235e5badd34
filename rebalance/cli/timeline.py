"""`rebalance timeline`: a trace as a picture in the terminal, or its numbers as JSON."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalance.cli.errors import UsageError
from rebalance.cli.terminal import NARROW, WIDE, ColorWhen, group_numbers, text_options

if TYPE_CHECKING:
    from rebalance.timeline.trace import Trace

_FORMATS = ("text",)
_PLANNED = ("svg", "html", "perfetto")


def timeline(
    trace: Annotated[str, typer.Argument(metavar="TRACE", help="A trace file; - reads stdin.")],
    width: Annotated[
        int | None,
        typer.Option(min=NARROW, max=WIDE, help="Columns; default: the terminal's, else 80."),
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
    from rebalance.timeline.text import render_text

    read = _read(trace)
    if not group_ids(read):
        raise UsageError(f"{trace}: a trace without any group: there is nothing to draw")
    options = text_options(
        width,
        color,
        ascii=ascii_only,
        from_ms=_ms(from_s),
        to_ms=_ms(to_s),
        rebalance=number,
    )
    try:
        if as_json:
            output = json.dumps({"groups": group_numbers(read, group)}, indent=2) + "\n"
        else:
            output = render_text(read, group_id=group, options=options)
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


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
