"""The timeline as SVG: who owned what over time, why it rebalanced, what it cost.

Why: a picture for a README, an incident report, a pull request. Written directly, so that the same
trace is the same bytes; readable in light and dark, with every kind of colour sight, and by a
screen reader (title and description). No script, no font, no network.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rebalance.timeline.model import GroupModel
from rebalance.timeline.scale import counted
from rebalance.timeline.svg.bands import rows_of
from rebalance.timeline.svg.drawing import GLYPH_PX, Plot, escaped, px, rect
from rebalance.timeline.svg.load import load
from rebalance.timeline.svg.members import drawn_members, members
from rebalance.timeline.svg.partitions import partitions
from rebalance.timeline.svg.sheet import Panel, Sheet, axis
from rebalance.timeline.svg.story import headline, legend, story
from rebalance.timeline.svg.strip import strip, tints
from rebalance.timeline.svg.style import patterns, style_sheet

__all__ = ["SvgOptions", "render_svg"]

_MARGIN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SvgOptions:
    """How the picture is drawn; the defaults suit a page of text."""

    width: int = 1_100
    """Pixels, 600 to 4,000; an SVG scales without loss."""
    max_partition_rows: int = 48
    """Where more partitions differ, neighbours share a row."""
    max_member_rows: int = 40
    max_rebalances: int = 20
    """Rebalances told in words, and steps; the picture shows all."""


def render_svg(groups: Iterable[GroupModel], *, options: SvgOptions | None = None) -> str:
    """One picture of the groups, one below the other.

    Raises:
        ValueError: the width is out of its bounds.
    """
    options = options or SvgOptions()
    if not 600 <= options.width <= 4_000:
        raise ValueError(f"width {options.width}: expected 600 to 4000 pixels")
    drawn: list[str] = []
    y = float(_MARGIN)
    told = tuple(groups)
    for model in told:
        body, height = _group(model, options)
        drawn.append(f'<g transform="translate({_MARGIN} {px(y)})">')
        drawn += body
        drawn.append("</g>")
        y += height + _MARGIN
    return "\n".join([*_head(told, options.width, y), *drawn, "</svg>"]) + "\n"


def _head(told: Sequence[GroupModel], width: int, height: float) -> Iterable[str]:
    names = ", ".join(model.group_id for model in told)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {px(height)}" '
        f'width="{width}" height="{px(height)}" role="img" aria-labelledby="title about">'
    )
    yield f'<title id="title">Rebalances of {escaped(names)}</title>'
    yield f'<desc id="about">{escaped(" ".join(_told(model) for model in told))}</desc>'
    yield style_sheet(max((len(model.members) for model in told), default=0)) + patterns()
    yield rect(0, 0, width, height, "ground")


def _told(model: GroupModel) -> str:
    """The picture for whoever cannot see it."""
    owned = model.metrics["member_view"] or model.metrics["coordinator_view"]
    cost = f", {owned['unavailable_partition_ms']} partition-ms without an owner" if owned else ""
    causes = ", ".join(
        f"{entry.number} at {entry.start_ms} ms: {entry.cause} {entry.member}".rstrip()
        for entry in model.rebalances[:20]
    )
    return (
        f"Group {model.group_id}: {counted(len(model.members), 'member')}, "
        f"{counted(len(model.rebalances), 'rebalance')}{cost}. {causes}."
    )


def _group(model: GroupModel, options: SvgOptions) -> Panel:
    labels = _label_width(model)
    width = options.width - 2 * _MARGIN - labels
    plot = Plot(model.start_ms, model.end_ms, labels, width)
    sheet = Sheet(model=model, plot=plot, labels=labels)
    shown = drawn_members(model, options.max_member_rows)
    rows = rows_of(model.partitions, plot.scale, options.max_partition_rows)
    drawn, top = headline(sheet)
    parts = [strip(sheet), members(sheet, shown)]
    if rows:
        parts += [load(sheet), partitions(sheet, rows)]
    height = sum(part[1] for part in parts)
    grid, axis_height = axis(sheet, height + 22)
    drawn += _moved_down(list(tints(sheet, 22 + 30, height - 30)), top)
    drawn += _moved_down(grid, top)
    y = top + axis_height
    for body, part_height in (*parts, story(sheet, options.max_rebalances)):
        drawn += _moved_down(body, y)
        y += part_height
    body, part_height = legend(sheet, drawn)
    drawn += _moved_down(body, y)
    return drawn, y + part_height


def _moved_down(body: Sequence[str], by: float) -> list[str]:
    return [f'<g transform="translate(0 {px(by)})">', *body, "</g>"] if body else []


def _label_width(model: GroupModel) -> int:
    longest = max((len(member.name) for member in model.members), default=0)
    return min(max(round(longest * GLYPH_PX) + 30, 124), 220)
