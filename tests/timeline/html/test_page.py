"""The page in a real browser: what one does with it, and what it then shows.

Opening a page here also says that it complained of nothing and asked the network for nothing.
"""

import pytest

from rebalance.timeline.events import (
    Assigned,
    Header,
    MemberStarted,
    MemberStopped,
    RequestAnswered,
    RequestSent,
    TopicKnown,
)
from rebalance.timeline.html import document
from rebalance.timeline.html.budget import Budget
from rebalance.timeline.trace import Trace
from tests.timeline import stories
from tests.timeline.html.conftest import Opener

NASTY = '</script><img src="x" onerror="alert(1)">'
RED = {(211, 32, 42)}
GREEN = {(0, 158, 115)}
IDLE, RAISED = (201, 208, 216), (246, 247, 249)
"""What stands below a hatching: of shares, of lanes."""
WHITE, INK = (255, 255, 255), (28, 33, 39)


def _owned_twice() -> Trace:
    """Two members own one partition from 4 s on."""
    events = [TopicKnown(t=0, topic="orders", partitions=1)]
    for t, name in ((1_000, "A"), (4_000, "B")):
        owned = {"orders": (0,)}
        events += [
            MemberStarted(t=t, group_id="g", member=name, topics=("orders",)),
            Assigned(t=t, group_id="g", member=name, partitions=owned),
        ]
    return Trace(Header(source="test"), [*events, TopicKnown(t=9_000, topic="x", partitions=1)])


# --- time ----------------------------------------------------------------------------------------


def test_all_of_the_time_is_seen_at_first(open_page: Opener) -> None:
    page = open_page(stories.eager_churn())
    start, end = page.window
    assert start <= 0
    assert end >= 32_000
    assert page.page.title() == "a story"


def test_the_wheel_zooms_around_the_pointer_and_fit_shows_all_again(open_page: Opener) -> None:
    page = open_page(stories.eager_churn())
    before, (_, end) = page.span, page.window
    page.point(20_000, "partition", "orders-7")
    x, _ = page.at(20_000, "partition", "orders-7")
    page.page.mouse.wheel(0, -300)
    page.page.wait_for_function("before => rebalanceTimeline.page.to < before", arg=end)
    assert page.span < before * 0.7
    assert page.at(20_000, "partition", "orders-7")[0] == pytest.approx(x, abs=1.5)
    page.page.get_by_role("button", name="fit").click()
    assert page.span == pytest.approx(before)


def test_the_wheel_over_the_names_scrolls(open_page: Opener) -> None:
    page = open_page(stories.eager_churn(), height=330)
    before = page.window
    _, y = page.at(0, "rebalances")
    page.page.mouse.move(20, y)
    page.page.mouse.wheel(0, 120)
    page.page.wait_for_function("() => rebalanceTimeline.page.scroll > 0")
    assert page.window == before


def test_keys_and_buttons_zoom(open_page: Opener) -> None:
    page = open_page(stories.eager_churn())
    whole = page.span
    page.press("+", "+")
    assert page.span == pytest.approx(whole / 2.25)
    page.page.get_by_role("button", name="Zoom out").click()
    assert page.span == pytest.approx(whole / 1.5)
    page.press("0")
    assert page.span == pytest.approx(whole)
    page.press(*["+"] * 40)
    assert page.span >= 4
    page.press(*["-"] * 60)
    assert page.span <= whole * 1.1


def test_dragging_moves_what_is_under_the_hand(open_page: Opener) -> None:
    page = open_page(stories.eager_churn())
    page.press("+", "+")
    x, y = page.at(16_000, "member", "A")
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    page.page.mouse.move(x - 200, y, steps=4)
    page.page.mouse.up()
    page.drawn()
    assert page.at(16_000, "member", "A")[0] == pytest.approx(x - 200, abs=1.5)


def test_arrows_move_in_time_and_never_out_of_it(open_page: Opener) -> None:
    page = open_page(stories.eager_churn())
    page.press("+", "+", "+")
    start, end = page.window
    page.press("ArrowRight")
    assert page.window[0] == pytest.approx(start + 0.15 * (end - start))
    page.press(*["ArrowLeft"] * 30)
    assert -2_000 < page.window[0] <= 0
    page.press(*["ArrowRight"] * 60)
    assert 32_000 <= page.window[1] < 34_000


