"""The HTML timeline of a large group in a headless Chromium: how large, how soon there, how fluent.

Loading is from the navigation's start until all is drawn. Panning moves the time a little in each
frame, as a hand does; frames are counted as the browser shows them, and what one costs is the CPU
time of the page's own thread, which a busy machine makes little longer. Every view is measured:
folded, with all lanes, with all lanes from close by.

Run: python -m benchmarks.html_page [--members 200] [--partitions 2000] [--rebalances 30]
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path

from playwright.sync_api import CDPSession, Page, sync_playwright

from benchmarks.load.rolling import RollingDeploy
from benchmarks.measure import Figure, show
from rebalance.timeline.html import render_html

LOADS, PANS, FRAMES = 5, 5, 60
VIEWS = {
    "folded": "0",
    "all lanes": "u0",
    "all lanes, close by": "u0+++++++",
}
"""The keys that lead to each."""

_PAN = """(frames) => new Promise((done) => {
    const { page, see } = rebalanceTimeline, times = [], length = page.to - page.from;
    const middle = (page.start + page.end) / 2;
    let moved = 0;
    const step = (now) => {
        times.push(now);
        if (times.length > frames) {
            done(times.at(-1) - times[0]);
            return;
        }
        const by = Math.sin(moved++ / 20) * length / 10;
        see(middle - length / 2 + by, middle + length / 2 + by);
        requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
})"""
_LOADED = "() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("members", 200), ("partitions", 2_000), ("rebalances", 30)):
        parser.add_argument(f"--{name}", type=int, default=default)
    trace = RollingDeploy(**vars(parser.parse_args()))
    began = time.perf_counter()
    text = render_html([("a rolling deploy", trace)])
    took = time.perf_counter() - began
    events = sum(1 for _ in trace.events)
    figures = [
        Figure(name="events of the trace", unit="", runs=(events,)),
        Figure(name="making the page", unit="s", runs=(took,)),
        Figure(name="size of the page", unit="MB", runs=(len(text.encode()) / 1e6,)),
        *measure(text),
    ]
    sizes = f"{trace.members:,} members x {trace.partitions:,} partitions x {trace.rebalances:,}"
    show(f"The page of {sizes} rebalances", figures)


def measure(
    text: str, *, loads: int = LOADS, pans: int = PANS, frames: int = FRAMES
) -> list[Figure]:
    """The page in a browser."""
    command = shutil.which("chromium") or shutil.which("google-chrome")
    if command is None:
        raise SystemExit("no chromium on PATH; install it")
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        file = Path(directory) / "page.html"
        file.write_text(text, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=command, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        loaded = tuple(_load(page, file) for _ in range(loads))
        figures = [Figure(name="loading it", unit="ms", runs=loaded)]
        for view, keys in VIEWS.items():
            _load(page, file)
            for key in keys:
                page.keyboard.press(key)
            shown, cost = zip(*(_pan(page, frames) for _ in range(pans)), strict=True)
            figures.append(Figure(name=f"panning, {view}", unit="frames/s", runs=shown))
            figures.append(Figure(name=f"a frame, {view}", unit="ms of CPU", runs=cost))
        browser.close()
    return figures


def _load(page: Page, file: Path) -> float:
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-ready='1']")
    return float(page.evaluate(_LOADED))


def _pan(page: Page, frames: int) -> tuple[float, float]:
    """Frames a second, and milliseconds of the page's thread for each."""
    browser = page.context.new_cdp_session(page)
    browser.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = _busy(browser)
    took = page.evaluate(_PAN, frames)
    return 1_000 * frames / took, 1_000 * (_busy(browser) - before) / frames


def _busy(browser: CDPSession) -> float:
    """Seconds that the page's thread has worked."""
    metrics = browser.send("Performance.getMetrics")["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))


if __name__ == "__main__":
    main()
