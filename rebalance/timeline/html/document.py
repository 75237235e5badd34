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

from rebalance.timeline.html.budget import Budget, short
from rebalance.timeline.html.fitting import Groups, page_data, smaller
from rebalance.timeline.lanes import Source, read_groups
from rebalance.timeline.model import group_model
from rebalance.timeline.palette import BAD, DISTINCT, Colour, letters_on, of_member

LIMIT_BYTES = 5_000_000
"""Of the whole file: what a mail takes and a browser opens at once."""
_SCRIPTS = (
    "clock.js",
    "data.js",
    "colors.js",
    "rows.js",
    "pen.js",
    "lanes.js",
    "bands.js",
    "strips.js",
    "frame.js",
    "facts.js",
    "panel.js",
    "view.js",
    "input.js",
)
"""In the order in which they stand in the page: one script, one scope."""


def render_html(
    timelines: Sequence[tuple[str, Source]], *, title: str = "", group_id: str | None = None
) -> str:
    """One page of aligned timelines on one time axis, each a title and its trace.

    Args:
        title: of the page; "": the first timeline's.
        group_id: only this group of each trace.

    Raises:
        UnknownGroupError: a trace does not speak of `group_id`.
        ValueError: there is no timeline, or one that has no group.
    """
    read = [
        (name, [(group_model(lanes), lanes) for lanes in read_groups(trace, group_id)])
        for name, trace in timelines
    ]
    return render_page(read, title=title)


def render_page(timelines: Sequence[tuple[str, Groups]], *, title: str = "") -> str:
    """The same from groups that were read, narrowed or cut before.

    Raises:
        ValueError: there is no timeline, or one that has no group, or thousands of them.
    """
    if not timelines:
        raise ValueError("no timeline: give at least one title and trace")
    for name, groups in timelines:
        if not groups:
            raise ValueError(f"{name}: a trace without any group: there is nothing to draw")
    budget = Budget()
    while True:
        data = page_data(timelines, budget)
        text = _filled(short(title or timelines[0][0]), data)
        if len(text.encode()) <= LIMIT_BYTES:
            return text
        less = smaller(budget, data)
        if less is None:
            raise ValueError(f"{len(timelines)} timelines are more than one page holds")
        budget = less


def _filled(title: str, data: object) -> str:
    page = files(__package__).joinpath("page")
    style = _colours() + page.joinpath("page.css").read_text(encoding="utf-8")
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


def _colours() -> str:
    """The members' colours of all pictures, where page.css and page/colors.js expect them."""
    members = [of_member(number) for number in range(DISTINCT)]
    named = {f"hue-{i}": colour for i, colour in enumerate(members)}
    named |= {
        f"on-{i}": Colour(letters_on(colour.light), letters_on(colour.dark))
        for i, colour in enumerate(members)
    }
    named["bad"] = BAD
    light = ";".join(f"--{name}:{colour.light}" for name, colour in named.items())
    dark = ";".join(f"--{name}:{colour.dark}" for name, colour in named.items())
    return (
        f":root{{{light}}}\n"
        f'@media (prefers-color-scheme:dark){{:root:not([data-theme="light"]){{{dark}}}}}\n'
        f':root[data-theme="dark"]{{{dark}}}\n'
    )


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