# --- what lies under the pointer -----------------------------------------------------------------


def test_a_partition_says_who_owned_it_and_for_how_long(open_page: Opener) -> None:
    page = open_page(stories.eager_churn())
    page.point(5_000, "partition", "orders-7")
    assert "orders-7" in page.tip
    assert "owner\nB" in page.tip
    page.point(22_000, "partition", "orders-7")
    assert "owner\nnobody" in page.tip
    assert "20.000 s to 26.3" in page.tip
    assert "before\nC" in page.tip


def test_an_edge_says_which_events_made_it(open_page: Opener) -> None:
    page = open_page(stories.eager_churn())
    page.point(3_023, "partition", "orders-0")
    assert "A assigned, generation 1" in page.tip
    assert "A in the generation, generation 1" in page.tip
    page.point(20_000, "member", "C")
    assert "C stopped" in page.tip


def test_a_member_says_its_state_and_ids(open_page: Opener) -> None:
    page = open_page(stories.zombie())
    page.point(2_000, "member", "B")
    assert "owns 3 partitions" in page.tip
    assert "B-1" in page.tip
    page.point(5_000, "member", "B")
    assert "stands still" in page.tip
    page.point(11_000, "member", "B")
    assert "believes that it owns what it lost" in page.tip


def test_a_member_says_its_timeouts_and_which_requests_were_lost_or_refused(
    open_page: Opener,
) -> None:
    about = {"group_id": "g", "member": "A"}
    events = [
        MemberStarted(t=0, session_timeout_ms=45_000, rebalance_timeout_ms=300_000, **about),
        RequestSent(t=100, api="Heartbeat", number=1, **about),
        RequestAnswered(t=110, number=1, **about),
        RequestSent(t=3_000, api="OffsetCommit", number=2, **about),
        RequestAnswered(t=3_020, number=2, error="ILLEGAL_GENERATION", **about),
        RequestSent(t=6_000, api="Heartbeat", number=3, **about),
        RequestSent(t=7_000, api="OffsetCommit", number=4, **about),
        RequestAnswered(t=7_020, number=4, **about),
        MemberStopped(t=9_000, how="crashed", **about),
    ]
    page = open_page(Trace(Header(source="test"), events))
    page.point(3_000, "member", "A")
    assert "session timeout\n45.000 s" in page.tip
    assert "rebalance timeout\n5 min 00 s" in page.tip
    assert "heartbeats\n1 answered" in page.tip
    assert "A sent OffsetCommit: ILLEGAL_GENERATION after 20 ms" in page.tip
    page.point(6_000, "member", "A")
    assert "A sent Heartbeat: never answered in this trace" in page.tip
    assert page.colours(6_000, "member", "A", around=9) >= RED


def test_a_rebalance_says_why_how_long_and_who_was_waited_for(open_page: Opener) -> None:
    page = open_page(stories.eager_churn())
    page.point(8_200, "rebalances")
    for fact in (
        "#2 member joined: C",
        "took\n315 ms",
        "the coordinator's word",
        "initiator\nC",
        "stages\nrevoke 300 ms",
        "waited for\nB (join), came at 8.",
        "moved\n6",
        "unavailable\n1,140 partition-ms",
    ):
        assert fact in page.tip
    page.point(12_000, "rebalances")
    assert "generation 2" in page.tip


def test_strips_say_how_many_have_no_owner_and_how_loads_differ(open_page: Opener) -> None:
    page = open_page(stories.cooperative_scale_out())
    page.point(500, "nobody")
    assert "no owner\n9 of 9 partitions" in page.tip
    page.point(2_000, "load")
    assert "least\n4" in page.tip
    assert "most\n5" in page.tip


def test_off_the_lanes_there_is_no_tooltip(open_page: Opener) -> None:
    page = open_page(stories.eager_churn())
    page.point(5_000, "partition", "orders-7")
    assert page.tip
    page.page.mouse.move(40, 4)
    page.drawn()
    assert page.tip == ""


