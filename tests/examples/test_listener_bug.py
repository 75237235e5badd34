"""examples/listener_bug.py: the error is found and told as a page, the right version passes."""

from __future__ import annotations

from tests.examples.running import output, shown


async def test_missing_await_is_found_shrunk_and_told() -> None:
    lines = await output("listener_bug.py")
    assert lines[0].startswith("careless: late ")
    story = lines.index("    seed 0")
    assert lines[story - 1].startswith("The story (seed 0, shrunk from ")
    assert len(lines[story : lines.index("", story)]) <= 12
    told = "\n".join(lines)
    assert "on_partitions_revoked orders" in told
    assert "simulate(..., scenario=STORY) plays it again" in told
    assert lines[-1].startswith("careful: 10 seeds, nothing wrong; in the last one ")
    assert lines[-1].endswith(", 0 left out")
    assert shown("simulate_your_code.md", "careless: late work at 9.").match("\n".join(lines))
