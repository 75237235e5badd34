"""docs/faults.md: every example runs, with the broker and the consumer that the page speaks of."""

from __future__ import annotations

import asyncio
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from rebalance.broker import EmbeddedBroker
from tests.broker.raw import until

DOCUMENT = Path(__file__).parents[2] / "docs" / "faults.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)


def _function(example: str) -> Any:
    names: dict[str, Any] = {
        "asyncio": asyncio,
        "EmbeddedBroker": EmbeddedBroker,
        "TopicPartition": TopicPartition,
    }
    source = "async def example(broker, consumer):\n" + textwrap.indent(example, "    ")
    exec(source, names)
    return names["example"]


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
async def test_an_example_runs(number: int) -> None:
    settings = {"group.initial.rebalance.delay.ms": "0"}
    async with EmbeddedBroker(settings, time="virtual") as broker:
        broker.create_topic("orders", 2)
        consumer = AIOKafkaConsumer(
            "orders",
            bootstrap_servers=broker.bootstrap_servers,
            group_id="shop",
            client_id="importer",
            session_timeout_ms=45_000,
            heartbeat_interval_ms=20,
            retry_backoff_ms=10,
            enable_auto_commit=False,
        )
        async with consumer:
            await until(lambda: len(consumer.assignment()) == 2)
            await _function(EXAMPLES[number])(broker, consumer)
            for fault in broker.faults:
                fault.release()


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 12
