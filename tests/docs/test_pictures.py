"""The pictures of docs/timeline.md are what the code draws today, and the page shows them all."""

import pytest

from tests.support.pictures import DRAWN, PICTURES, ROOT, picture


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_is_current(name: str) -> None:
    drawn = (PICTURES / f"{name}.svg").read_text(encoding="utf-8")
    assert drawn == picture(name), "run python -m tests.support.pictures, and look at it"


def test_the_page_shows_every_picture() -> None:
    page = (ROOT / "docs" / "timeline.md").read_text(encoding="utf-8")
    for name in DRAWN:
        assert f"](pictures/{name}.svg)" in page
