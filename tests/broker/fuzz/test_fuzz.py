"""20,000 hostile frames: no failure of ours, no hang, nothing kept, and honest clients served."""

from __future__ import annotations

import asyncio
import logging
import random

import pytest

from rebalance.broker import EmbeddedBroker
from tests.broker.fuzz.campaign import SETTINGS, Campaign
from tests.broker.raw import until
from tests.support.aio import run

FRAMES = 5000


@pytest.mark.parametrize("seed", range(4))
def test_hostile_frames(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="rebalance.broker")

    async def main() -> None:
        async with EmbeddedBroker(SETTINGS) as broker:
            before = len(asyncio.all_tasks())
            campaign = Campaign(broker, random.Random(seed))
            await campaign.prepare()
            await campaign.run(FRAMES)
            assert campaign.seen["frames"] >= FRAMES
            assert campaign.seen["answers"] > FRAMES // 10
            assert campaign.seen["honest clients"] > 0
            await until(lambda: len(asyncio.all_tasks()) <= before)
            held = broker.usage()
            assert held.groups <= int(SETTINGS["max.groups"])
            assert held.partitions <= int(SETTINGS["max.partitions"])
            assert held.log_bytes <= int(SETTINGS["log.memory.bytes"])
            assert held.connections == 0

    run(main(), deadline_s=240)
    failures = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert failures == [], f"seed {seed}"
