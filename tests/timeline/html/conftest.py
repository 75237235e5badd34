"""A real Chromium, headless, for the tests of this folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from rebalance.timeline.html import render_html
from rebalance.timeline.trace import Trace
from tests.support.requirements import require
from tests.timeline.html.pages import OpenPage

_COMMANDS = ("chromium", "chromium-browser", "google-chrome")
Opener = Callable[..., OpenPage]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The system's own browser: nothing is downloaded.

    One for the folder and not for the session: while it runs, no test may start an event loop.
    """
    require("browser", what="Tests of the HTML page")
    command = next(filter(None, map(shutil.which, _COMMANDS)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=command, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Opener]:
    """Opens timelines as a page; at the end none may have complained or asked the network."""
    opened: list[OpenPage] = []

    def open_(
        timelines: Trace | Sequence[tuple[str, Trace]],
        *,
        width: int = 1200,
        height: int = 800,
        dark: bool = False,
    ) -> OpenPage:
        named = [("a story", timelines)] if isinstance(timelines, Trace) else timelines
        file = tmp_path / f"page{len(opened)}.html"
        file.write_text(render_html(named), encoding="utf-8")
        page = browser.new_page(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
        )
        opened.append(OpenPage(page, file))
        return opened[-1]

    yield open_
    for each in opened:
        each.page.close()
        assert each.complaints == []
        assert each.requests == [each.url]
