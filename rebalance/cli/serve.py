"""`rebalance serve`: the embedded broker on a port, for any client in any language."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalance.cli.errors import UsageError
from rebalance.cli.properties import parse_settings, read_properties

if TYPE_CHECKING:
    import asyncio


def serve(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = 9092,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting by Kafka's name; repeatable."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep topics, records and groups in this directory."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A properties file; --set goes before it."),
    ] = None,
) -> None:
    """Serve the embedded broker until SIGINT or SIGTERM.

    It prints `bootstrap.servers=127.0.0.1:PORT` once it listens. Everything is kept in memory, or
    with --data in a directory: a broker that was killed goes on from there, and says on standard
    error what it had to cut off.

    Example: rebalance serve --port 9092 --set group.initial.rebalance.delay.ms=0 --data ./kafka
    """
    properties = read_properties(config) if config is not None else {}
    properties |= parse_settings(settings or [])
    import asyncio

    from rebalance.broker import BrokerError, EmbeddedBroker, SettingsError

    async def run() -> None:
        stop = _stop_event()
        async with EmbeddedBroker(properties, port=port, data=data) as broker:
            print(f"bootstrap.servers={broker.bootstrap_servers}", flush=True)
            await stop.wait()

    try:
        asyncio.run(run())
    except (BrokerError, SettingsError) as error:
        raise UsageError(str(error)) from None


def _stop_event() -> "asyncio.Event":
    """Set by SIGINT or SIGTERM."""
    import asyncio
    import signal

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(name, stop.set)
        except NotImplementedError:  # Windows: Ctrl-C ends asyncio.run by itself
            break
    return stop
