"""An asyncio event loop whose time is a simulation's: `sleep(45)` takes no time at all.

Why: a listener, or a whole consumer application, must run in a simulated member as it is written:
tasks, locks, queues, timeouts. Each callback is an event of the world, so that what runs when is
decided by virtual time and the order of asking, and one process can stand still or die between two
of its callbacks as a real one can.

Rule kept: nothing leaves the simulation. Sockets, files, processes, threads and signals are refused
with a `VirtualLoopError` that says what to use instead; there is nothing to wait for in real time.
"""

import asyncio
import inspect
import sys
import threading
import weakref
from asyncio import events
from collections.abc import Callable, Coroutine
from contextvars import Context
from pathlib import Path
from typing import Any, Protocol, TypeVarTuple, Unpack

__all__ = ["Clock", "VirtualLoop", "VirtualLoopError"]


_TASKS_BETWEEN_SWEEPS = 1000
_MOST_CALLBACKS = 20_000
"""In one millisecond: more is a loop that never waits."""
_NOT_THE_USERS = (str(Path(asyncio.__file__).parent), str(Path(__file__).parent))
_Ts = TypeVarTuple("_Ts")


class VirtualLoopError(RuntimeError):
    """Code under simulation asked for something real: what, and what to do instead."""


class Clock(Protocol):
    """Where a loop gets its time from, in virtual milliseconds."""

    @property
    def now(self) -> int:
        """Milliseconds since the simulation began."""

    def at(self, time: int, action: Callable[..., None], *args: Any) -> None:
        """Call `action(*args)` at `time`, after what is due then already; or never."""


