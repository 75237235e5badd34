"""Draws docs/states.md from the transition tables, so that the picture cannot differ from them.

`python -m tests.support.diagrams` rewrites the file; a test says that it is up to date.
"""

from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from rebalance.protocol.states import GROUP_TRANSITIONS, MEMBER_TRANSITIONS

DOCUMENT = Path(__file__).parents[2] / "docs" / "states.md"

_TEXT = """# States

Drawn from the tables in `rebalance/protocol/states.py` by `python -m tests.support.diagrams`.
The machines refuse every transition that is not here; nothing but their one door sets a state.

## A classic group, as its coordinator keeps it (G01)

{group}

## A classic member, as the client keeps it (M01, M02, M07, M08)

{member}
"""


def diagram(transitions: Mapping[Enum, frozenset[Enum]]) -> str:
    """A Mermaid state diagram, in the order in which the states are declared."""
    lines = ["```mermaid", "stateDiagram-v2"]
    for state in type(next(iter(transitions))):
        for target in type(state):
            if target in transitions[state]:
                lines.append(f"    {state.value} --> {target.value}")
    return "\n".join([*lines, "```"])


def document() -> str:
    """The whole of docs/states.md."""
    return _TEXT.format(group=diagram(GROUP_TRANSITIONS), member=diagram(MEMBER_TRANSITIONS))


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
