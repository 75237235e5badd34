"""Examples of the pages that have no file of their own run as they are printed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer

from rebalance.broker import EmbeddedBroker
from rebalance.testing import SimulatedConsumer, simulate

DOCS = Path(__file__).parents[2] / "docs"


def _example(page: str, words: str) -> str:
    """The only block of Python on a page that has these words."""
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (found,) = (block for block in blocks if words in block)
    return str(found)


async def test_several_nodes() -> None:
    """docs/broker.md"""
    names: dict[str, Any] = {"EmbeddedBroker": EmbeddedBroker}
    example = textwrap.indent(_example("broker.md", "nodes=3"), "    ")
    exec(f"async def example():\n{example}    return broker", names)
    broker = await names["example"]()
    assert isinstance(broker, EmbeddedBroker)


def test_a_broker_of_the_tests_own(tmp_path: Path) -> None:
    """docs/testing.md"""
    file = tmp_path / "test_service.py"
    file.write_text(_example("testing.md", "EmbeddedBrokerThread"), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_pictures_from_python(tmp_path: Path) -> None:
    """docs/timeline.md"""
    shutil.copy(DOCS.parent / "tests/testdata/timeline/demo.jsonl", tmp_path)
    command = [sys.executable, "-c", _example("timeline.md", "render_svg")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "5 session expired 3066 " in done.stdout
    assert (tmp_path / "demo.svg").read_text(encoding="utf-8").startswith("<svg")


def test_several_timelines_on_a_page(tmp_path: Path) -> None:
    """docs/page.md"""
    shutil.copy(DOCS.parent / "tests/testdata/timeline/demo.jsonl", tmp_path)
    command = [sys.executable, "-c", _example("page.md", "render_html")]
    subprocess.run(command, cwd=tmp_path, check=True)
    page = (tmp_path / "demo.html").read_text(encoding="utf-8")
    assert "<title>Two of a kind</title>" in page
    assert page.count('"group_id":"demo-group","extent"') == 2


def test_a_story_for_code_under_simulation() -> None:
    """docs/simulate_your_code.md"""

    async def application(consumer: SimulatedConsumer) -> None:
        async for _ in consumer:
            await consumer.commit()

    names: dict[str, Any] = {"simulate": simulate, "application": application}
    exec(_example("simulate_your_code.md", "pause A for 20s"), names)
    assert names["result"].records.processed > 100


def test_methods_that_a_simulated_consumer_has_not_are_listed() -> None:
    """docs/simulate_your_code.md"""
    page = (DOCS / "simulate_your_code.md").read_text(encoding="utf-8")
    missing = page.partition("## Not there")[2].partition("AttributeError")[2]
    theirs = {name for name in vars(AIOKafkaConsumer) if not name.startswith("_")}
    assert set(re.findall(r"`(\w+)`", missing)) == theirs - set(vars(SimulatedConsumer))
