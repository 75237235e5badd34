"""Elements of an SVG as text: the same picture is the same bytes.

Why: no library, no float that prints otherwise elsewhere, no name that becomes markup. Numbers have
one digit behind the point at most; what stands in a trace is escaped.
"""

from rebalance.timeline.scale import Scale

GLYPH_PX = 6.2
"""Width of a character of the 11px text, on average and a little above."""


def escaped(text: str) -> str:
    """Text or attribute value; control characters, which XML has no way to write, become `?`."""
    plain = text.isascii() and text.isprintable()
    clean = text if plain else "".join(char if _allowed(char) else "?" for char in text)
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        clean = clean.replace(char, entity)
    return clean


def _allowed(char: str) -> bool:
    code = ord(char)
    if code in (0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069):
        return False  # would reorder what stands beside it
    return 0x20 <= code < 0x7F or 0xA0 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or code > 0xFFFF


def px(value: float) -> str:
    """A length: `12`, `12.5`."""
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def rect(x: float, y: float, width: float, height: float, style: str, hint: str = "") -> str:
    """A rectangle of a class; `hint` is shown where the pointer rests on it."""
    size = f'width="{px(width)}" height="{px(height)}"'
    body = f'<rect class="{style}" x="{px(x)}" y="{px(y)}" {size}'
    return f"{body}><title>{escaped(hint)}</title></rect>" if hint else f"{body}/>"


def line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    """A straight line."""
    return f'<line class="{style}" x1="{px(x1)}" y1="{px(y1)}" x2="{px(x2)}" y2="{px(y2)}"/>'


def text(x: float, y: float, words: str, style: str = "") -> str:
    """One line of text; `y` is its base line."""
    of = f' class="{style}"' if style else ""
    return f'<text{of} x="{px(x)}" y="{px(y)}">{escaped(words)}</text>'


def fitted(words: str, width: float) -> str:
    """As much as fits into so many pixels, both ends kept: pods differ in their last letters."""
    room = int(width / GLYPH_PX)
    if len(words) <= room:
        return words
    if room < 4:
        return words[: max(room, 0)]
    tail = (room - 1) // 2
    return f"{words[: room - 1 - tail]}…{words[-tail:]}"


class Plot:
    """Where time is drawn: `left` to `left + width` pixels for `scale`."""

    __slots__ = ("left", "scale", "width")

    def __init__(self, start_ms: int, end_ms: int, left: float, width: int) -> None:
        self.scale = Scale(start_ms, end_ms, width)
        self.left = left
        self.width = width

    @property
    def right(self) -> float:
        """The end of time."""
        return self.left + self.width

    def x(self, t: int) -> float:
        """The place of an instant, cut to the picture."""
        part = (t - self.scale.start) / self.scale.span
        return self.left + self.width * min(max(part, 0.0), 1.0)

    def bar(self, start: int, end: int, least: float = 0.0) -> tuple[float, float] | None:
        """Place and width of a stretch of time, `least` pixels wide; None: outside."""
        if end < self.scale.start or start > self.scale.end:
            return None
        x, until = self.x(start), self.x(end)
        if until - x < least:
            x = min(x, self.right - least)
            until = x + least
        return x, until - x
