"""`rebalance serve` as its own process, for as long as a `with` block lasts."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cli.commands import COMMAND, ROOT


@contextmanager
def served(*arguments: str, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and where it listens."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", str(port), *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            first = process.stdout.readline().strip()
            key, _, servers = first.partition("=")
            assert key == "bootstrap.servers"
            yield process, servers
        finally:
            process.kill()
