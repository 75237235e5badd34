"""The timeline as one HTML file: nothing is fetched, whatever a trace holds is data, never markup.

Why: a picture that one zooms into is attached to an incident and opened by people who have nothing
installed. The page's own JavaScript and CSS stand in `page/` as the files they are.
"""

from rebalance.timeline.html.document import render_html, render_page

__all__ = ["render_html", "render_page"]