# --- what is drawn -------------------------------------------------------------------------------


def test_owned_is_of_one_colour_unowned_is_hatched_and_owned_twice_is_red(
    open_page: Opener,
) -> None:
    page = open_page(stories.eager_churn())
    assert page.colours(18_000, "partition", "orders-0") == {(0, 114, 178)}
    assert page.colours(18_000, "partition", "orders-9") == {(0, 158, 115)}
    hatched = page.colours(23_000, "partition", "orders-9")
    assert len(hatched) > 3
    assert not hatched & (GREEN | RED)
    double = open_page(_owned_twice())
    assert double.colours(6_000, "partition", "orders-0") >= RED
    double.point(6_000, "partition", "orders-0")
    assert "owned twice\nA and B" in double.tip


def test_a_view_wholly_inside_a_gap_is_hatched_to_its_edges(open_page: Opener) -> None:
    page = open_page(stories.eager_churn())
    page.see(22_000, 23_000)  # C was killed at 20 s, and nobody noticed before 26.3 s
    for t in (22_010, 22_500, 22_990):
        strip = page.colours(t, "nobody", around=11)
        assert strip >= {IDLE}, "how many have no owner"
        assert len(strip) > 3, "hatched"
        for id_ in range(8, 12):
            lane = page.colours(t, "partition", f"orders-{id_}")
            assert len(lane) > 3
            assert lane >= {RAISED}
            assert not lane & GREEN
    page.press("f")
    assert page.colours(22_500, "topic", "orders", around=20) >= {RAISED}


def test_a_view_wholly_inside_a_double_is_red_to_its_edges(open_page: Opener) -> None:
    page = open_page(_owned_twice())
    page.see(5_000, 6_000)
    for t in (5_010, 5_500, 5_990):
        assert page.colours(t, "partition", "orders-0") >= RED
        assert page.colours(t, "nobody", around=11) >= RED
    page.press("f")
    for t in (5_010, 5_500, 5_990):
        assert page.colours(t, "topic", "orders") >= RED


def test_the_last_rebalance_has_its_number_where_there_is_no_room_behind_it(
    open_page: Opener,
) -> None:
    page = open_page(stories.eager_churn())
    page.see(8_000, 15_050)  # 3 begins at 15 s
    assert INK in page.colours(15_030, "rebalances", around=14)


def test_an_instant_before_the_trace_is_told_with_its_sign(open_page: Opener) -> None:
    page = open_page(stories.eager_churn())
    page.point(-176, "nobody")
    assert "at\n-0.1" in page.tip


def test_dark_where_the_system_is_dark_and_on_request(open_page: Opener) -> None:
    page = open_page(stories.eager_churn(), dark=True)
    corner = (31_900, "space")
    (ground,) = page.colours(*corner, around=1)
    assert max(ground) < 60
    page.press("t")
    assert page.colours(*corner, around=1) == {WHITE}
    page.page.get_by_role("button", name="Light or dark").click()
    page.drawn()
    assert page.colours(*corner, around=1) == {ground}


def test_the_theme_follows_the_system(open_page: Opener) -> None:
    page = open_page(stories.eager_churn())
    assert page.colours(31_900, "space", around=1) == {WHITE}
    page.page.emulate_media(color_scheme="dark")
    page.drawn()
    assert page.colours(31_900, "space", around=1) != {WHITE}


def test_while_no_member_lives_partitions_are_hatched_and_said_to_be_nobody_s(
    open_page: Opener,
) -> None:
    page = open_page(stories.outage())
    page.see(9_000, 18_000)
    for id_ in range(4):
        lane = page.colours(13_000, "partition", f"orders-{id_}")
        assert len(lane) > 3, "hatched"
        assert lane >= {RAISED}
    page.point(13_000, "partition", "orders-0")
    assert "owner\nnobody, for no member lives" in page.tip
    page.point(13_000, "nobody")
    assert "no owner\n4 of 4 partitions" in page.tip
    page.point(13_000, "load")
    assert "members\n0" in page.tip
    page.press("f")
    assert page.colours(13_000, "topic", "orders", around=6) >= {RAISED}


