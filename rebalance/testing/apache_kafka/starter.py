"""Starts a real Apache Kafka broker as a child process and sees to its end.

Rule: after ``stop``, and after the owner's death of whatever kind, neither the process nor its
data is left (keeper.py), unless the data was to be in a directory of the caller's. Ports are free
ones of 127.0.0.1.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from rebalance.testing.apache_kafka import libraries
from rebalance.testing.apache_kafka.log import PreparedRebalance, prepared_rebalances
from rebalance.testing.apache_kafka.properties import HOST, server_properties
from rebalance.testing.apache_kafka.readiness import answers

_HERE = Path(__file__).parent
_CLUSTER_ID = "kafka-rebalance-tests0"
_ATTEMPTS = 3
_POLL_S = 0.02
_STOP_TIMEOUT_S = 30.0
_TAIL_LINES = 25


class ApacheKafkaError(RuntimeError):
    """The broker did not come up; the message ends with the tail of its log."""


class _PortTakenError(ApacheKafkaError):
    """Somebody took a free port between our choice and the broker's bind."""


class ApacheKafka:
    """One Apache Kafka broker on 127.0.0.1, for as long as the ``with`` block lasts.

    ``async with`` does the same without blocking the event loop. ``settings`` are broker
    properties by Kafka's names; ``port`` defaults to a free one. ``data`` is a directory for its
    logs that is kept, so that another broker can go on with them. Starting raises
    ApacheKafkaUnavailableError without Java or the jars, else ApacheKafkaError.
    """

    def __init__(
        self,
        settings: Mapping[str, str] | None = None,
        *,
        port: int | None = None,
        data: Path | None = None,
        start_timeout_s: float = 60.0,
    ) -> None:
        self._settings = dict(settings or {})
        self._data = data
        self._wanted_port = port
        self._start_timeout_s = start_timeout_s
        self._port = 0
        self._directory: Path | None = None
        self._keeper: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._past_log = ""

    @property
    def bootstrap_servers(self) -> str:
        """``127.0.0.1:PORT``, as clients take it."""
        return f"{HOST}:{self.port}"

    @property
    def port(self) -> int:
        """The port clients connect to."""
        if self._port == 0:
            raise ApacheKafkaError("not started: call start() or use a with block")
        return self._port

    @property
    def pid(self) -> int:
        """The Java process, for tests that pause it."""
        if self._directory is None:
            raise ApacheKafkaError("not running: call start() or use a with block")
        return int((self._directory / "pid").read_text())

    def log_text(self) -> str:
        """The broker's log so far; after ``stop`` all of it."""
        if self._log is None:
            return self._past_log
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def rebalances(self, group_id: str | None = None) -> list[PreparedRebalance]:
        """Every rebalance of the classic protocol so far, with the coordinator's reason."""
        return prepared_rebalances(self.log_text(), group_id)

    def start(self) -> Self:
        """Start the broker and wait until it answers."""
        if self._keeper is not None:
            raise ApacheKafkaError("already started")
        if shutil.which("java") is None:
            raise libraries.ApacheKafkaUnavailableError("no `java` on PATH")
        jars = libraries.fetch()
        deadline = time.monotonic() + self._start_timeout_s
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._launch(jars)
                self._wait_until_it_answers(deadline)
            except _PortTakenError:
                self.stop()
                if attempt == _ATTEMPTS:
                    raise
            except BaseException:
                self.stop()
                raise
            else:
                break
        return self

    def stop(self) -> None:
        """Stop the broker, and wait until it is gone. Calling it again does nothing."""
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        assert keeper.stdin is not None
        keeper.stdin.close()  # the keeper does the rest
        try:
            keeper.wait(_STOP_TIMEOUT_S)
        finally:
            self._past_log = self.log_text()
            log, self._log = self._log, None
            if log is not None:
                log.close()
            directory, self._directory = self._directory, None
            if directory is not None:  # for the keeper too can be killed
                shutil.rmtree(directory, ignore_errors=True)

    def wait(self) -> int:
        """Wait until the broker ends by itself; its exit code."""
        if self._keeper is None:
            raise ApacheKafkaError("not running: call start() or use a with block")
        return self._keeper.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await asyncio.to_thread(self.stop)

    def _launch(self, jars: Path) -> None:
        with ExitStack() as undo:
            directory = Path(tempfile.mkdtemp(prefix="apache-kafka-"))
            undo.callback(shutil.rmtree, directory, ignore_errors=True)
            port, controller_port = _free_ports()
            self._port = self._wanted_port or port
            text = server_properties(
                port=self._port,
                controller_port=controller_port,
                data=self._data or directory / "data",
                settings=self._settings,
            )
            (directory / "server.properties").write_text(text)
            (directory / "tmp").mkdir()
            with (directory / "broker.log").open("wb") as output:
                self._log = undo.enter_context((directory / "broker.log").open("rb"))
                self._keeper = subprocess.Popen(
                    _keeper_command(directory, jars),
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # Ctrl-C is for the owner, which then stops the broker
                )
            self._directory = directory
            undo.pop_all()  # from here on it is the keeper's to remove

    def _wait_until_it_answers(self, deadline: float) -> None:
        assert self._keeper is not None
        while not answers(HOST, self._port):
            try:
                code = self._keeper.wait(_POLL_S)
            except subprocess.TimeoutExpired:
                if time.monotonic() > deadline:
                    raise self._failure(
                        f"did not answer on {self.bootstrap_servers} "
                        f"within {self._start_timeout_s:g} s"
                    ) from None
            else:
                raise self._failure(f"ended with exit code {code} before it answered")

    def _failure(self, what: str) -> ApacheKafkaError:
        log = self.log_text()
        taken = self._wanted_port is None and "Address already in use" in log
        tail = "\n".join(log.splitlines()[-_TAIL_LINES:]) or "(empty)"
        error = _PortTakenError if taken else ApacheKafkaError
        return error(f"Apache Kafka {libraries.VERSION} {what}. The end of its log:\n{tail}")


def _keeper_command(directory: Path, jars: Path) -> list[str]:
    java = ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"]
    java += [f"-Djava.io.tmpdir={directory / 'tmp'}", "-cp", f"{jars}/*"]  # native libraries unpack
    java += [f"-Dlog4j2.configurationFile={_HERE / 'log4j2.properties'}"]
    server = str(directory / "server.properties")
    storage = [*java, "kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", server]
    storage += ["--ignore-formatted"]  # data of a broker before this one
    broker = [*java, "-Xmx512m", "kafka.Kafka", server]
    keeper = [sys.executable, "-I", "-S", "-W", "ignore", str(_HERE / "keeper.py")]
    return [*keeper, str(directory), json.dumps([storage, broker])]


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind((HOST, 0))
        second.bind((HOST, 0))
        return int(first.getsockname()[1]), int(second.getsockname()[1])
