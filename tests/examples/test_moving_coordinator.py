"""examples/moving_coordinator.py, run as it stands."""

from __future__ import annotations

import re

from tests.examples.running import output


async def test_it_tells_of_one_generation_and_of_every_record() -> None:
    lines = await output("moving_coordinator.py")
    told = [re.fullmatch(r"(.+): node (\d), generation (\d+), (\d+) read", line) for line in lines]
    found = [each.groups() for each in told if each is not None]
    assert [each[0] for each in found] == [
        "at rest",
        "coordinator moved",
        "its node stopped",
        "it came back",
        "released",
    ]
    assert [int(each[3]) for each in found] == [6, 12, 18, 24, 30]
    assert len({each[2] for each in found}) == 1
    assert len({each[1] for each in found[:2]}) == 2
