"""`rebalance timeline`: a trace as a picture, for a terminal or a file, or its numbers as JSON."""

import json
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalance.cli.errors import UsageError, leave_out
from rebalance.cli.numbers import bounded
from rebalance.cli.terminal import (
    NARROW,
    WIDE,
    ColorWhen,
    drawing_options,
    group_numbers,
    text_options,
)

if TYPE_CHECKING:
    from rebalance.timeline.lanes import GroupLanes
    from rebalance.timeline.model import GroupModel
    from rebalance.timeline.narrowing import Narrowing
    from rebalance.timeline.trace import TraceStream


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be drawn, and what of it."""

    name: str
    """Of the trace."""
    groups: "tuple[tuple[GroupLanes, Narrowing], ...]"
    """Those that know what is asked for, each with what it knows of it."""
    only: "Narrowing"
    from_ms: int | None
    to_ms: int | None
    rebalance: int | None
    width: int | None
    color: ColorWhen
    ascii: bool

    def models(self) -> "tuple[GroupModel, ...]":
        """The groups, narrowed and cut to what was asked for, as plain data for a renderer."""
        from rebalance.timeline.cutting import around, cut
        from rebalance.timeline.model import group_model

        found = [group_model(group, own) for group, own in self.groups]
        if self.rebalance is not None:
            return tuple(around(model, self.rebalance) for model in found)
        return tuple(cut(model, self.from_ms, self.to_ms) for model in found)


def _text(asked: Asked) -> str:
    from rebalance.timeline.text import text_of

    options = text_options(
        asked.width,
        asked.color,
        ascii=asked.ascii,
        from_ms=asked.from_ms,
        to_ms=asked.to_ms,
        rebalance=asked.rebalance,
        only=asked.only,
    )
    return text_of((group for group, _ in asked.groups), options)


def _svg(asked: Asked) -> str:
    from rebalance.timeline.svg import render_svg

    return render_svg(asked.models())


def _html(asked: Asked) -> str:
    from rebalance.timeline.html import render_page

    lanes = (group for group, _ in asked.groups)
    return render_page([(asked.name, tuple(zip(asked.models(), lanes, strict=True)))])


def _perfetto(asked: Asked) -> str:
    from rebalance.timeline.perfetto import render_perfetto

    return render_perfetto(asked.models())


def _json(asked: Asked) -> str:
    return json.dumps({"groups": group_numbers(asked.groups)}, indent=2) + "\n"


FORMATS: Mapping[str, Callable[[Asked], str]] = {
    "text": _text,
    "svg": _svg,
    "html": _html,
    "perfetto": _perfetto,
}
"""Each renderer by the name that `--format` takes."""


def timeline(
    trace: Annotated[str, typer.Argument(metavar="TRACE", help="A trace file; - reads stdin.")],
    width: Annotated[
        int | None,
        bounded(least=NARROW, most=WIDE, help="Columns; default: the terminal's, else 80."),
    ] = None,
    color: Annotated[
        ColorWhen, typer.Option(help="Colour only repeats what the characters say.")
    ] = ColorWhen.AUTO,
    group: Annotated[
        str | None, typer.Option(metavar="GROUP", help="Only this group; default: all of them.")
    ] = None,
    member: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this member; a pattern with * and ? for several."),
    ] = None,
    topic: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this topic, or these: a pattern.")
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
    partial: Annotated[
        bool, typer.Option("--partial", help="Of a broken trace, what stands before the break.")
    ] = False,
    format_: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help=f"One of {', '.join(FORMATS)}.")
    ] = "text",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write there, not to standard output.")
    ] = None,
) -> None:
    """Draw who was in the group and who owned what over time, with the cause of each rebalance.

    Example: rebalance timeline trace.jsonl --rebalance 3

    Example: rebalance timeline trace.jsonl --format svg --topic orders --out deploy.svg
    """
    from rebalance.timeline.narrowing import Narrowing, shared_out

    render = _json if as_json else FORMATS.get(format_)
    if render is None:
        known = ", ".join(FORMATS)
        raise UsageError(f"--format {format_}: unknown; use one of {known}, or --json")
    window = {"--from": from_s, "--to": to_s}
    leave_out("--rebalance chooses its own time", number is not None, window)
    leave_out(
        "--json tells the numbers of all that there is",
        as_json,
        {**window, "--rebalance": number, "--format": None if format_ == "text" else format_},
    )
    drawing = drawing_options(width, color, ascii_only=ascii_only)
    leave_out(f"--format {format_} looks the same everywhere", format_ != "text", drawing)
    leave_out("--json draws nothing", as_json, drawing)
    groups = _read(trace, group, partial=partial)
    only = Narrowing(members=tuple(member or ()), topics=tuple(topic or ()))
    try:
        asked = Asked(
            name="a trace" if trace == "-" else Path(trace).name,
            groups=_with_rebalance(shared_out(groups, only), number),
            only=only,
            from_ms=_ms(from_s),
            to_ms=_ms(to_s),
            rebalance=number,
            width=width,
            color=color,
            ascii=ascii_only,
        )
        output = render(asked)
    except ValueError as error:
        raise UsageError(f"{trace}: {error}") from None
    _write(output, out)


def _read(name: str, group_id: str | None, *, partial: bool) -> "tuple[GroupLanes, ...]":
    """The groups of a trace, read in one pass: a long one is never in memory as a whole."""
    from rebalance.timeline.lanes import UnknownGroupError, read_groups
    from rebalance.timeline.trace import TraceError

    try:
        stream = _open(name, partial=partial)
        groups = read_groups(stream, group_id)
    except TraceError as error:
        raise UsageError(str(error)) from None
    except UnknownGroupError as error:
        raise UsageError(f"{name}: {error}") from None
    except OSError as error:
        raise UsageError(
            f"{name}: {error.strerror or error}; expected a trace file, "
            "as `rebalance simulate --trace FILE` writes it"
        ) from None
    if stream.left_out:
        print(f"rebalance: left out from here on: {stream.left_out}", file=sys.stderr)
    if not groups:
        raise UsageError(f"{name}: a trace without any group: there is nothing to draw")
    return groups


def _with_rebalance(
    groups: "tuple[tuple[GroupLanes, Narrowing], ...]", number: int | None
) -> "tuple[tuple[GroupLanes, Narrowing], ...]":
    """Those that have so many; all of them where none has, which the renderer then says."""
    from rebalance.timeline.rebalances import find_rebalances

    if number is None or len(groups) < 2:
        return groups
    return tuple(pair for pair in groups if number <= len(find_rebalances(pair[0]))) or groups


def _open(name: str, *, partial: bool) -> "TraceStream":
    from rebalance.timeline.trace import open_trace, stream_trace

    if name == "-":
        return stream_trace(sys.stdin, name="stdin", partial=partial)
    return open_trace(Path(name), partial=partial)


def _write(output: str, out: Path | None) -> None:
    if out is None:
        sys.stdout.write(output)
        return
    try:
        out.write_text(output, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--out {out}: {error.strerror or error}") from None


def _ms(seconds: float | None) -> int | None:
    if seconds is not None and not math.isfinite(seconds):
        raise UsageError(f"{seconds} s is no time; expected a number of seconds")
    return None if seconds is None else round(seconds * 1000)
