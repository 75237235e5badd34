"""The style sheet of the SVG: one look for light and dark grounds.

Why: a picture in a README is seen on both. Colours are classes; a media query exchanges them, so
that the file needs no script and renders the same from an <img>.
"""

from collections.abc import Iterator

from rebalance.timeline.palette import (
    BAD,
    BUSY,
    DISTINCT,
    MEMBERS,
    MIXED,
    NOBODY,
    Colour,
    letters_on,
    of_member,
)

_INK, _SOFT = Colour("#1c2530", "#e8edf2"), Colour("#5d6b79", "#9aa7b4")
_GROUND, _RULE = Colour("#ffffff", "#12171d"), Colour("#dfe4ea", "#2c353f")
_TINT = Colour("#f7efd2", "#2b2716")

_FILLS = {
    "ground": _GROUND,
    "tint": _TINT,
    "bad": BAD,
    "busy": BUSY,
    "idle": _RULE,
    "mixed": MIXED,
}
_STAGES = {
    "revoke": Colour("#a86a00", "#f0b45a"),
    "join": Colour("#c9a227", "#d9c25e"),
    "sync": Colour("#6f8f3a", "#a3c46a"),
    "settle": Colour("#9aa7b4", "#6b7885"),
    "whole": Colour("#c9a227", "#d9c25e"),
}

_FONT = "ui-sans-serif,system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif"


def style_sheet(members: int) -> str:
    """The `<style>` element, with the colours of so many members."""
    dark = "".join(_colours(members, dark=True))
    return (
        "<style>"
        f"text{{font:11px {_FONT};font-variant-numeric:tabular-nums}}"
        ".title{font-size:17px;font-weight:650}.head{font-weight:650}.end{text-anchor:end}"
        ".mid{text-anchor:middle}.in{font-size:9px;font-weight:650;text-anchor:middle}"
        ".dashed{stroke-dasharray:3 3}.thick{stroke-width:2}.again{fill-opacity:.5}"
        + "".join(_colours(members, dark=False))
        + f"@media(prefers-color-scheme:dark){{{dark}}}</style>"
    )


def _colours(members: int, *, dark: bool) -> Iterator[str]:
    side = 1 if dark else 0
    yield f"text{{fill:{_INK[side]}}}.soft{{fill:{_SOFT[side]}}}.wrong{{fill:{BAD[side]}}}"
    for name, colour in _FILLS.items():
        yield f".{name}{{fill:{colour[side]}}}"
    for name, colour in _STAGES.items():
        yield f".s-{name}{{fill:{colour[side]}}}"
    for number in range(min(max(members, len(MEMBERS)), DISTINCT)):
        ground = of_member(number)[side]
        yield f".m{number}{{fill:{ground}}}.i{number}{{fill:{letters_on(ground)}}}"
    yield f".grid{{stroke:{_RULE[side]}}}.cross{{stroke:{BAD[side]};stroke-width:2}}"
    yield f".busyline{{stroke:{BUSY[side]};stroke-width:2}}.stop{{stroke:{_INK[side]};"
    yield f"stroke-width:2}}.h{{stroke:{NOBODY[side]};stroke-width:1.4}}"
    yield f".hb{{fill:{NOBODY[side]};fill-opacity:.12}}.p{{stroke:{_SOFT[side]};stroke-width:1.4}}"


def patterns() -> str:
    """Hatching: `nobody` where none owns, `paused` where a process stands still."""
    return (
        '<defs><pattern id="nobody" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect class="hb" width="6" height="6"/>'
        '<line class="h" x1="0" y1="0" x2="0" y2="6"/></pattern>'
        '<pattern id="paused" width="4" height="4" patternUnits="userSpaceOnUse">'
        '<line class="p" x1="0" y1="0" x2="0" y2="4"/></pattern></defs>'
        "<style>.nobody,.gone{fill:url(#nobody)}.paused{fill:url(#paused)}</style>"
    )