# --- filters and folds ---------------------------------------------------------------------------


def test_a_filter_leaves_the_member_and_what_it_ever_owned(open_page: Opener) -> None:
    page = open_page(stories.eager_churn())
    page.page.get_by_placeholder("member").fill("C")
    page.drawn()
    assert page.rows("member") == ["C"]
    assert page.rows("partition") == [f"orders-{id_}" for id_ in range(6, 12)]
    page.press("Escape")
    assert page.rows("member") == ["A", "B", "C"]
    assert len(page.rows("partition")) == 12


def test_a_click_on_a_member_is_such_a_filter_and_another_takes_it_back(open_page: Opener) -> None:
    page = open_page(stories.eager_churn())
    for left in (["B"], ["A", "B", "C"]):
        _, y = page.at(0, "member", "B")
        page.page.mouse.click(40, y)
        page.drawn()
        assert page.rows("member") == left


def test_a_filter_by_topic(open_page: Opener) -> None:
    story = stories.Story(topic="orders", partitions=2)
    trace = story.trace()
    for event in (
        TopicKnown(t=0, topic="orders", partitions=2),
        TopicKnown(t=0, topic="returns", partitions=1),
        MemberStarted(t=1, group_id="g", member="A", topics=("orders", "returns")),
        Assigned(t=5, group_id="g", member="A", partitions={"orders": (0, 1), "returns": (0,)}),
        TopicKnown(t=900, topic="x", partitions=1),
    ):
        trace.add(event)
    page = open_page(trace)
    page.press("/")
    page.page.keyboard.type("RET")
    page.drawn()
    assert page.rows("topic") == ["returns"]
    assert page.rows("partition") == ["returns-0"]


def test_headings_fold_and_unfold(open_page: Opener) -> None:
    page = open_page(stories.eager_churn())
    _, y = page.at(0, "topic", "orders")
    page.page.mouse.click(60, y)
    page.drawn()
    assert page.rows("partition") == []
    page.press("f")
    assert page.rows("member") == []
    page.press("u")
    assert len(page.rows("partition")) == 12
    assert page.rows("member") == ["A", "B", "C"]


def test_a_fold_tells_of_all_its_lanes_and_which_are_under_the_pointer(open_page: Opener) -> None:
    story = stories.Story(topic="orders", partitions=900)
    story.topic_known()
    story.start(0, "A")
    story.complete(1_000, {"A": tuple(range(900))})
    story.tell(
        MemberStarted(t=1_900, group_id="billing", member="B", topics=("orders",)),
        Assigned(t=2_000, group_id="billing", member="B", partitions={"orders": (437,)}),
        MemberStopped(t=2_004, group_id="billing", member="B", how="crashed"),
    )
    page = open_page(story.trace(until=4_000))
    assert page.rows("partition") == []
    page.see(1_990, 2_010)
    assert page.colours(2_002, "topic", "orders", around=60) >= RED, "one of 900, for 4 ms"
    height: float = page.ask(
        "() => rebalanceTimeline.page.rows.find((row) => row.kind === 'topic').height"
    )
    assert height > 300, "what is folded gets the room that is left"
    page.point(2_002, "topic", "orders", below=437.5 / 900 * (height - 8) - (height - 8) / 2)
    assert "owned twice\nA and B" in page.tip
    page.point(1_995, "topic", "orders")
    assert "owner\nA" in page.tip


def test_folded_members_show_who_is_in_the_worst_state(open_page: Opener) -> None:
    page = open_page(stories.zombie(), height=300)
    page.press("f")
    page.see(9_000, 13_000)
    assert page.colours(11_000, "heading", around=10) >= RED
    page.point(11_000, "heading", below=6)
    assert "here\nB" in page.tip
    assert "believes that it owns what it lost" in page.tip


def test_a_zombie_of_a_millisecond_is_seen_among_folded_members(open_page: Opener) -> None:
    story = stories.Story(topic="orders", partitions=2)
    story.topic_known()
    story.start(0, "A", "B")
    story.complete(1_000, stories.split(["A", "B"], 2))
    story.pause(5_000, "B")
    story.removed(2_000_000, "B", "session expired")
    story.tell(MemberStopped(t=2_000_001, group_id="billing", member="B", how="crashed"))
    page = open_page(story.trace(until=4_000_000))
    page.press("f")
    assert page.colours(2_000_000, "heading", around=8) >= RED, "one pixel is three seconds"


