"""The counts of docs/explore.md are those of the code as it is."""

import json

import pytest

from benchmarks.explored_groups import (
    KEPT,
    PAGE,
    SUBJECTS,
    Subject,
    counted,
    explored,
    with_table,
)

COUNTS = json.loads(KEPT.read_text(encoding="utf-8"))


@pytest.mark.parametrize("subject", [each for each in SUBJECTS if not each.takes_minutes], ids=str)
def test_a_group_has_as_many_states_as_the_page_says(subject: Subject) -> None:
    assert counted(explored(subject)) == COUNTS[str(subject)]


def test_the_page_has_the_counts_that_were_kept() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_table(page, COUNTS) == page
