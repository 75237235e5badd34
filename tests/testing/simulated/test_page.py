"""The page: what is wrong in few lines, the story, what led there and, last of all, the act."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition

from rebalance.simulation import Violation
from rebalance.testing import SimulatedConsumer, simulate
from rebalance.testing.simulated import simulate as module
from rebalance.testing.simulated.journal import Finding
from rebalance.testing.simulated.moments import moments
from tests.testing.simulated.code import HAND_OVER, Quiet, background

ROOT = Path(__file__).parents[3]


def found(t: int, message: str) -> Finding:
    return Finding(kind="late work", t=t, who="A", message=message)


def test_what_is_wrong_at_one_moment_is_one_line() -> None:
    work = "A processed record 49 of orders-{} of g without owning it"
    findings = [
        *(found(9050, work.format(partition)) for partition in (3, 4, 4, 5)),
        found(9060, work.format(3)),
        found(9070, "A processed record 7 of orders-0 of g without owning it"),
        found(9070, "A processed record 9 of orders-1 of g without owning it"),
        found(9070, "A is gone"),
    ]
    violations = [Violation(rule="I05", t=9070, message="generation 4 does not end")]
    assert [str(each) for each in moments(findings, violations)] == [
        "late work at 9.050s: A processed record 49 of orders-3, orders-4, orders-5 of g "
        "without owning it",
        "late work at 9.060s: A processed record 49 of orders-3 of g without owning it",
        "late work at 9.070s: A processed record 7 of orders-0 of g without owning it, "
        "and 2 more at that moment",
        "I05 violated at 9.070s: generation 4 does not end",
    ]


async def hasty(consumer: SimulatedConsumer, sink: Any) -> None:
    async for record in consumer:
        await consumer.commit()
        await asyncio.sleep(0.05)
        sink(record)


def happened(page: str) -> list[str]:
    """The lines of the part that tells what happened."""
    lines = page.split("\n")
    begin = lines.index("What happened until then:") + 1
    return lines[begin : lines.index("", begin)]


def test_act_is_the_last_line_of_what_happened() -> None:
    story = "start A\nrun for 3s\ncrash A\nstart B\nrun for 20s"
    page = simulate(hasty, scenario=story, members=2, topics={"orders": 2}).page()
    first = page.split("\n")[0]
    assert first.startswith("gap at ")
    *_, last = happened(page)
    time, _, what = last.strip().partition("s ")
    assert f"gap at {time}s: {what.strip().removeprefix('! gap: ')}" == first


def test_act_of_every_kind_at_that_moment_is_there() -> None:
    result = simulate(background, scenario=HAND_OVER)
    first = min(finding.t for finding in result.findings)
    told = [line for line in happened(result.page()) if "  ! " in line]
    assert told == happened(result.page())[-len(told) :]
    assert len(told) == len({f.kind for f in result.findings if f.t == first})


@pytest.mark.parametrize(("most_plays", "expected"), [(3, True), (300, False)])
def test_page_says_whether_shrinking_has_come_to_its_end(
    most_plays: int, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_PLAYS", most_plays)
    page = failing_page()
    (line,) = [line for line in page.split("\n") if line.startswith("The story (seed ")]
    assert line.endswith(", not to the end):") is expected


# --- the same every time -------------------------------------------------------------------------


def failing_page() -> str:
    """What is told of a failing seed."""
    stage: dict[str, Any] = {"members": 2, "topics": {"orders": 2}, "rate_per_s": 2, "length": 4}
    return simulate(listener=_goes_back, seeds=6, **stage).page()


def _goes_back(consumer: SimulatedConsumer) -> Quiet:
    class GoesBack(Quiet):
        def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
            for partition in set(assigned):
                consumer.seek(partition, 0)

    return GoesBack(consumer)


def test_page_is_the_same_under_every_hash_seed_and_says_how_to_play_it_again() -> None:
    code = (
        "from tests.testing.simulated.test_page import failing_page as page; print(page(), end='')"
    )
    pages = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert pages[0] == pages[1]
    lines = pages[0].split("\n")
    assert lines[0].startswith("read again at ")
    story = next(at for at, line in enumerate(lines) if line.startswith("The story (seed "))
    told = [line.strip() for line in lines[story + 1 : lines.index("", story)]]
    again = simulate(listener=_goes_back, scenario="\n".join(told), members=2)
    assert again.page().split("\n")[0] == lines[0]
    assert again.story == "\n".join(told)
