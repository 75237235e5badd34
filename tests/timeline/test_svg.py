"""The SVG: golden files for the eye, and what holds for every picture."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebalance.timeline.cutting import cut
from rebalance.timeline.events import Assigned, Header, MemberStarted, MemberStopped, Step
from rebalance.timeline.model import models
from rebalance.timeline.palette import BAD, MEMBERS
from rebalance.timeline.stages import WaitedFor
from rebalance.timeline.svg import SvgOptions, render_svg
from rebalance.timeline.svg.drawing import GLYPH_PX
from rebalance.timeline.trace import Trace, read_trace
from tests.timeline.rewriting import TESTDATA, matches
from tests.timeline.stories import eager_churn, outage, rolling_restart
from tests.timeline.test_metrics import _COORDINATOR, _JOINED, _MEMBER, _WORLD, _traces

SVG = "{http://www.w3.org/2000/svg}"


def elements(picture: str, tag: str, style: str = "") -> list[ElementTree.Element]:
    found = ElementTree.fromstring(picture).iter(SVG + tag)
    return [each for each in found if not style or style in each.get("class", "").split()]


def words(picture: str) -> list[str]:
    return [each.text or "" for each in elements(picture, "text")]


@pytest.mark.parametrize("story", ["eager", "cooperative", "zombie", "listeners"])
def test_golden_pictures(story: str) -> None:
    picture = render_svg(models(read_trace(TESTDATA / f"{story}.jsonl")))
    assert matches(TESTDATA / f"{story}.svg", picture), "REBALANCE_REWRITE=1 rewrites it"


@settings(max_examples=80, deadline=None)
@given(
    _traces(st.one_of(_MEMBER, _COORDINATOR, _WORLD, _JOINED)),
    st.integers(600, 2_000),
    st.integers(1, 6),
)
def test_any_trace_is_drawn_within_its_frame(trace: Trace, width: int, rows: int) -> None:
    options = SvgOptions(width=width, max_partition_rows=rows)
    found = models(trace)
    picture = render_svg(found, options=options)
    assert picture == render_svg(found, options=options)
    for each in elements(picture, "rect"):
        assert float(each.get("width", "")) >= 0
        assert float(each.get("height", "")) >= 0
        assert -0.1 <= float(each.get("x", "0")) <= width


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1, max_size=30))
def test_names_are_text_and_never_markup(name: str) -> None:
    trace = Trace(Header(source=name))
    trace.add(MemberStarted(t=0, group_id=name, member=name, topics=(name,)))
    trace.add(Step(t=10, text=name, member=name))
    picture = render_svg(models(trace))
    ElementTree.fromstring(picture)
    picture.encode("utf-8")


def test_a_script_in_a_name_stays_a_name() -> None:
    evil = '</text><script>alert(1)</script><text onload="x">'
    picture = render_svg(models(eager_churn(group=evil)))
    assert "<script" not in picture
    assert evil[:20] in " ".join(words(picture))


def test_two_owners_are_red_and_said_in_the_head() -> None:
    trace = Trace(Header(source="test"))
    trace.add(Assigned(t=0, group_id="g", member="A", partitions={"t": (0,)}))
    trace.add(Assigned(t=50_000, group_id="g", member="B", partitions={"t": (0,)}))
    trace.add(Step(t=100_000, text="end"))
    picture = render_svg(models(trace))
    assert elements(picture, "rect", "bad")
    assert any(text.startswith("double-owned 50,000") for text in words(picture))


def test_while_no_member_lives_rows_and_load_are_hatched() -> None:
    picture = render_svg(models(outage()))
    gone = [r for r in elements(picture, "rect", "nobody") if "no member lives" in _hint(r)]
    assert len(gone) == 2, "one for each history"
    assert all(float(each.get("width", "")) > 400 for each in gone)
    tall = [r for r in elements(picture, "rect", "nobody") if r.get("height") == "56"]
    assert max(float(each.get("width", "")) for each in tall) > 400, "nobody has any load"


def _hint(element: ElementTree.Element) -> str:
    return "".join(title.text or "" for title in element)


def test_a_gap_of_milliseconds_is_seen_in_three_hours() -> None:
    trace = eager_churn()
    trace.add(Step(t=3 * 3_600_000, text="end"))
    gaps = elements(render_svg(models(trace)), "rect", "nobody")
    assert gaps
    assert all(float(gap.get("width", "")) >= 1.4 for gap in gaps if gap.get("height") == "15")


def test_two_thousand_partitions_share_rows_in_a_file_of_bounded_size() -> None:
    trace = rolling_restart(15, 2_000)
    picture = render_svg(models(trace), options=SvgOptions(max_partition_rows=20))
    listed = [text for text in words(picture) if re.fullmatch(r"\d+-\d+", text)]
    assert 10 <= len(listed) <= 20
    assert len(picture) < 1_000_000
    assert "Partitions (2,000)" in words(picture)
    assert "and 11 that cost less" in words(picture)


def test_one_of_many_rebalances_that_are_drawn_as_a_crowd_is_one() -> None:
    trace = rolling_restart(80, 80)
    crowd = [_hint(r) for r in elements(render_svg(models(trace)), "rect", "s-whole")]
    assert any(hint.startswith("1 rebalance, ") for hint in crowd)
    assert not any(hint.startswith("1 rebalances") for hint in crowd)


def test_it_is_for_light_and_dark_and_for_those_who_do_not_see_it() -> None:
    picture = render_svg(models(eager_churn()))
    root = ElementTree.fromstring(picture)
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "title about"
    told = {each.get("id"): each.text for each in root if each.get("id")}
    assert told["title"] == "Rebalances of billing"
    assert "4 at 26000 ms: session expired C" in (told["about"] or "")
    assert "prefers-color-scheme:dark" in picture


def test_its_list_has_the_steps_and_what_no_rebalance_explains_as_text_has() -> None:
    group = models(read_trace(TESTDATA / "zombie.jsonl"))[0]
    assert group.asides
    outside = replace(group.headline, moved_outside=7)
    told = words(render_svg([replace(group, headline=outside)]))
    for _, step in group.asides:
        assert step in told
    assert any(each.startswith("outside of rebalances: moved 7") for each in told)
    in_part = words(render_svg([cut(replace(group, headline=outside), group.end_ms // 2, None)]))
    assert not any(each.startswith("outside") for each in in_part)
    few = words(render_svg([group], options=SvgOptions(max_rebalances=1)))
    assert few.count(group.asides[0][1]) == 1
    assert f"and {len(group.asides) - 1} later step" in " ".join(few)


def test_only_a_window_is_drawn() -> None:
    (model,) = models(eager_churn())
    picture = render_svg([cut(model, 14_000, 17_000)])
    assert "#3" in words(picture)
    assert "#4" not in words(picture)


@pytest.mark.parametrize("width", [599, 4_001])
def test_a_width_out_of_bounds_is_said(width: int) -> None:
    with pytest.raises(ValueError, match="expected 600 to 4000 pixels"):
        render_svg((), options=SvgOptions(width=width))


def _seen_without_red(colour: str) -> tuple[float, ...]:
    """A colour as a protanope sees it, by Viénot, Brettel and Mollon's matrix of 1999, in the
    two numbers that are left: lightness and blue against yellow."""
    r, g, b = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.11238 * r + 0.88762 * g, 0.00401 * r - 0.00401 * g + b


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


@pytest.mark.parametrize("side", [0, 1])
def test_neighbours_differ_for_who_does_not_see_red(side: int) -> None:
    seen = [_seen_without_red(colour[side]) for colour in MEMBERS]
    for here, there in zip(seen, [*seen[1:], seen[0]], strict=True):
        assert max(abs(a - b) for a, b in zip(here, there, strict=True)) > 0.05
    assert BAD not in MEMBERS


def test_thirty_members_have_different_colours_and_the_next_begins_again() -> None:
    trace = Trace(Header(source="test"))
    for number in range(31):
        trace.add(Assigned(t=0, group_id="g", member=f"m{number}", partitions={"t": (number,)}))
    trace.add(Step(t=1_000, text="end"))
    picture = render_svg(models(trace))
    squares = [each.get("class", "") for each in elements(picture, "rect") if each.get("x") == "0"]
    members = [style for style in squares if re.fullmatch(r"m\d+", style)]
    assert members[:31] == [*(f"m{number}" for number in range(30)), "m0"]
    fills = re.findall(r"\.m\d+\{fill:(#\w+)\}", picture)
    assert len(fills) == len(set(fills)) == 60, "in light and in dark"


def test_of_too_many_members_those_that_went_wrong_are_drawn() -> None:
    trace = Trace(Header(source="test"))
    for number in range(50):
        trace.add(MemberStarted(t=0, group_id="g", member=f"pod-{number}"))
    trace.add(MemberStopped(t=5, group_id="g", member="pod-47", how="crashed"))
    drawn = words(render_svg(models(trace), options=SvgOptions(max_member_rows=10)))
    assert [word for word in drawn if word.startswith("pod-")] == [
        *(f"pod-{number}" for number in range(9)),
        "pod-47",
        "pod-47 crashed",  # in the list below
    ]
    assert "and 40 more" in drawn


def test_a_long_wait_for_many_is_told_without_running_into_its_neighbours() -> None:
    (model,) = models(eager_churn())
    entry = model.rebalances[0]
    came = entry.start_ms + 840_000
    waits = tuple(
        WaitedFor(stage="join", member=f"pod-{number}", until_ms=came - number, came=number > 1)
        for number in range(3)
    )
    late = replace(entry, end_ms=came, waited_for=waits, unavailable_partition_ms=209_086_807)
    picture = render_svg([replace(model, rebalances=(late,))])
    cause, took, cost = (
        next(each for each in elements(picture, "text") if (each.text or "").startswith(start))
        for start in ("member joined", "+14 min 00 s", "waited ")
    )
    assert float(cause.get("x", "")) >= float(took.get("x", "")) + 12 * GLYPH_PX
    assert cost.text is not None
    assert cost.text.startswith("waited 14 min 00 s for pod-0 and 2 more, in vain")
    assert cost.text.endswith("unavailable 209,086,807 partition-ms")
