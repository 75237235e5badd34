"""A page in a browser, in the words of the tests: where a lane is, what stands in the tooltip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

Pixel = tuple[int, int, int]

_PIXELS = """([x, y, width, height]) => {
    const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(document.querySelector("canvas"), -x, -y);
    const data = copy.getImageData(0, 0, width, height).data;
    return Array.from({ length: width * height }, (_, i) => [...data.slice(4 * i, 4 * i + 3)]);
}"""
_NEXT_FRAME = (
    "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
)


class OpenPage:
    """One page, loaded and drawn."""

    def __init__(self, page: Page, file: Path) -> None:
        self.page, self.url = page, file.as_uri()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(self.url)
        page.wait_for_selector("html[data-ready='1']")

    def ask(self, expression: str, argument: Any = None) -> Any:
        """What the page says."""
        return self.page.evaluate(expression, argument)

    def drawn(self) -> None:
        """Wait until what was asked for is on the screen."""
        self.ask(_NEXT_FRAME)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
        self.drawn()

    @property
    def window(self) -> tuple[float, float]:
        """The time that is seen, in milliseconds."""
        start, end = self.ask("() => [rebalanceTimeline.page.from, rebalanceTimeline.page.to]")
        return start, end

    def see(self, start: float, end: float) -> None:
        """Look at this time."""
        self.ask("([start, end]) => rebalanceTimeline.see(start, end)", [start, end])
        self.drawn()

    @property
    def span(self) -> float:
        return self.window[1] - self.window[0]

    def rows(self, kind: str) -> list[str]:
        """The rows of a kind, by the name of their member, partition or topic."""
        names: list[str] = self.ask(
            """(kind) => rebalanceTimeline.page.rows.filter((row) => row.kind === kind).map(
                (row) => row.member?.name ?? (row.id === undefined ? row.topic?.name ?? ""
                    : `${row.topic.name}-${row.id}`))""",
            kind,
        )
        return names

    def at(self, t: float, kind: str, name: str = "") -> tuple[float, float]:
        """Where in the window an instant of a row is."""
        x: float = self.ask("(t) => rebalanceTimeline.xOf(t)", t)
        y: float = self.ask("([kind, name]) => rebalanceTimeline.yOf(kind, name)", [kind, name])
        box = self.page.locator("canvas").bounding_box()
        assert box is not None
        return box["x"] + x, box["y"] + y

    def point(self, t: float, kind: str, name: str = "", *, below: float = 0) -> None:
        """Put the pointer there, or so many pixels below the middle of the row."""
        x, y = self.at(t, kind, name)
        self.page.mouse.move(x, y + below)
        self.drawn()

    @property
    def tip(self) -> str:
        """What stands in the tooltip; "": there is none."""
        tip = self.page.locator("#tip")
        return tip.inner_text() if tip.is_visible() else ""

    def colours(self, t: float, kind: str, name: str = "", *, around: int = 4) -> set[Pixel]:
        """The colours of the pixels around an instant of a row."""
        x: float = self.ask("(t) => rebalanceTimeline.xOf(t)", t)
        y: float = self.ask("([kind, name]) => rebalanceTimeline.yOf(kind, name)", [kind, name])
        square = [round(x) - around, round(y) - around, 2 * around, 2 * around]
        return {(r, g, b) for r, g, b in self.ask(_PIXELS, square)}
