"""A shortage of room as a picture: topics on the left, the members that may take them on the right.

The rule kept here: a picture shows what the causes say and nothing else; it is made only when
somebody asks for it, and networkx, which places the nodes, is imported then.
"""

from __future__ import annotations

from html import escape
from typing import Any

from assignors.optimized.errors import Cause, Infeasible

_WIDTH, _ROW, _BOX = 640, 44, 220


def graph(error: Infeasible) -> Any:
    """A networkx.DiGraph: topics -> the members that may take them, constraints -> "all of them".

    Nodes have `kind` ("topic", "member", "constraint" or "conflict"), `label`, and `need` or `room`
    where a cause has amounts. Raises ImportError without networkx.
    """
    import networkx

    drawn = networkx.DiGraph()
    for number, cause in enumerate(error.causes):
        if cause.need is None:
            _add_conflict(drawn, cause, number)
        else:
            _add_shortage(drawn, cause, number)
    return drawn


def _add_shortage(drawn: Any, cause: Cause, number: int) -> None:
    for topic, ids in cause.partitions.by_topic.items():
        label = f"{topic}: {ids.size} partitions"
        drawn.add_node((number, "topic", topic), kind="topic", label=label, need=int(ids.size))
    for member in cause.members:
        room = cause.rooms.get(member, 0)
        label = f"{member}: room for {room:g}"
        drawn.add_node((number, "member", member), kind="member", label=label, room=room)
        for topic in cause.partitions.by_topic:
            drawn.add_edge((number, "topic", topic), (number, "member", member))
    if not cause.members:
        drawn.add_node((number, "member", None), kind="member", label="nobody", room=0)
        for topic in cause.partitions.by_topic:
            drawn.add_edge((number, "topic", topic), (number, "member", None))


def _add_conflict(drawn: Any, cause: Cause, number: int) -> None:
    end = (number, "conflict", "")
    drawn.add_node(end, kind="conflict", label="cannot all hold")
    for name in cause.constraints:
        drawn.add_node((number, "constraint", name), kind="constraint", label=name)
        drawn.add_edge((number, "constraint", name), end)


def svg(error: Infeasible) -> str:
    """The same as an SVG image that stands alone. Raises ImportError without networkx."""
    import networkx

    drawn = graph(error)
    left = [node for node, kind in drawn.nodes(data="kind") if kind in ("topic", "constraint")]
    right = [node for node in drawn if node not in set(left)]
    height = 30 + _ROW * max(len(left), len(right), 1)
    place = networkx.bipartite_layout(drawn, left) if left and right else {}
    tops = {node: point[1] for node, point in place.items()}
    rows = {}
    for column in (left, right):
        for row, node in enumerate(sorted(column, key=lambda each: -tops.get(each, 0))):
            rows[node] = 20 + row * _ROW
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="12">'
    ]
    beside = _WIDTH - _BOX - 10
    for start, end in drawn.edges:
        parts.append(
            f'<line x1="{10 + _BOX}" y1="{rows[start] + 14}" x2="{beside}" '
            f'y2="{rows[end] + 14}" stroke="#888"/>'
        )
    for node, label in drawn.nodes(data="label"):
        at = 10 if node in set(left) else beside
        parts.append(
            f'<rect x="{at}" y="{rows[node]}" width="{_BOX}" height="28" rx="4" fill="#fff" '
            f'stroke="#333"/><text x="{at + 8}" y="{rows[node] + 18}">{escape(label)}</text>'
        )
    return "\n".join([*parts, "</svg>"])
