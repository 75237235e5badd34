"""An end to calls that have none.

Nobody can count the steps of foreign code, so this is a clock's business: what has not returned
after so many seconds is interrupted, by an exception raised inside it. The rule kept here: the
caller goes on in any case. A call that swallows the exception is left behind in its thread; one
that holds the interpreter itself can only be ended from outside the process (supervision.py).
"""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

_GRACE_S = 0.5
_AGAIN_S = 0.2
_SOON_S = 0.001
_LEAST_S = 0.25
_TIMES_THE_SLOWEST = 50


class TookTooLongError(Exception):
    """A call did not return in time."""


class EscapedError(Exception):
    """A call raised what is no `Exception`, such as KeyboardInterrupt: `__cause__`."""


class _Interrupted(BaseException):
    """Raised inside the call; no `except Exception` stops it."""


class TimeLimit:
    """Makes calls, one after the other, each in no more than `seconds`.

    `overdue`: how many took longer; `waited_s`: how long these were waited for; `left_behind`: how
    many of them go on in their threads. Once one took longer, those that follow get less time, if
    `hasty`: many times what the slowest took that did return. Else a counter-example that loops
    could not be made small in reasonable time.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.overdue = 0
        self.waited_s = 0.0
        self.left_behind = 0
        self.hasty = True
        self._slowest = 0.0
        self._worker: _Worker | None = None

    def call(self, function: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """What the function returns or raises.

        Raises TookTooLongError when time is up, EscapedError for what is no `Exception`: that is
        the function's business, and a KeyboardInterrupt of the user's comes out as it is.
        """
        if self._worker is None:
            self._worker = _Worker()
        began = time.monotonic()
        within = self._within()
        try:
            outcome, value = self._worker.ask(lambda: function(*arguments, **named), within)
        except Empty:
            self.overdue += 1
            self.waited_s += within
            worker, self._worker = self._worker, None
            self.left_behind += not worker.interrupt()
            raise TookTooLongError(f"no answer after {within:.3g} s") from None
        except BaseException:  # the caller is interrupted, and so is what it waited for
            worker, self._worker = self._worker, None
            worker.interrupt()
            raise
        self._slowest = max(self._slowest, time.monotonic() - began)
        if outcome:
            return value  # type: ignore[no-any-return]
        raise value

    def close(self) -> None:
        """End the thread; the next call makes another."""
        if self._worker is not None:
            worker, self._worker = self._worker, None
            worker.end()

    def _within(self) -> float:
        if not (self.overdue and self.hasty):
            return self.seconds
        return min(self.seconds, max(_LEAST_S, _TIMES_THE_SLOWEST * self._slowest))


class _Worker:
    """A thread that runs what it is asked to; a daemon, since it may never come back."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Callable[[], Any] | None] = SimpleQueue()
        self._answers: SimpleQueue[tuple[bool, Any]] = SimpleQueue()
        self._ending = False
        self._thread = threading.Thread(target=self._work, name="assignor", daemon=True)
        self._thread.start()

    def ask(self, job: Callable[[], Any], within_s: float) -> tuple[bool, Any]:
        """Whether it returned, and what it returned or raised. Raises Empty when time is up."""
        self._jobs.put(job)
        return self._answers.get(timeout=within_s)

    def end(self) -> None:
        """Let the thread end, which has nothing to do."""
        self._jobs.put(None)
        self._thread.join(_GRACE_S)

    def interrupt(self) -> bool:
        """End what runs, and whether it let itself be ended."""
        self._jobs.put(None)
        thread = ctypes.c_ulong(self._thread.ident or 0)
        collecting = gc.isenabled()
        gc.disable()  # else it may be raised, and lost, in a callback of the garbage collector
        give_up = time.monotonic() + _GRACE_S
        while self._thread.is_alive() and not self._ending and time.monotonic() < give_up:
            if self._collects():
                self._thread.join(_SOON_S)
                continue
            ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(_Interrupted))
            self._thread.join(_AGAIN_S)
        if collecting:
            gc.enable()
        return self._ending or not self._thread.is_alive()

    def _collects(self) -> bool:
        """Whether it is in such a callback just now."""
        frame = sys._current_frames().get(self._thread.ident or 0)
        callbacks = [getattr(each, "__code__", None) for each in gc.callbacks]
        return frame is not None and frame.f_code in callbacks

    def _work(self) -> None:
        try:
            while (job := self._jobs.get()) is not None:
                try:
                    answer = True, job()
                except _Interrupted:
                    raise
                except Exception as error:
                    answer = False, error
                except BaseException as error:
                    answer = False, _escaped(error)
                self._answers.put(answer)
        except _Interrupted:
            self._ending = True


def _escaped(error: BaseException) -> EscapedError:
    escaped = EscapedError(repr(error))
    escaped.__cause__ = error
    return escaped
