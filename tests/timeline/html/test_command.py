"""`rebalance timeline --format html` and `rebalance demo --html`: a page where it was asked for."""

import json
import re
from pathlib import Path
from typing import Any

from tests.cli.commands import rebalance
from tests.timeline.rewriting import TESTDATA

EAGER = str(TESTDATA / "eager.jsonl")


def _data(page: str) -> Any:
    found = re.search(r'id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_a_trace_as_a_page_narrowed_to_what_was_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "eager.html"
    narrow = ("--member", "C", "--from", "15", "--to", "21")
    outcome = rebalance("timeline", EAGER, "--format", "html", *narrow, "--out", str(file))
    assert (outcome.code, outcome.out) == (0, ""), outcome.err
    data = _data(file.read_text(encoding="utf-8"))
    assert data["timelines"][0]["title"] == "eager.jsonl"
    (group,) = data["timelines"][0]["groups"]
    assert (group["start"], group["end"]) == (15_000, 21_000)
    assert [member["name"] for member in group["members"] if member["shown"]] == ["C"]


def test_a_demo_as_a_page(tmp_path: Path) -> None:
    file = tmp_path / "demo.html"
    outcome = rebalance("demo", "--html", str(file))
    assert outcome.code == 0, outcome.err
    assert str(file) in outcome.err
    (timeline,) = _data(file.read_text(encoding="utf-8"))["timelines"]
    assert timeline["title"] == "rebalance demo, assignor range"
    causes = [each["cause"] for each in timeline["groups"][0]["rebalances"]]
    assert {"member joined", "member left", "session expired"} <= set(causes)


def test_a_place_that_cannot_be_written_is_refused_before_the_demo_runs(tmp_path: Path) -> None:
    outcome = rebalance("demo", "--html", str(tmp_path / "none" / "demo.html"))
    assert outcome.code == 2
    assert "--html" in outcome.err
    assert "not a file in an existing directory" in outcome.err
    assert "consumers" not in outcome.err
