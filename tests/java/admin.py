"""Kafka's own Java `Admin`, told in JSON lines what to do (src/AdminCommands.java)."""

from __future__ import annotations

import json
import subprocess
import tempfile
from types import TracebackType
from typing import Any, Self

from tests.java import programs


class JavaAdmin:
    """One Admin in a process of its own, for as long as the `with` block lasts.

    `ask("describe", groups=["g"])` gives what the program printed: {"result": ...} or
    {"error": Kafka's exception, "message": its words}.
    """

    def __init__(self, bootstrap_servers: str) -> None:
        self._servers = bootstrap_servers
        self._process: subprocess.Popen[bytes] | None = None
        self._errors = tempfile.TemporaryFile("a+b")  # noqa: SIM115  # closed in __exit__

    def __enter__(self) -> Self:
        self._process = programs.start("AdminCommands", self._servers, stderr=self._errors)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        process, self._process = self._process, None
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        try:
            process.wait(60)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
            self._errors.close()

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """One command's answer; the program bounds its own waiting."""
        self.send(command, **arguments)
        return self.receive()

    def send(self, command: str, **arguments: Any) -> None:
        """Send a command; `receive` gives its answer."""
        assert self._process is not None
        assert self._process.stdin is not None
        line = json.dumps({"command": command, **arguments})
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        """The answer to the oldest command without one."""
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            raise AssertionError(self._errors.read().decode(errors="replace")[-4000:])
        answer: dict[str, Any] = json.loads(line)
        return answer
