"""examples/lost_answer.py: what its user sees."""

from __future__ import annotations

from tests.examples.running import output


async def test_both_losses_are_told_apart() -> None:
    assert await output("lost_answer.py") == [
        "lost before its effect: committed -1, after 2 requests 1",
        "lost after its effect: committed 1, after 2 requests 1",
    ]
