"""Takes the picture of docs/page.md: the demo's trace in a browser, a lane under the pointer.

`python -m tests.support.page_picture` takes it anew, when the page has changed; no test compares
it, because every release of a browser draws letters a little differently.
"""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from rebalance.timeline import Trace, models, read_trace
from rebalance.timeline.html import render_html
from tests.timeline.html.pages import OpenPage

ROOT = Path(__file__).parents[2]
TRACE = ROOT / "tests" / "testdata" / "timeline" / "demo.jsonl"
PICTURE = ROOT / "docs" / "pictures" / "page.png"


def main() -> None:
    """Take it."""
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        file = Path(directory) / "page.html"
        trace = read_trace(TRACE)
        file.write_text(render_html([("rebalance demo", trace)]), encoding="utf-8")
        command = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=command, args=["--no-sandbox"])
        page = OpenPage(browser.new_page(viewport={"width": 1200, "height": 660}), file)
        page.page.get_by_role("button", name="session expired: B").click()
        page.press("0")
        page.point(_unowned(trace), "partition", "demo-1")
        page.page.screenshot(path=PICTURE)
        browser.close()


def _unowned(trace: Trace) -> int:
    """In the middle of the time in which nobody had noticed yet that B is gone."""
    (model,) = models(trace)
    expired = next(each for each in model.rebalances if each.cause == "session expired")
    assert expired.unavailable_since_ms is not None
    return (expired.unavailable_since_ms + expired.start_ms) // 2


if __name__ == "__main__":
    main()
