"""The file itself: template, style, script and data put together so that nothing can break out.

Rules kept: one file and no request (the page's own content security policy forbids any, and runs
no script but this one, by its hash); names out of a trace stand inside JSON without a `<`; the same
traces give the same bytes. A page beyond `LIMIT_BYTES` is made again from less, and says so.
"""

import base64
import hashlib
import html
import json
import re
from collections.abc import Sequence
from importlib.resources import files

from rebalance.timeline.html.budget import Budget
from rebalance.timeline.html.data import page_data
from rebalance.timeline.trace import Trace

LIMIT_BYTES = 5_000_000
"""Of the whole file: what a mail takes and a browser opens at once."""
_SCRIPTS = (
    "clock.js",
    "data.js",
    "colors.js",
    "rows.js",
    "lanes.js",
    "strips.js",
    "draw.js",
    "facts.js",
    "panel.js",
    "page.js",
)
"""In the order in which they stand in the page: one script, one scope."""


def render_html(
    timelines: Sequence[tuple[str, Trace]], *, title: str = "", group_id: str | None = None
) -> str:
    """One page of aligned timelines on one time axis, each a title and its trace.

    Args:
        title: of the page; "": the first timeline's.
        group_id: only this group of each trace.

    Raises:
        UnknownGroupError: a trace does not speak of `group_id`.
        ValueError: there is no timeline, or none of them has a group.
    """
    if not timelines:
        raise ValueError("no timeline: give at least one title and trace")
    title = title or timelines[0][0]
    budget = Budget()
    while True:
        data = [page_data(trace, name, budget=budget, group_id=group_id) for name, trace in timelines]
        if not any(timeline["groups"] for timeline in data):
            raise ValueError("a trace without any group: there is nothing to draw")
        text = _filled(title, {"title": title, "timelines": data})
        if len(text.encode()) <= LIMIT_BYTES or budget.spent:
            return text
        budget = budget.halved()


def _filled(title: str, data: object) -> str:
    page = files(__package__).joinpath("page")
    style = page.joinpath("page.css").read_text(encoding="utf-8")
    parts = [page.joinpath(name).read_text(encoding="utf-8") for name in _SCRIPTS]
    script = '"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n"
    holes = {
        "{{policy}}": f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}",
        "{{title}}": html.escape(title.encode("utf-8", "replace").decode()),
        "{{style}}": style,
        "{{script}}": script,
        "{{data}}": as_script_data(data),
    }
    template = page.joinpath("page.html").read_text(encoding="utf-8")
    return re.sub("|".join(map(re.escape, holes)), lambda hole: holes[hole[0]], template)


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def as_script_data(data: object) -> str:
    """JSON that can stand inside a `<script>`: no tag or comment can begin or end in it."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    # Half a character (a lone surrogate in a name) is no UTF-8: it stays the escape it was.
    return text.encode("utf-8", "backslashreplace").decode()
