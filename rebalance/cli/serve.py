"""`rebalance serve`: the embedded broker on a port, for any client in any language."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebalance.cli.errors import UsageError
from rebalance.cli.numbers import bounded
from rebalance.cli.properties import parse_settings

if TYPE_CHECKING:
    import asyncio

COLLECT_EVERY = 10_000
"""Objects made and kept until Python looks for cycles among the young; its own number is 700."""

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 9092


def serve(
    port: Annotated[
        int | None,
        bounded(least=0, most=65535, show_default=str(DEFAULT_PORT), help="0 takes a free one."),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(
            show_default=DEFAULT_HOST,
            help="Where to listen; anything but loopback is open to the network.",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A setting by Kafka's name; repeatable."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep topics, records and groups in this directory."),
    ] = None,
    nodes: Annotated[
        int,
        bounded(least=1, most=100, help="How many nodes; each has a port of its own."),
    ] = 1,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Kafka's server.properties; options go before it."),
    ] = None,
) -> None:
    """Serve the embedded broker until SIGINT or SIGTERM.

    It prints `bootstrap.servers=127.0.0.1:PORT` once it listens, with an address for each node.
    Everything is kept in memory, or with --data in a directory: a broker that was killed goes on
    from there, and says on standard error what it had to cut off.

    Example: rebalance serve --port 9092 --set group.initial.rebalance.delay.ms=0 --data ./kafka
    """
    properties, file_host, file_port = ({}, None, None) if config is None else _from_file(config)
    host = file_host if host is None else host
    port = file_port if port is None else port
    _run(
        properties | parse_settings(settings or []),
        DEFAULT_HOST if host is None else host,
        DEFAULT_PORT if port is None else port,
        data,
        nodes,
    )


def _from_file(config: Path) -> tuple[dict[str, str], str | None, int | None]:
    """Settings, host and port of a `server.properties`; what has no effect is told."""
    from rebalance.cli.server_properties import read_server_properties

    file = read_server_properties(config)
    if file.ignored:
        _warn(f"{config}: of no effect here: {', '.join(sorted(file.ignored))}")
    return dict(file.settings), file.host, file.port


def _run(properties: dict[str, str], host: str, port: int, data: Path | None, nodes: int) -> None:
    import asyncio

    from rebalance.broker import BrokerError, EmbeddedBroker, SettingsError

    async def run() -> None:
        stop = _stop_event()
        broker = EmbeddedBroker(
            properties,
            host=host,
            port=port,
            nodes=nodes,
            data=data,
            offsets_topic_at_once=False,  # a client that meets this must bear what Kafka does
        )
        async with broker:
            if not broker.is_local:
                _warn(
                    f"listening on {host}, not on loopback alone: whoever reaches this machine may "
                    "read, write and delete everything here; there is no authentication"
                )
            _spare_collector()
            print(f"bootstrap.servers={broker.bootstrap_servers}", flush=True)
            await stop.wait()

    try:
        asyncio.run(run())
    except (BrokerError, SettingsError) as error:
        raise UsageError(str(error)) from None


def _spare_collector() -> None:
    """Have Python look through less, and less often: a sixth of a thousand joins was that.

    What the program consists of stays as long as it runs, and requests make hardly any cycles.
    """
    import gc

    gc.freeze()
    gc.set_threshold(COLLECT_EVERY)


def _warn(message: str) -> None:
    print(f"rebalance: warning: {message}", file=sys.stderr, flush=True)


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
