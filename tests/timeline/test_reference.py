"""docs/trace.md says what the code says, and names every cause there is."""

from pathlib import Path

from rebalance.protocol.causes import Cause
from rebalance.timeline.metrics import Metrics, OwnershipMetrics, RebalanceMetrics
from rebalance.timeline.reference import CAUSES, field_docs, reference
from tests.timeline.rewriting import matches

DOCS = Path(__file__).parent.parent.parent / "docs" / "trace.md"
MARK = "<!-- From here on"


def test_the_reference_in_the_docs_is_the_code_s() -> None:
    prose, mark, rest = DOCS.read_text(encoding="utf-8").partition(MARK)
    assert mark, f"{DOCS} lacks the line that begins with {MARK!r}"
    notice = rest.partition("\n")[0]
    text = f"{prose}{mark}{notice}\n\n{reference()}\n"
    assert matches(DOCS, text), "run REBALANCE_REWRITE=1 pytest, and read the diff"


def test_every_cause_is_documented() -> None:
    assert set(CAUSES) == {cause.value for cause in Cause}


def test_every_number_is_documented() -> None:
    for kind in (Metrics, OwnershipMetrics, RebalanceMetrics):
        assert [name for name, text in field_docs(kind).items() if not text] == []
