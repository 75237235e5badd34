"""What all panels of the SVG share: where they are drawn, of what, and the time axis above them.

Why: each panel answers one question, and all share one axis, so that the eye goes straight down
from a rebalance to who lost what. A panel returns its elements and the height that they take.
"""

from dataclasses import dataclass

from rebalance.timeline.model import GroupModel
from rebalance.timeline.palette import DISTINCT
from rebalance.timeline.scale import clock, tick_label
from rebalance.timeline.svg.drawing import Plot, fitted, line, text

BRIEF_PX = 1.5
"""What is shorter is drawn this wide: an event is never lost because it was short."""
HINTS = 1_500
"""Elements that explain themselves under the pointer, at most: hints are half of a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Where the panels are drawn, and of what."""

    model: GroupModel
    plot: Plot
    labels: float
    """Pixels on the left for names."""

    def label(self, y: float, words: str, style: str = "") -> str:
        """A name on the left, as much of it as fits."""
        return text(0, y, fitted(words, self.labels - 8), style)

    def when(self, t: int) -> str:
        """An instant, in the units of the axis."""
        return clock(t, self.plot.scale.end)


Panel = tuple[list[str], float]


def member_class(number: int) -> str:
    """The class of a member's colour."""
    return f"m{number % DISTINCT}"


def axis(sheet: Sheet, height: float) -> Panel:
    """Round instants above, and a faint line below each through all panels."""
    plot = sheet.plot
    ticks = plot.scale.ticks(90)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else plot.scale.span
    drawn: list[str] = []
    for t in ticks:
        x = plot.x(t)
        drawn.append(line(x, 18, x, height, "grid"))
        drawn.append(text(x, 12, tick_label(t, step, plot.scale.end), "soft mid"))
    return drawn, 22
