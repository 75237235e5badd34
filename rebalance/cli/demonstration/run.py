"""Plays the whole script once and gives back the trace and the counts."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from rebalance.cli.demonstration import cluster
from rebalance.cli.demonstration.process import track_tasks
from rebalance.cli.demonstration.records import RecordCount
from rebalance.cli.demonstration.script import ScriptStep, demo_script
from rebalance.cli.demonstration.settings import DemoSettings
from rebalance.cli.demonstration.stage import Stage
from rebalance.timeline import trace


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """What a demo leaves behind; `wall_ms` is how long it took."""

    log: trace.Trace
    records: RecordCount
    place: str
    wall_ms: int


StepSeen = Callable[[int, ScriptStep, int, dict[str, int]], None]
"""(t, step, ms to settle, owners): called after each step, for the progress display."""


async def run_demo(
    settings: DemoSettings, on_ready: Callable[[], None], on_step: StepSeen
) -> DemoResult:
    """Run the demo; `on_ready` is called once there is a broker to play on.

    Raises:
        UsageError: the cluster cannot be used.
        DemoFailed: the group does not do what it should.
    """
    # aiokafka logs every rebalance with tracebacks for what the script does on purpose.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL + 1)
    loop = asyncio.get_running_loop()
    track_tasks(loop)
    began = loop.time()

    def clock() -> int:
        return int((loop.time() - began) * 1000)

    real = settings.bootstrap_servers is not None
    header = trace.Header(
        source="rebalance demo",
        clock="real",
        started_at_ms=int(time.time() * 1000),
        note="aiokafka consumers on "
        + (f"{settings.bootstrap_servers}" if real else "the embedded broker"),
    )
    log = trace.Trace(header)
    place_of = cluster.cluster if real else cluster.embedded
    async with place_of(settings, log, clock) as place:
        stage = Stage(
            settings,
            bootstrap_servers=place.bootstrap_servers,
            topic=place.topic,
            group_id=place.group_id,
            log=log,
            clock=clock,
        )
        try:
            await stage.open()
            on_ready()
            for step in demo_script(settings.members):
                at = clock()
                took = await stage.play(step)
                on_step(at, step, took, stage.owners())
                await asyncio.sleep(settings.pause_ms / 1000)
            await stage.finish()
        finally:
            await stage.abandon()
        return DemoResult(log=log, records=stage.records, place=place.description, wall_ms=clock())
