"""Stands between a test run and its broker, so that no broker outlives its run.

Run by path, with the standard library only: ``python -I -S keeper.py DIRECTORY COMMANDS-AS-JSON``.
It runs the commands one after the other until one fails, and removes the directory at the end.

Rule: the owner holds the only write end of this process's standard input. However the owner ends,
even by SIGKILL, the kernel closes that pipe; then the broker is stopped and its data removed. This
holds on every POSIX system and for any thread of the owner. PR_SET_PDEATHSIG alone is Linux's, it
leaves the data behind, and it fires when the *thread* ends that started the process; here it
guards the one case left: that this process itself is killed.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

_GRACE_S = 15
_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork
    return lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Keeper:
    """Runs commands in a directory until they end or it is told to stop."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()

    def stop(self, *_: object) -> None:
        """Signal handler: ask the running command to end, and insist after a grace time."""
        self._stopping.set()
        if self._child is not None:
            self._child.terminate()
            signal.alarm(_GRACE_S)

    def kill(self, *_: object) -> None:
        """Signal handler: the grace time is over."""
        if self._child is not None:
            self._child.kill()

    def run(self, commands: list[list[str]]) -> int:
        """The exit code of the first command that failed or of the last; 128 + N for signal N."""
        code = 0
        for command in commands:
            if code != 0 or self._stopping.is_set():
                break
            self._child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, preexec_fn=_die_with_parent()
            )
            (self._directory / "pid").write_text(str(self._child.pid))
            if self._stopping.is_set():  # told so while the process was being made
                self.stop()
            code = self._child.wait()
        return code if code >= 0 else 128 - code


def _follow_owner() -> None:
    while os.read(0, 4096):
        pass
    main_thread = threading.main_thread().ident
    if main_thread is not None:
        signal.pthread_kill(main_thread, signal.SIGTERM)  # wakes the main thread's wait


def main() -> int:
    directory = Path(sys.argv[1])
    keeper = Keeper(directory)
    signal.signal(signal.SIGTERM, keeper.stop)
    signal.signal(signal.SIGALRM, keeper.kill)
    threading.Thread(target=_follow_owner, daemon=True).start()
    try:
        return keeper.run(json.loads(sys.argv[2]))
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
