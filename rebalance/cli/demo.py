"""`rebalance demo`: the main job, with nothing installed but this."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalance.cli.errors import UsageError
from rebalance.cli.numbers import bounded
from rebalance.cli.terminal import NARROW, WIDE, ColorWhen, check_writable, text_options

if TYPE_CHECKING:
    from assignors.interface import Assignor
    from rebalance.cli.demo_report import Output
    from rebalance.cli.demonstration.run import DemoResult
    from rebalance.cli.demonstration.settings import DemoSettings
    from rebalance.timeline.trace import Header

_TERMINATED = 143
_EMBEDDED_SESSION_MS = 1000
_CLUSTER_SESSION_MS = 6000
"""The least a broker with default settings accepts (group.min.session.timeout.ms)."""


def demo(
    bootstrap_server: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="A real cluster; default: the embedded broker."),
    ] = None,
    client_config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Kafka client properties (security, SASL, TLS)."),
    ] = None,
    assignor: Annotated[
        str, typer.Option(metavar="NAME", help="A built-in or installed assignor, or MODULE:CLASS.")
    ] = "range",
    members: Annotated[int, bounded(least=2, most=50, help="Consumers at most.")] = 3,
    partitions: Annotated[int, bounded(least=1, most=1000, help="Partitions of the topic.")] = 6,
    session_timeout_ms: Annotated[
        int | None,
        bounded(least=100, help="session.timeout.ms; default 1000 embedded, 6000 on a cluster."),
    ] = None,
    trace: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the trace (JSON lines).")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the timeline as one HTML page.")
    ] = None,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print metrics and rebalances as JSON.")
    ] = False,
    width: Annotated[
        int | None, bounded(least=NARROW, most=WIDE, help="Columns; default: the terminal's.")
    ] = None,
    color: Annotated[
        ColorWhen, typer.Option(help="Colour only repeats what the characters say.")
    ] = ColorWhen.AUTO,
    ascii_only: Annotated[bool, typer.Option("--ascii", help="No character beyond ASCII.")] = False,
) -> None:
    """Real aiokafka consumers join, leave and crash; their rebalances are drawn.

    Example: rebalance demo --assignor sticky --members 4 --html demo.html

    Example: rebalance demo --bootstrap-server localhost:9092 --trace demo.jsonl
    """
    from rebalance.cli.client_config import client_arguments
    from rebalance.cli.demo_report import Output
    from rebalance.cli.demonstration.run import load_clients, make_header
    from rebalance.cli.demonstration.settings import DemoSettings

    check_writable(html, "--html")
    arguments = client_arguments(client_config)
    if client_config is not None and bootstrap_server is None:
        raise UsageError("--client-config is for a real cluster: give --bootstrap-server too")
    least = _EMBEDDED_SESSION_MS if bootstrap_server is None else _CLUSTER_SESSION_MS
    settings = DemoSettings(
        assignor=_assignor(assignor),
        members=members,
        partitions=partitions,
        bootstrap_servers=bootstrap_server,
        client_arguments=arguments,
        session_timeout_ms=session_timeout_ms or least,
    )
    output = Output(json_output, text_options(width, color, ascii=ascii_only))
    load_clients(settings)
    header = make_header(settings)
    with output.writing(trace, header):
        result = _run(settings, output, header)
    output.result(result, settings, trace)
    if html is not None:
        output.page(result, settings, html)
    if result.failure is not None or result.records.missing:
        raise typer.Exit(1)


def _assignor(name: str) -> "Assignor":
    from assignors.interface import (
        AssignorError,
        RebalanceProtocol,
        assignor_protocols,
        resolve,
    )

    try:
        assignor = resolve(name)
        protocols = assignor_protocols(assignor)
    except AssignorError as error:
        raise UsageError(f"--assignor {name}: {error}") from None
    if RebalanceProtocol.EAGER not in protocols:
        raise UsageError(
            f"--assignor {name}: it supports the cooperative protocol only, which aiokafka does "
            "not speak; see it with `rebalance simulate FILE --assignor ...`"
        )
    return assignor


def _run(settings: "DemoSettings", output: "Output", header: "Header") -> "DemoResult":
    """Run it; SIGTERM ends it as Ctrl-C does, with everything cleaned up."""
    import asyncio
    import signal

    from rebalance.cli.demonstration.run import run_demo

    async def run() -> "DemoResult":
        task = asyncio.current_task()
        assert task is not None
        with contextlib.suppress(NotImplementedError):  # Windows has no such handlers
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await run_demo(settings, output, header)

    try:
        return asyncio.run(run())
    except asyncio.CancelledError:
        raise typer.Exit(_TERMINATED) from None
