"""The event loop on virtual time: what asyncio offers works, what is real is refused."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import pytest

from rebalance.simulation.gate import Gate
from rebalance.simulation.world import World
from rebalance.testing.simulated.clock import ProcessClock
from rebalance.testing.simulated.loop import VirtualLoop, VirtualLoopError


class Run:
    """A loop on a world of its own."""

    def __init__(self) -> None:
        self.world = World()
        self.gate = Gate(self.world)
        self.clock = ProcessClock(self.gate)
        self.logged: list[str] = []
        self.loop = VirtualLoop(self.clock, self.logged.append)  # type: ignore[abstract]

    def until_done(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Its result, at whatever virtual time."""
        task = self.loop.create_task(work)
        self.world.run(10_000_000)
        return task.result()


async def test_hours_take_no_time_and_the_loop_around_stays() -> None:
    """Also inside a test that has a loop of its own."""
    run, around = Run(), asyncio.get_running_loop()

    async def work() -> tuple[float, bool]:
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time(), asyncio.get_running_loop() is run.loop

    assert run.until_done(work()) == (3600.0, True)
    assert asyncio.get_running_loop() is around


def test_tasks_timeouts_locks_and_queues_keep_virtual_time() -> None:
    async def work() -> list[Any]:
        loop, queue, lock = asyncio.get_running_loop(), asyncio.Queue[int](), asyncio.Lock()
        seen: list[Any] = []

        async def put() -> None:
            for number in range(3):
                await asyncio.sleep(0.1)
                async with lock:
                    await queue.put(number)

        async with asyncio.TaskGroup() as group:
            group.create_task(put())
            for _ in range(3):
                seen.append((await queue.get(), round(loop.time(), 3)))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.25):
                await asyncio.Event().wait()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.sleep(9), 0.05)
        seen += await asyncio.gather(asyncio.sleep(1, "a"), asyncio.sleep(0.5, "b"))
        seen.append(round(loop.time(), 3))
        return seen

    assert Run().until_done(work()) == [(0, 0.1), (1, 0.2), (2, 0.3), "a", "b", 1.6]


def test_fractions_of_a_millisecond_wait_for_the_next_one() -> None:
    async def work() -> float:
        await asyncio.sleep(0.0001)
        return asyncio.get_running_loop().time()

    assert Run().until_done(work()) == 0.001


def test_default_names_of_tasks_count_within_a_process() -> None:
    async def work() -> list[str]:
        tasks = [asyncio.create_task(asyncio.sleep(0)) for _ in range(2)]
        named = asyncio.create_task(asyncio.sleep(0), name="mine")
        await asyncio.gather(*tasks, named)
        return [task.get_name() for task in (*tasks, named)]

    for _ in range(2):
        assert Run().until_done(work()) == ["Task-2", "Task-3", "mine"]


REAL: dict[str, Callable[[], Awaitable[Any]]] = {
    "run_in_executor": lambda: asyncio.to_thread(print),
    "create_connection": lambda: asyncio.open_connection("127.0.0.1", 9),
    "create_server": lambda: asyncio.start_server(lambda r, w: None, "127.0.0.1", 0),
    "subprocess_exec": lambda: asyncio.create_subprocess_exec("true"),
    "getaddrinfo": lambda: asyncio.get_running_loop().getaddrinfo("localhost", 9),
}


@pytest.mark.parametrize("name", REAL)
def test_what_is_real_is_refused_with_what_to_do_instead(name: str) -> None:
    async def work() -> None:
        await REAL[name]()

    with pytest.raises(VirtualLoopError, match=f"{name}: nothing real happens in virtual time"):
        Run().until_done(work())


def test_no_method_of_a_loop_is_left_to_say_nothing() -> None:
    """What AbstractEventLoop has is implemented or refused: never a bare NotImplementedError."""
    methods = {
        name
        for name, value in vars(asyncio.AbstractEventLoop).items()
        if callable(value) and not name.startswith("_")
    }
    assert methods <= set(vars(VirtualLoop))


def test_other_threads_are_refused() -> None:
    run, errors = Run(), list[BaseException]()

    def call() -> None:
        try:
            run.loop.call_soon_threadsafe(print)
        except VirtualLoopError as error:
            errors.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert "from another thread" in str(errors[0])


def test_code_that_never_waits_is_told() -> None:
    async def work() -> None:
        while True:  # noqa: ASYNC110 - that is the mistake
            await asyncio.sleep(0)

    with pytest.raises(VirtualLoopError, match="time does not go on: something loops"):
        Run().until_done(work())


def test_error_of_a_task_nobody_awaits_is_logged() -> None:
    async def fails() -> None:
        raise ValueError("nobody looks")

    async def work() -> None:
        asyncio.get_running_loop().create_task(fails())
        await asyncio.sleep(1)

    run = Run()
    run.until_done(work())
    assert run.logged == ["Task exception was never retrieved: ValueError('nobody looks')"]


def test_exception_handler_of_the_user_is_asked() -> None:
    seen: list[str] = []

    async def work() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: seen.append(context["message"]))
        loop.call_soon(lambda: 1 // 0)
        await asyncio.sleep(1)

    run = Run()
    run.until_done(work())
    assert run.logged == []
    assert "division" not in seen[0]
    assert seen[0].startswith("Exception in callback")


def test_paused_process_goes_on_where_it_was_and_a_busy_one_later() -> None:
    run, woken = Run(), list[int]()

    async def work() -> None:
        for _ in range(3):
            await asyncio.sleep(1)
            woken.append(run.world.now)

    task = run.loop.create_task(work())
    run.world.run(500)
    run.gate.pause()
    run.world.run(5000)
    assert woken == []
    run.gate.open()
    run.gate.catch_up()
    run.world.run(5500)
    run.clock.occupy(2000)
    run.world.run(100_000)
    assert woken == [5000, 7500, 8500]
    assert task.done()


def test_gone_process_runs_nothing_and_is_thrown_away_quietly() -> None:
    run, ran = Run(), list[str]()

    async def work() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            ran.append("finally")
            await asyncio.sleep(1)
            ran.append("never")

    task = run.loop.create_task(work())
    run.world.run(0)
    never_begun = run.loop.create_task(work())
    run.gate.end()
    run.loop.discard()
    run.world.run(100_000)
    assert ran == ["finally"]
    assert not task.done()
    assert not never_begun.done()
    assert run.loop.is_closed()
    assert not run.loop.is_running()


def test_gone_process_takes_no_task_and_says_so_as_asyncio_does() -> None:
    run = Run()
    run.loop.close()

    async def work() -> None:
        raise AssertionError("nobody runs it")

    never = work()
    with pytest.raises(RuntimeError, match="Event loop is closed"):
        run.loop.create_task(never)
    with pytest.raises(RuntimeError, match="cannot reuse"):
        never.send(None)


def test_asynchronous_generators_are_closed_on_the_loop() -> None:
    run, closed = Run(), list[bool]()

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(1)
            closed.append(asyncio.get_running_loop() is run.loop)

    async def work() -> None:
        async for _ in numbers():
            break
        await asyncio.sleep(5)

    run.until_done(work())
    assert closed == [True]
