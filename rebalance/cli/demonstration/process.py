"""One real AIOKafkaConsumer with its own tasks and sockets: it can be closed, or it can crash.

Rule kept: a crash is what kill -9 does. The sockets are cut, every task of the consumer is
cancelled, nothing is said to the broker: no LeaveGroup, no commit.
"""

import asyncio
import contextvars
import weakref
from collections.abc import Callable, Coroutine
from typing import Any, cast

_STOP_PATIENCE_S = 3

_tasks_of: contextvars.ContextVar["weakref.WeakSet[asyncio.Task[Any]] | None"] = (
    contextvars.ContextVar("tasks_of", default=None)
)


def track_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Have every task remembered by the process in whose context it was made."""

    def factory(
        loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **options: Any
    ) -> asyncio.Task[Any]:
        task = asyncio.Task(coroutine, loop=loop, **options)
        tasks = _tasks_of.get()
        if tasks is not None:
            tasks.add(task)
        return task

    loop.set_task_factory(cast(Any, factory))  # typeshed wants an exact signature


class ConsumerProcess:
    """A consumer that reads until it is closed or crashes.

    Args:
        make_consumer: gives an unstarted, subscribed AIOKafkaConsumer; called in the process.
        on_record: called with each record.
    """

    def __init__(self, make_consumer: Callable[[], Any], on_record: Callable[[Any], None]) -> None:
        self._make_consumer, self._on_record = make_consumer, on_record
        self._tasks: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()
        self._consumer: Any = None
        self._life: asyncio.Task[None] | None = None

    def start(self) -> "asyncio.Task[None]":
        """Begin; the task ends when the process does, with the error that ended it."""
        context = contextvars.copy_context()
        context.run(_tasks_of.set, self._tasks)
        self._life = asyncio.get_running_loop().create_task(self._live(), context=context)
        # The very first task is made before its context is entered.
        self._tasks.add(self._life)
        return self._life

    async def close(self) -> None:
        """Stop in good order: commit, leave the group."""
        if self._consumer is not None:
            await stop_consumer(self._consumer)
        if self._life is not None:
            await asyncio.gather(self._life, return_exceptions=True)

    async def crash(self) -> None:
        """Die at once."""
        self._cut_sockets()
        while pending := [task for task in self._tasks if not task.done()]:
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
            self._cut_sockets()
        if self._consumer is not None:
            # Nobody will close it; without this it complains when it is collected.
            self._consumer._closed = True

    async def _live(self) -> None:
        self._consumer = self._make_consumer()
        await self._consumer.start()
        async for record in self._consumer:
            self._on_record(record)

    def _cut_sockets(self) -> None:
        if self._consumer is None:
            return
        for connection in list(self._consumer._client._conns.values()):
            writer = connection._writer
            if writer is not None:
                writer.transport.abort()
            connection.close()


async def stop_consumer(consumer: Any) -> None:
    """`consumer.stop()`, which ends also where aiokafka 0.14 would wait for ever.

    Its fetcher swallows the cancellation by which `stop()` ends it while it is itself ending the
    fetches of a lost assignment; so it is cancelled once more.
    """
    stopping = asyncio.get_running_loop().create_task(consumer.stop())
    while not (await asyncio.wait({stopping}, timeout=_STOP_PATIENCE_S))[0]:
        consumer._fetcher._fetch_task.cancel()
    stopping.result()
