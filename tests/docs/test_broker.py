"""docs/broker.md: its tables are the code's."""

from tests.support import broker_page


def test_the_tables_are_the_codes() -> None:
    text = broker_page.DOCUMENT.read_text(encoding="utf-8")
    assert broker_page.document(text) == text
