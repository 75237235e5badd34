"""The file: self-contained, the same bytes again, and nothing in a trace can break out of it."""

import base64
import hashlib
import json
import re
from typing import Any

import pytest

import rebalance.timeline
from rebalance.timeline import Narrowing, UnknownGroupError, cut, group_model, models, read_groups
from rebalance.timeline.events import Header, MemberStarted, TopicKnown
from rebalance.timeline.html import document, render_html, render_page
from rebalance.timeline.trace import Trace
from tests.timeline import stories

NASTY = "</script><script>alert(1)</script><!--{{data}}\u2028'\"&\ud800"


def _data(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def _nasty() -> Trace:
    story = stories.Story(group_id=NASTY, topic=NASTY, partitions=2)
    story.topic_known()
    story.start(0, NASTY)
    story.begin(8, "member joined", NASTY, reason=NASTY)
    story.complete(1_008, stories.split([NASTY], 2))
    return story.trace(until=2_000)


def test_the_same_trace_is_the_same_bytes() -> None:
    first, second = (render_html([("a", stories.eager_churn())]) for _ in range(2))
    assert first == second


def test_names_out_of_a_trace_are_data_and_come_back_as_they_were() -> None:
    page = render_html([(NASTY, _nasty())])
    assert page.count("</script>") == 2
    assert "<!--" not in page
    page.encode("utf-8")
    (timeline,) = _data(page)["timelines"]
    assert timeline["title"] == NASTY
    (group,) = timeline["groups"]
    assert (group["group_id"], group["topics"][0]["name"]) == (NASTY, NASTY)
    assert group["members"][0]["name"] == NASTY
    assert ["reason", NASTY] in group["rebalances"][0]["facts"]


def test_the_policy_of_the_page_forbids_all_but_its_own_script_and_style() -> None:
    page = render_html([("a", stories.eager_churn())])
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy[1]


def test_nothing_of_the_page_points_elsewhere() -> None:
    page = render_html([("a", stories.eager_churn())])
    assert not re.search(r"\b(?:src|href)=|url\(|@import|https?:|fetch\(|XMLHttpRequest", page)


def test_no_hole_of_the_template_is_left() -> None:
    assert "{{" not in render_html([("a", stories.eager_churn())])


def test_a_page_is_made_coarser_until_it_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = stories.rolling_restart(30, 120)
    limit = len(render_html([("a", trace)]).encode()) * 3 // 4
    monkeypatch.setattr(document, "LIMIT_BYTES", limit)
    page = render_html([("a", trace)])
    assert len(page.encode()) <= limit
    (group,) = _data(page)["timelines"][0]["groups"]
    assert group["left_out"] or group["step_ms"]
    costs = {fact.words for fact in models(trace)[0].headline.costs()}
    assert set(group["costs"]) == costs


def test_a_group_that_was_cut_is_drawn_as_it_was_cut() -> None:
    (lanes,) = read_groups(stories.eager_churn())
    model = cut(group_model(lanes, Narrowing(members=("C",))), 15_000, 21_000)
    (group,) = _data(render_page([("a", [(model, lanes)])]))["timelines"][0]["groups"]
    assert (group["start"], group["end"]) == (15_000, 21_000)
    assert [m["name"] for m in group["members"] if m["shown"]] == ["C"]
    assert [r["number"] for r in group["rebalances"]] == [3]
    assert 15_000 <= sum(group["events"][::5]) <= 21_000


def test_all_that_a_page_is_made_of_can_be_imported_from_the_package() -> None:
    names = rebalance.timeline.__all__
    assert {"Narrowing", "around", "cut", "group_model", "read_groups"} <= set(names)
    assert all(getattr(rebalance.timeline, name) is not None for name in names)


def test_models_serve_where_events_are_not_at_hand() -> None:
    (model,) = models(stories.eager_churn())
    (group,) = _data(render_page([("a", [(model, None)])]))["timelines"][0]["groups"]
    assert group["texts"] == ["", "removed: member left", "removed: session expired"]
    assert len(group["rebalances"]) == 4


def test_a_trace_without_a_group_is_refused() -> None:
    trace = Trace(Header(source="test"), [TopicKnown(t=0, topic="orders", partitions=1)])
    with pytest.raises(ValueError, match="broken: a trace without any group"):
        render_html([("broken", trace)])
    with pytest.raises(ValueError, match="no timeline"):
        render_html([])


def test_a_group_that_the_trace_does_not_know_is_named() -> None:
    with pytest.raises(UnknownGroupError, match="billing"):
        render_html([("a", stories.eager_churn())], group_id="shipping")


def test_a_group_without_partitions_and_rebalances_is_a_page_too() -> None:
    trace = Trace(Header(source="test"), [MemberStarted(t=5, group_id="g", member="A")])
    (group,) = _data(render_html([("a", trace)]))["timelines"][0]["groups"]
    assert (group["start"], group["end"], group["topics"]) == (5, 5, [])
