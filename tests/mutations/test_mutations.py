"""Every bug on purpose passes the plain stories, and is found over the seed known to find it."""

import json
import re

import pytest

from rebalance.simulation.fuzz import play_seed
from tests.mutations.__main__ import FOUND, PAGE
from tests.mutations.catalogue import EXPLAINED, MUTATIONS
from tests.mutations.judge import plain_stories_come_out

KNOWN = json.loads(FOUND.read_text(encoding="utf-8"))
FOUND_ONES = [name for name in KNOWN if KNOWN[name]["by"]]


def test_there_are_enough_of_them_and_half_of_them_are_real() -> None:
    rooms = [mutation.room for mutation in MUTATIONS.values()]
    assert rooms.count("coordinator") >= 15
    assert rooms.count("member") >= 10
    assert rooms.count("assignors") >= 10
    assert len(MUTATIONS) >= 40
    assert sum(bool(mutation.recreates) for mutation in MUTATIONS.values()) >= len(MUTATIONS) / 2
    assert set(KNOWN) == set(MUTATIONS)


def test_nearly_all_are_found_and_the_rest_is_explained() -> None:
    assert len(FOUND_ONES) >= 0.95 * len(MUTATIONS)
    assert set(EXPLAINED) == set(MUTATIONS) - set(FOUND_ONES)


@pytest.mark.parametrize("name", MUTATIONS)
def test_it_passes_the_plain_stories_and_is_undone(name: str) -> None:
    with MUTATIONS[name]():
        assert plain_stories_come_out()
    assert plain_stories_come_out()


@pytest.mark.parametrize("name", FOUND_ONES)
def test_a_checker_finds_it_and_says_which(name: str) -> None:
    finder, seed = min(KNOWN[name]["first"].items(), key=lambda each: each[1])
    with MUTATIONS[name]():
        _, played = play_seed(seed)
    assert finder in {f"{each.kind} {each.checker}" for each in played.failures}


def test_the_page_counts_no_bug_that_changes_nothing_and_says_how_each_was_judged() -> None:
    page = PAGE.read_text(encoding="utf-8")
    acting = [each for each in KNOWN.values() if each["acted"]]
    assert f"**{len(FOUND_ONES)} of {len(acting)} that change something are found.**" in page
    for name, each in KNOWN.items():
        (row,) = re.findall(rf"^\| `{name}` .*$", page, re.M)
        assert f"| {each['by']} of {each['seeds']} | {each['enough'] or 'all'} of " in row
        assert each["seeds"] <= each["most"]
        assert each["by"] >= each["enough"] or each["seeds"] == each["most"]
