"""How many seeds reach every transition and every error: docs/fuzz_coverage.md.

Run: python -m benchmarks.fuzz_coverage --seeds 10000 --resume campaign.jsonl [--write]

Results are kept in the file as they come in, as `rebalance fuzz --resume` keeps them: interrupted,
it goes on with what is there. `--write` writes the page out of all that the file holds.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

from rebalance.simulation.fuzz import (
    Campaign,
    Here,
    append_batch,
    everything,
    processes,
    read_batches,
    run,
    words,
)

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).parents[1] / "docs" / "fuzz_coverage.md"
_HEAD = """# What the fuzzer's seeds reach

"No failure" says nothing of a rule that no seed came near. Below is every transition of the tables
of states (G01, M01, M02), every error that rules J, S and H know, every client and every kind of
fault, with how often it happened and in how many seeds, the coming to rest at the end of each story
included. `rebalance fuzz --coverage` prints the same of the seeds that it plays; this page is
written by
`python -m benchmarks.fuzz_coverage --seeds 100000 --resume FILE --write`. FILE keeps what was
played: a seed is played once, and again where a later mend may judge it otherwise (it failed, or
met a limit of the protocol).
"""


def main() -> None:
    """Play what is not kept yet, then print the page, and write it if that is wanted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, help="how many, from 0 on")
    parser.add_argument("--resume", type=Path, required=True, help="where results are kept")
    parser.add_argument("--seconds", type=float, help="stop after so long")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--write", action="store_true", help="write the page")
    chosen = parser.parse_args()
    campaign = Campaign()
    for batch in read_batches(chosen.resume) if chosen.resume.exists() else ():
        campaign.add(batch)
    left = (seed for seed in range(chosen.seeds) if seed not in campaign.seeds)
    at_work = Here() if chosen.workers == 1 else processes(chosen.workers)
    began = time.monotonic()

    def goes_on() -> bool:
        return chosen.seconds is None or time.monotonic() - began < chosen.seconds

    with at_work as executor:
        for batch in run(left, executor, workers=chosen.workers, goes_on=goes_on):
            campaign.add(batch)
            append_batch(chosen.resume, batch)
    text = "\n".join(page(campaign)) + "\n"
    print(text, end="")
    if chosen.write:
        PAGE.write_text(text, encoding="utf-8")


def page(campaign: Campaign) -> Iterator[str]:
    """The lines of the page."""
    yield _HEAD
    missed = [words(item) for item in everything() if not campaign.reached[item]]
    yield (
        f"**{len(campaign.seeds):,} seeds, {campaign.processed:,} simulated events, "
        f"{_failures(campaign)}.** Not reached: {'; '.join(missed) or 'nothing'}."
    )
    yield ""
    yield "| transition, error or fault | times | in seeds |"
    yield "|---|---|---|"
    for item in everything():
        if campaign.reached[item]:
            counts = f"{campaign.reached[item]:,} | {campaign.reached_in[item]:,}"
            yield f"| {words(item)} | {counts} |"


def _failures(campaign: Campaign) -> str:
    """How many, and of which seeds: whoever reads it can play them."""
    seeds = [str(found.seed) for found in campaign.found]
    if len(seeds) < 2:
        return f"1 failure (seed {seeds[0]})" if seeds else "no failure"
    return f"{len(seeds):,} failures (seeds {', '.join(seeds)})"


if __name__ == "__main__":
    main()
