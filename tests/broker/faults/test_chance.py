"""Chance comes from the seed: the same seed and the same requests give the same faults."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest

from rebalance.broker import EmbeddedBroker
from tests.broker.raw import connected, run


async def befallen(seed: int) -> str:
    """Which of 60 heartbeats two rules befell, of which each has a chance of a half."""
    async with EmbeddedBroker(seed=seed) as broker, connected(broker) as client:
        broker.answer_with("NOT_COORDINATOR", probability=0.5)
        broker.throttle(1, probability=0.3)
        letters = []
        for _ in range(60):
            answer = await client.ask("heartbeat", 4, {"group_id": "g", "member_id": "m"})
            throttled = bool(answer.throttle_time)
            letters.append(".tET"[2 * (answer.error_code.value == 16) + throttled])
        return "".join(letters)


@pytest.mark.parametrize("hash_seed", ["0", "77"])
def test_the_same_seed_gives_the_same_faults_under_another_hash_seed(hash_seed: str) -> None:
    script = (
        "import asyncio, tests.broker.faults.test_chance as t; print(asyncio.run(t.befallen(7)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == asyncio.run(befallen(7))


def test_another_seed_gives_others() -> None:
    assert len({asyncio.run(befallen(seed)) for seed in range(4)}) == 4


def test_every_rule_has_a_chance_of_its_own() -> None:
    """A rule that is made later changes nothing for those before it, nor does what it draws."""

    async def main() -> list[list[int]]:
        found = []
        for others in (0, 1):
            async with EmbeddedBroker(seed=3) as broker, connected(broker) as client:
                fault = broker.watch(probability=0.5)
                for _ in range(others):
                    broker.watch(probability=0.5)
                for _ in range(40):
                    await client.ask("api_versions", 0)
                found.append([request.correlation_id for request in fault.requests])
        return found

    alone, beside = run(main())
    assert alone == beside
    assert 10 < len(alone) < 30


@pytest.mark.parametrize(("probability", "hits"), [(0, 0), (1, 5)])
def test_never_and_always(probability: float, hits: int) -> None:
    async def main() -> int:
        async with EmbeddedBroker() as broker, connected(broker) as client:
            fault = broker.watch(probability=probability)
            for _ in range(5):
                await client.ask("api_versions", 0)
            return fault.hits

    assert run(main()) == hits
