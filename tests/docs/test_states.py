"""docs/states.md is drawn from the transition tables."""

from tests.support import diagrams


def test_g01_the_diagram_is_drawn_from_the_table() -> None:
    assert diagrams.DOCUMENT.read_text(encoding="utf-8") == diagrams.document()