def test_a_filter_that_nothing_fits_says_so_and_how_to_get_out(open_page: Opener) -> None:
    page = open_page(stories.eager_churn())
    page.page.get_by_placeholder("member").fill("nobody-of-this-name")
    page.drawn()
    assert page.rows("nothing") == [""]
    assert page.rows("member") == page.rows("partition") == []
    assert INK in page.colours(page.window[0], "nothing", around=14)
    page.press("Escape")
    assert page.rows("nothing") == []
    assert page.rows("member") == ["A", "B", "C"]


def test_thousands_of_lanes_are_folded_at_first_and_scrolled_when_unfolded(
    open_page: Opener,
) -> None:
    page = open_page(stories.rolling_restart(4, 2_000))
    assert page.rows("topic") == ["payments"]
    assert page.rows("partition") == []
    assert len(page.colours(4_000, "topic", "payments", around=250)) >= 4
    page.press("u")
    assert len(page.rows("partition")) == 2_000
    page.ask("() => document.querySelector('#scroll').scrollTo(0, 1e9)")
    page.page.wait_for_function("() => rebalanceTimeline.page.scroll > 20000")
    page.point(4_000, "partition", "payments-1999")
    assert "payments-1999" in page.tip
    assert "owner\npayments-7d9f-03" in page.tip


# --- causes --------------------------------------------------------------------------------------


def test_the_list_of_causes_jumps_there(open_page: Opener) -> None:
    page = open_page(stories.eager_churn())
    story = page.page.locator("#story")
    entry = story.get_by_role("button", name="session expired: C")
    entry.click()
    page.drawn()
    start, end = page.window
    assert 17_000 < start < 20_000, "from the loss on that led to it"
    assert 26_315 < end < 30_000
    assert entry.get_attribute("aria-current") == "true"
    assert "since\n20.000 s" in story.inner_text()
    page.press("Escape")
    assert entry.get_attribute("aria-current") is None
    assert "since" not in story.inner_text()


def test_n_and_p_go_from_rebalance_to_rebalance(open_page: Opener) -> None:
    page = open_page(stories.eager_churn())
    current = page.page.locator("#story [aria-current]")
    for key, number in (("n", 1), ("n", 2), ("p", 1), ("p", 1)):
        page.press(key)
        assert current.get_attribute("data-number") == str(number)
    assert current.count() == 1


def test_a_click_on_a_rebalance_chooses_it_in_the_list(open_page: Opener) -> None:
    page = open_page(stories.eager_churn())
    page.page.mouse.click(*page.at(15_200, "rebalances"))
    page.drawn()
    current = page.page.locator("#story [aria-current]")
    assert "member left: B" in current.inner_text()


def test_steps_of_the_script_stand_between_the_rebalances(open_page: Opener) -> None:
    page = open_page(stories.eager_churn())
    texts = page.page.locator("#story li").all_inner_texts()
    (killed,) = [i for i, text in enumerate(texts) if "C is killed" in text]
    assert "member left: B" in texts[killed - 1]
    assert "session expired: C" in texts[killed + 1]
    page.press("+", "+", "+")
    page.page.get_by_role("button", name="C is killed").click()
    page.drawn()
    assert sum(page.window) / 2 == pytest.approx(20_000, abs=1)


def test_the_question_mark_tells_the_keys(open_page: Opener) -> None:
    page = open_page(stories.eager_churn())
    page.press("?")
    dialog = page.page.get_by_role("dialog")
    assert "next, previous rebalance" in dialog.inner_text()
    page.press("Escape")
    assert not dialog.is_visible()


# --- several timelines, other people's names, small screens --------------------------------------


