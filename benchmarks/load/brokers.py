"""The brokers that are loaded, each in a process of its own, and what processor time they take."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rebalance.testing.apache_kafka import ApacheKafka

__all__ = ["APACHE", "EMBEDDED", "Loaded", "both", "embedded"]

EMBEDDED, APACHE = "embedded broker", "Apache Kafka 4.4.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A running broker."""

    name: str
    servers: str
    pid: int

    @property
    def cpu_seconds(self) -> float:
        """Processor time of all its threads so far, as Linux counts it."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def embedded(settings: Mapping[str, str]) -> Iterator[Loaded]:
    """`rebalance serve`."""
    options = [f"--set={name}={value}" for name, value in settings.items()]
    command = [sys.executable, "-m", "rebalance.cli.main", "serve", "--port=0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            servers = process.stdout.readline().strip().partition("=")[2]
            yield Loaded(name=EMBEDDED, servers=servers, pid=process.pid)
        finally:
            process.terminate()


@contextmanager
def both(settings: Mapping[str, str], *, apache: bool) -> Iterator[list[Loaded]]:
    """The embedded broker and, if wanted, Apache Kafka with the same settings."""
    with ExitStack() as stack:
        brokers = [stack.enter_context(embedded(settings))]
        if apache:
            kafka = stack.enter_context(ApacheKafka(settings))
            there = Loaded(name=APACHE, servers=kafka.bootstrap_servers, pid=kafka.pid)
            brokers.append(there)
        yield brokers
