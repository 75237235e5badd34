"""docs/fuzz_coverage.md names all that there is to reach, and the seeds that failed."""

import re

import pytest

from benchmarks.fuzz_coverage import PAGE, page
from rebalance.simulation.fuzz import Campaign, Found, everything, words


def test_the_page_names_all_that_there_is_to_reach_and_nothing_else() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+?) \| [\d,]+ \| [\d,]+ \|$", text, re.M)
    (missed,) = re.findall(r"Not reached: (.*)\.$", text, re.M)
    named = [*rows, *(each for each in missed.split("; ") if each != "nothing")]
    assert sorted(named) == sorted(words(item) for item in everything())


@pytest.mark.parametrize(
    ("seeds", "told"),
    [((), "no failure"), ((7,), "1 failure (seed 7)"), ((7, 9), "2 failures (seeds 7, 9)")],
)
def test_the_page_says_which_seeds_failed(seeds: tuple[int, ...], told: str) -> None:
    found = [
        Found(seed=seed, kind="I01", message="", text="", plays=1, gave_up=False) for seed in seeds
    ]
    text = "\n".join(page(Campaign(found=found)))
    assert f"**0 seeds, 0 simulated events, {told}.** Not reached: " in text
