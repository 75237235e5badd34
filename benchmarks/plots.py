"""Time against size, drawn from what `python -m benchmarks.assignors --json FILE` saved.

The rule kept here: a picture shows what is in the file and nothing else; who did not finish within
the limit is drawn above it and says so. Colours and lines read on light and dark pages alike.

Run: python -m benchmarks.plots FILE [DIRECTORY]   (needs matplotlib; writes into docs/pictures)
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.assignors import report
from benchmarks.assignors.cases import SIZES
from benchmarks.assignors.goals import Measured
from benchmarks.assignors.programs import FRANZ_GO, JAVA, SERVER, STICKY, WITHOUT

PANELS = (
    ("u", "join", "everybody subscribes to the same, one member joins"),
    ("h", "leave", "random subscriptions, a tenth of the members leaves"),
)
COLOURS = {
    STICKY: "#d9480f",
    WITHOUT: "#e8a33d",
    FRANZ_GO: "#1c9fb0",
    SERVER: "#6f8f3c",
    JAVA: "#7a6ff0",
    "kafka-python": "#b05a9a",
    "aiokafka": "#8a8f98",
}
INK = "#808890"
WIDTHS = {STICKY: 2.6}


def series(
    measured: Sequence[Measured], letter: str, event: str
) -> dict[str, list[tuple[int, float | None]]]:
    """Subject -> partitions and milliseconds of the solver; None where it did not finish."""
    cases = {each.case: each for each in measured}
    found: dict[str, list[tuple[int, float | None]]] = {}
    for size in SIZES:
        case = cases.get(f"{letter}{size}-{event}")
        if case is None:
            continue
        for title, outcome in case.outcomes.items():
            solver = outcome.warm("solver")
            if solver is not None or outcome.state == "unfinished":
                found.setdefault(title, []).append((case.partitions, solver))
    return found


def draw(measured: Sequence[Measured], limit_s: float, target: Path) -> None:
    """Both panels as an SVG."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update(
        {
            "svg.hashsalt": "assignors",
            "svg.fonttype": "none",
            "font.size": 10,
            "font.family": "sans-serif",
            "text.color": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": INK,
            "xtick.color": INK,
            "ytick.color": INK,
        }
    )
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(1, 2, figsize=(10.5, 4.8), sharex=True, sharey=True)
    for axes, (letter, event, title) in zip(panels, PANELS, strict=True):
        _panel(axes, series(measured, letter, event), 1e3 * limit_s)
        axes.set_title(title, fontsize=10, color=INK)
        axes.set_xlabel("partitions")
    panels[0].set_ylabel("ms, solver alone")
    lines: dict[str, Any] = {}
    for axes in panels:
        lines |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    figure.legend(
        [lines[title] for title in COLOURS if title in lines],
        [title for title in COLOURS if title in lines],
        loc="lower center",
        ncols=4,
        frameon=False,
    )
    figure.tight_layout(rect=(0, 0.12, 1, 1))
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, transparent=True, metadata={"Date": None})
    plt.close(figure)


def _panel(
    axes: Any, found: Mapping[str, Sequence[tuple[int, float | None]]], limit_ms: float
) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.grid(which="major", color=INK, alpha=0.25, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.axhline(limit_ms, color=INK, linestyle=":", linewidth=1)
    axes.annotate(
        f"not finished in {limit_ms / 1e3:g} s",
        (0.02, limit_ms),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
        fontsize=8,
    )
    axes.xaxis.set_major_formatter(_plain)
    axes.yaxis.set_major_formatter(_plain)
    late: Counter[int] = Counter()
    for title, colour in COLOURS.items():
        points = found.get(title, ())
        done = [(size, value) for size, value in points if value is not None]
        axes.plot(
            [size for size, _ in done],
            [value for _, value in done],
            marker="o",
            markersize=4,
            linewidth=WIDTHS.get(title, 1.5),
            color=colour,
            label=title,
            zorder=3 if title == STICKY else 2,
        )
        for size, value in points:
            if value is None:
                # Those that did not finish stand beside each other, not in one place.
                where = (size * 1.12 ** late[size], limit_ms * 1.9)
                late[size] += 1
                axes.plot(*where, marker="x", color=colour, markersize=6)
                if done:
                    ends = list(zip(done[-1], where, strict=True))
                    axes.plot(*ends, color=colour, linestyle=":", linewidth=1)
    axes.set_ylim(top=limit_ms * 4)


def _plain(value: float, _position: int) -> str:
    """Ticks as people write them."""
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def main(arguments: Sequence[str]) -> int:
    """Draw."""
    if not 1 <= len(arguments) <= 2:
        print("give the file that `python -m benchmarks.assignors --json` wrote", file=sys.stderr)
        return 2
    measured, limit_s = report.load(Path(arguments[0]))
    directory = arguments[1] if len(arguments) > 1 else "docs/pictures"
    target = Path(directory) / "assignors_time.svg"
    draw(measured, limit_s, target)
    print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
