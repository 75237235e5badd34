"""Plays the whole script once and gives back the trace and the counts."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from rebalance.cli.demonstration import cluster
from rebalance.cli.demonstration.process import track_tasks
from rebalance.cli.demonstration.records import RecordCount
from rebalance.cli.demonstration.script import ScriptStep, demo_script
from rebalance.cli.demonstration.settings import DemoSettings
from rebalance.cli.demonstration.stage import DemoFailed, Stage
from rebalance.timeline import trace


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """What a demo leaves behind; `wall_ms` is how long it took."""

    log: trace.Trace
    records: RecordCount
    place: str
    wall_ms: int
    failure: str | None
    """What the group did not do that the script needs; what was seen until then is here."""


class Audience(Protocol):
    """Who watches a demo while it runs."""

    def begin(self, settings: DemoSettings) -> None:
        """There is a broker to play on."""

    def event(self, event: trace.Event) -> None:
        """A line of the trace."""

    def step(self, t: int, step: ScriptStep, took_ms: int, owners: dict[str, int]) -> None:
        """The group has settled after a step."""

    def warn(self, text: str) -> None:
        """Something the user should know, that does not end the demo."""


async def run_demo(settings: DemoSettings, audience: Audience, header: trace.Header) -> DemoResult:
    """Run the demo; however it ends, members leave and a cluster is cleaned up.

    Raises:
        UsageError: the cluster cannot be used.
    """
    _silence_clients()
    loop = asyncio.get_running_loop()
    track_tasks(loop)
    began = loop.time()

    def clock() -> int:
        return int((loop.time() - began) * 1000)

    watchers = [audience.event]

    def watch(event: trace.Event) -> None:
        for watcher in watchers:
            watcher(event)

    log = trace.Trace(header, watch=watch)
    failure = None
    async with cluster.place(settings, log, clock, audience.warn) as place:
        stage = Stage(
            settings,
            bootstrap_servers=place.bootstrap_servers,
            topic=place.topic,
            group_id=place.group_id,
            log=log,
            clock=clock,
        )
        watchers.append(stage.see)
        try:
            await stage.open()
            audience.begin(settings)
            await _play(settings, stage, audience, clock)
        except DemoFailed as failed:
            failure = str(failed)
        finally:
            await stage.abandon()
            log.add(trace.TraceEnded(t=clock()))
    return DemoResult(
        log=log,
        records=stage.records,
        place=place.description,
        wall_ms=clock(),
        failure=failure,
    )


def _silence_clients() -> None:
    """They log, with tracebacks, what the script does on purpose."""
    for name in ("aiokafka", "rebalance.clients.aiokafka"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


async def _play(
    settings: DemoSettings, stage: Stage, audience: Audience, clock: Callable[[], int]
) -> None:
    for step in demo_script(settings.members):
        at = clock()
        took = await stage.play(step)
        audience.step(at, step, took, stage.owners())
        await asyncio.sleep(settings.pause_ms / 1000)
    await stage.finish()


def load_clients(settings: DemoSettings) -> None:
    """Import what takes a second or two, before t = 0: it is no part of the story."""
    import_module("rebalance.clients.aiokafka")
    import_module("aiokafka.admin" if settings.bootstrap_servers else "rebalance.broker")


def make_header(settings: DemoSettings) -> trace.Header:
    """The first line of the demo's trace; t = 0 is now."""
    where = settings.bootstrap_servers or "the embedded broker"
    return trace.Header(
        source="rebalance demo",
        clock="real",
        started_at_ms=int(time.time() * 1000),
        note=f"aiokafka consumers on {where}",
    )
