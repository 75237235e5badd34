"""Golden files: compared, or rewritten where REBALANCE_REWRITE=1 (then read the diff)."""

import os
from pathlib import Path

TESTDATA = Path(__file__).parent.parent / "testdata" / "timeline"


def matches(path: Path, text: str) -> bool:
    """Does the file say `text`? It does after a rewrite."""
    if os.environ.get("REBALANCE_REWRITE") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return path.read_text(encoding="utf-8") == text
