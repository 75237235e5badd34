"""The page of `rebalance compare --html` draws what the table counts, each way from 0 s on."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from rebalance.cli.main import run
from rebalance.timeline.scale import duration
from tests.cli.test_compare import STORY


def drawn(page: Path) -> dict[str, Any]:
    """Timeline -> its only group, as the page is told."""
    found = re.search(
        r'<script[^>]*type="application/json"[^>]*>(.*?)</script>',
        page.read_text(encoding="utf-8"),
        re.DOTALL,
    )
    assert found is not None
    return {each["title"]: each["groups"][0] for each in json.loads(found[1])["timelines"]}


@pytest.fixture
def groups(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], Any]:
    """Two ways that are measured from different moments on: as drawn, and as --json tells them."""
    story, page = tmp_path / "story.txt", tmp_path / "page.html"
    story.write_text(STORY, encoding="utf-8")
    delays = "group.initial.rebalance.delay.ms=100,6000"
    arguments = ["--protocol", "eager", "--set", delays, "--workers", "1", "--json"]
    assert run(["compare", str(story), *arguments, "--html", str(page)]) == 0
    return drawn(page), json.loads(capsys.readouterr().out)["ways"]


def test_each_way_begins_where_it_is_measured_from(groups: tuple[dict[str, Any], Any]) -> None:
    pages, ways = groups
    first, second = (way["runs"][0]["measured_from_ms"] for way in ways)
    assert second > first + 5_000
    for way in ways:
        group = pages[way["way"]]
        assert group["start"] == 0
        (only,) = group["rebalances"]
        assert (only["number"], only["cause"]) == (1, "member left")
        assert 0 <= only["start_ms"] < 100


def test_its_headline_has_the_table_s_numbers(groups: tuple[dict[str, Any], Any]) -> None:
    pages, ways = groups
    for way in ways:
        told, group = way["metrics"]["g"], pages[way["way"]]
        assert told["rebalances"] == 1
        assert {"1 rebalance", duration(group["end"])} <= set(group["extent"])
        assert set(group["costs"]) >= {
            f"unavailable {told['unavailable, partition-ms']:,} partition-ms",
            f"longest without owner {duration(told['longest unavailable, ms'])}",
            f"moved {told['partitions moved']:,}",
        }