def test_several_timelines_share_one_axis(open_page: Opener) -> None:
    page = open_page(
        [("eager", stories.eager_churn()), ("cooperative", stories.cooperative_scale_out())]
    )
    assert page.rows("member") == ["A", "B", "C"] * 2
    assert page.window[1] >= 32_000, "the longest says how long"
    headings = page.page.locator("#story h2").all_inner_texts()
    assert headings == ["eager · billing", "cooperative · billing"]
    page.page.locator("#story").get_by_role("button", name="partitions revoked: A").click()
    page.drawn()
    start, end = page.window
    assert start < 4_343 < end < 12_000


def test_real_traces_say_each_when_it_began(open_page: Opener) -> None:
    def began(ms: int) -> Trace:
        header = Header(source="rebalance demo", clock="real", started_at_ms=ms)
        return Trace(header, stories.eager_churn().events)

    page = open_page([("first", began(1_700_000_000_000)), ("later", began(1_700_000_060_000))])
    header, story = (page.page.locator(each).inner_text() for each in ("#origin", "#story"))
    assert "0 s is" not in header
    assert "traced by rebalance demo" in header
    assert "0 s is 2023-11-14 22:13:20 UTC" in story
    assert "0 s is 2023-11-14 22:14:20 UTC" in story
    alone = open_page(began(1_700_000_000_000))
    assert "0 s is 2023-11-14 22:13:20 UTC" in alone.page.locator("#origin").inner_text()


def test_a_rebalance_that_is_left_out_is_no_part_of_a_generation(
    open_page: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "Budget", lambda: Budget(rebalances=1))
    page = open_page(stories.eager_churn())
    assert page.page.locator("#story .rebalance").count() == 1
    page.point(12_000, "rebalances")
    assert "generation 2" in page.tip
    assert "to 15.004 s" in page.tip, "where one begins that is not in the list"
    page.point(12_000, "load")
    assert "least\n4" in page.tip


def test_what_others_named_is_shown_and_never_run(open_page: Opener) -> None:
    story = stories.Story(group_id=NASTY, topic=NASTY, partitions=2)
    story.topic_known()
    story.start(0, NASTY)
    story.begin(8, "member joined", NASTY, reason=NASTY)
    story.complete(1_008, stories.split([NASTY], 2))
    page = open_page([(NASTY, story.trace(until=2_000))])
    assert page.page.locator("img").count() == 0
    assert page.page.get_by_role("heading", level=1).inner_text() == NASTY
    page.point(1_500, "partition", f"{NASTY}-1")
    assert f"owner\n{NASTY}" in page.tip
    page.press("n")
    assert NASTY in page.page.locator("#story").inner_text()
    assert page.page.locator("img").count() == 0


def test_on_a_narrow_screen_the_list_is_below(open_page: Opener) -> None:
    page = open_page(stories.eager_churn(), width=420, height=800)
    canvas, story = (page.page.locator(each).bounding_box() for each in ("canvas", "#story"))
    assert canvas is not None
    assert story is not None
    assert story["y"] >= canvas["y"] + canvas["height"] - 1
    wide = page.ask("() => document.documentElement.scrollWidth")
    assert wide <= 420
    page.point(22_000, "partition", "orders-7")
    assert "nobody" in page.tip


def test_a_title_without_room_for_all_says_that_there_is_more(open_page: Opener) -> None:
    titles = []
    for width in (1600, 420):
        page = open_page(stories.zombie(), width=width)
        page.ask(
            "() => { const write = CanvasRenderingContext2D.prototype.fillText;"
            " window.told = [];"
            " CanvasRenderingContext2D.prototype.fillText = function (text, ...at) {"
            " window.told.push(text); write.call(this, text, ...at); }; }"
        )
        page.see(0, 10_000)
        told = page.ask("() => window.told")
        titles.append(next(text for text in told if text.startswith("zombie")))
    wide, narrow = titles
    assert "…" not in wide
    assert narrow.endswith(" · …")
    assert wide.startswith(narrow.removesuffix("…"))


def test_a_group_in_which_nothing_happened_is_drawn(open_page: Opener) -> None:
    trace = Trace(Header(source="test"), [MemberStarted(t=5, group_id="g", member="A")])
    page = open_page(trace)
    assert page.rows("member") == ["A"]
    page.press("n", "+", "ArrowRight", "0")
    assert page.span > 0