class VirtualLoop(asyncio.AbstractEventLoop):
    """The loop of one simulated process. It is never run: its clock calls it."""

    def __init__(
        self,
        clock: Clock,
        logged: Callable[[str], None],
        spins: Callable[[VirtualLoopError], None] | None = None,
    ) -> None:
        self._clock = clock
        self._logged = logged
        self._spins = spins
        self._thread = threading.get_ident()
        # Weak, as asyncio's own are: who starts a task and forgets it may lose it.
        self._tasks: list[weakref.ref[asyncio.Task[Any]]] = []
        self._named = 0
        self._closed = False
        self._instant = self._callbacks = 0
        self._handler: Callable[..., Any] | None = None
        self._factory: Any = None

    # --- time ------------------------------------------------------------------------------------

    def time(self) -> float:
        """Virtual seconds since the simulation began."""
        return self._clock.now / 1000

    def call_soon(
        self,
        callback: Callable[[Unpack[_Ts]], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Call back at this very time, after what is due already."""
        handle = asyncio.Handle(callback, args, self, context)
        self._clock.at(self._clock.now, self._run, handle)
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[[Unpack[_Ts]], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call back in `delay` virtual seconds."""
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[_Ts]], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call back at a virtual time, up to the next whole millisecond."""
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        # Rounded first: 0.1 + 0.2 seconds are 300 ms and not 301.
        self._clock.at(-int(-round(when * 1000, 6) // 1), self._run, handle)
        return handle

    def call_soon_threadsafe(
        self,
        callback: Callable[[Unpack[_Ts]], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """As `call_soon`; from another thread it is refused."""
        if threading.get_ident() != self._thread:
            raise _refused("call_soon_threadsafe from another thread")
        return self.call_soon(callback, *args, context=context)

    def _run(self, handle: asyncio.Handle) -> None:
        if handle.cancelled() or self._closed:
            return
        if not self._time_goes_on(handle):
            return
        outer, hooks = events._get_running_loop(), sys.get_asyncgen_hooks()
        # Out of a loop that runs a test, into this one, and back.
        events._set_running_loop(self)
        sys.set_asyncgen_hooks(firstiter=None, finalizer=self._finalize)
        try:
            handle._run()
        finally:
            events._set_running_loop(outer)
            sys.set_asyncgen_hooks(*hooks)

    def _time_goes_on(self, handle: asyncio.Handle) -> bool:
        """Code that never waits would keep time from going on: it is not run any more."""
        now = self._clock.now
        if now != self._instant:
            self._instant, self._callbacks = now, 0
        self._callbacks += 1
        if self._callbacks <= _MOST_CALLBACKS:
            return True
        error = VirtualLoopError(
            f"{_MOST_CALLBACKS} callbacks at {now / 1000:.3f}s, and time does not go on: "
            f"something loops without waiting{_whereabouts(handle)}; "
            "await asyncio.sleep(0.001) lets time pass"
        )
        if self._spins is None:
            raise error
        self._spins(error)
        return False

    def _finalize(self, generator: Any) -> None:
        if not self._closed:
            self.call_soon(self.create_task, generator.aclose())

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It stays in the queue of the world and does nothing when its time comes."""

    # --- tasks -----------------------------------------------------------------------------------

    def create_future(self) -> asyncio.Future[Any]:
        """A future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]
        self,
        coro: Coroutine[Any, Any, Any],
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> asyncio.Task[Any]:
        """A task of this loop; its default name counts within the process, so that it is the same
        in every run.

        Raises:
            RuntimeError: the process is gone, as of a loop of asyncio's that is closed.
        """
        if self._closed:
            coro.close()  # nobody will await it
            raise RuntimeError("Event loop is closed")
        self._named += 1
        name = name or f"Task-{self._named}"
        if self._factory is not None:
            task: asyncio.Task[Any] = self._factory(self, coro)
            task.set_name(name)
        else:
            task = asyncio.Task(coro, loop=self, name=name, context=context)
        self._tasks.append(weakref.ref(task))
        if self._named % _TASKS_BETWEEN_SWEEPS == 0:
            self._tasks = [each for each in self._tasks if not _over(each)]
        return task

    def set_task_factory(self, factory: Any) -> None:
        """As in every loop."""
        self._factory = factory

    def get_task_factory(self) -> Any:
        """As in every loop."""
        return self._factory

    # --- state -----------------------------------------------------------------------------------

    def is_running(self) -> bool:
        """True until the process is gone."""
        return not self._closed

    def is_closed(self) -> bool:
        """The process is gone."""
        return self._closed

    def get_debug(self) -> bool:
        """Never: asyncio's debug mode measures real time."""
        return False

    def set_debug(self, enabled: bool) -> None:
        """Ignored: asyncio's debug mode measures real time."""

    def close(self) -> None:
        """The process is gone. Nothing of it runs any more, also no `finally`."""
        self._closed = True

    def discard(self) -> None:
        """Free what a gone process left behind, in the order in which it was begun.

        Python runs the `finally` blocks of coroutines that are thrown away; whatever they do comes
        from a process that does not exist any more, so its consumer does not listen.
        """
        self.close()
        tasks, self._tasks = self._tasks, []
        for each in tasks:
            task = each()
            if task is None or task.done():
                continue
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            coroutine: Any = task.get_coro()
            try:
                coroutine.close()
            except (Exception, asyncio.CancelledError):
                continue  # it would not be thrown away quietly; nobody is there to be told

    async def shutdown_asyncgens(self) -> None:
        """Nothing to do: they end with their process."""

    async def shutdown_default_executor(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - asyncio's own signature
    ) -> None:
        """There is none."""

    # --- errors nobody awaited -------------------------------------------------------------------

    def set_exception_handler(self, handler: Callable[..., Any] | None) -> None:
        """As in every loop."""
        self._handler = handler

    def get_exception_handler(self) -> Callable[..., Any] | None:
        """As in every loop."""
        return self._handler

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Noted for the report; asyncio would have logged it."""
        error = context.get("exception")
        self._logged(f"{context['message']}{'' if error is None else f': {error!r}'}")

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """As in every loop."""
        if self._closed:
            return
        if self._handler is None:
            self.default_exception_handler(context)
        else:
            self._handler(self, context)


_INSTEAD = {
    "run_in_executor": "asyncio.to_thread and executors wait for real threads: call the function "
    "directly, or await asyncio.sleep for as long as it would take",
    "run_forever": "the simulation runs the loop",
    "run_until_complete": "the simulation runs the loop: await it",
    "stop": "the simulation runs the loop: await consumer.stop()",
}
_REAL = (
    *("run_in_executor", "set_default_executor", "run_forever", "run_until_complete", "stop"),
    *("getaddrinfo", "getnameinfo", "create_connection", "create_server", "start_tls"),
    *("create_unix_connection", "create_unix_server", "connect_accepted_socket", "sendfile"),
    *("create_datagram_endpoint", "connect_read_pipe", "connect_write_pipe"),
    *("subprocess_shell", "subprocess_exec", "add_reader", "remove_reader"),
    *("add_writer", "remove_writer", "sock_recv", "sock_recv_into", "sock_recvfrom"),
    *("sock_recvfrom_into", "sock_sendall", "sock_sendto", "sock_connect", "sock_accept"),
    *("sock_sendfile", "add_signal_handler", "remove_signal_handler"),
)


def _over(each: weakref.ref[asyncio.Task[Any]]) -> bool:
    task = each()
    return task is None or task.done()


def _whereabouts(handle: asyncio.Handle) -> str:
    """Where the task stands that is to be run."""
    task = getattr(getattr(handle, "_callback", None), "__self__", None)
    coroutine: Any = task.get_coro() if isinstance(task, asyncio.Task) else None
    where = ""
    while inspect.iscoroutine(coroutine):
        frame = coroutine.cr_frame
        if frame is not None and not frame.f_code.co_filename.startswith(_NOT_THE_USERS):
            where = f" in {frame.f_code.co_name}, line {frame.f_lineno}"
        coroutine = coroutine.cr_await
    return where


def _refused(name: str) -> VirtualLoopError:
    instead = _INSTEAD.get(name, "put something that sleeps in the place of what does real I/O")
    return VirtualLoopError(f"{name}: nothing real happens in virtual time; {instead}")


def _refuse(name: str) -> Callable[..., Any]:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise _refused(name)

    return refuse


for _name in _REAL:
    setattr(VirtualLoop, _name, _refuse(_name))
