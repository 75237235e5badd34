"""examples/late_work.py: work that goes on after a loss is found, the right version passes."""

from __future__ import annotations

from tests.examples.running import output, shown


async def test_a_loss_that_stops_nothing_is_found_shrunk_and_told() -> None:
    lines = await output("late_work.py")
    assert lines[0].startswith("careless: late work at ")
    assert lines[0].endswith(" without owning it")
    story = lines.index("The story (seed 1, shrunk from 33 lines):") + 1
    assert len(lines[story : lines.index("", story)]) <= 16
    told = "\n".join(lines)
    assert "on_partitions_lost orders" in told
    assert "fails: CommitFailedError" in told
    assert "simulate(..., scenario=STORY) plays it again" in told
    *_, careful, end = lines
    assert careful.startswith("careful: 12 seeds, nothing wrong; in the last one ")
    assert careful.endswith(", 0 left out")
    assert end == ""
    assert shown("simulate_your_code.md", "careless: late work at 13.").match("\n".join(lines))
